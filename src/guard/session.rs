//! One model, its conversations, and the one run that may be under way.

use std::collections::BTreeMap;

use super::{ChatModel, Conversation};
use crate::backend::Backend;
use crate::error::{Error, Result};
use crate::generate::{Clock, Context, GenerateOptions, Generation, Request, Step};
use crate::safety::SafetyConfig;
use crate::text::Message;

struct Run<B: Backend> {
    purpose: Purpose,
    generation: Generation<B>,
}

/// What becomes of a run's output.
#[derive(Clone, Copy)]
enum Purpose {
    /// Recorded in that conversation.
    Chat(u32),
    /// Nothing but its context is kept.
    Response,
    /// Nothing is kept.
    Completion,
}

/// What the edges (browser, command line) drive, step by step.
pub struct Session<B: Backend> {
    model: ChatModel<B>,
    chats: BTreeMap<u32, Conversation<B>>,
    next_chat: u32,
    run: Option<Run<B>>,
    /// What [`Session::respond`] ran last: the next prompt often begins alike.
    spare: Option<Context<B>>,
}

impl<B: Backend> Session<B> {
    /// A session without conversations.
    #[must_use]
    pub fn new(model: ChatModel<B>) -> Self {
        Self {
            model,
            chats: BTreeMap::new(),
            next_chat: 1,
            run: None,
            spare: None,
        }
    }

    /// The model of all conversations.
    #[must_use]
    pub fn model(&self) -> &ChatModel<B> {
        &self.model
    }

    /// Opens a conversation and returns its number.
    ///
    /// # Errors
    /// As [`Conversation::new`].
    pub fn create_chat(&mut self, config: Option<SafetyConfig>) -> Result<u32> {
        let conversation = Conversation::new(&self.model, config)?;
        let chat = self.next_chat;
        self.next_chat += 1;
        self.chats.insert(chat, conversation);
        Ok(chat)
    }

    /// Closes a conversation; what runs in it ends.
    pub fn close_chat(&mut self, chat: u32) {
        if self
            .run
            .as_ref()
            .is_some_and(|run| matches!(run.purpose, Purpose::Chat(own) if own == chat))
        {
            self.run = None;
        }
        self.chats.remove(&chat);
    }

    /// A conversation.
    ///
    /// # Errors
    /// `WrongState` where it is closed.
    pub fn chat(&self, chat: u32) -> Result<&Conversation<B>> {
        self.chats.get(&chat).ok_or_else(|| closed(chat))
    }

    /// Switches a conversation's config.
    ///
    /// # Errors
    /// As [`Conversation::set_safety_config`].
    pub fn set_safety_config(&mut self, chat: u32, config: Option<SafetyConfig>) -> Result<()> {
        let conversation = self.chats.get_mut(&chat).ok_or_else(|| closed(chat))?;
        conversation.set_safety_config(&self.model, config)
    }

    /// Removes a conversation's last exchange and returns the user's text.
    ///
    /// # Errors
    /// As [`Conversation::retract`].
    pub fn retract(&mut self, chat: u32) -> Result<Option<String>> {
        let conversation = self.chats.get_mut(&chat).ok_or_else(|| closed(chat))?;
        conversation.retract()
    }

    /// Begins an answer in a conversation.
    ///
    /// # Errors
    /// `WrongState` while anything runs; else as [`Conversation::begin`].
    pub fn send(
        &mut self,
        chat: u32,
        text: &str,
        options: GenerateOptions,
        clock: Clock<'_>,
    ) -> Result<()> {
        self.require_idle()?;
        let conversation = self.chats.get_mut(&chat).ok_or_else(|| closed(chat))?;
        let generation = conversation.begin(&self.model, text, options, clock)?;
        self.start(Purpose::Chat(chat), generation);
        Ok(())
    }

    /// Begins a plain continuation of `text`: no chat frame, no config, no record.
    ///
    /// # Errors
    /// `WrongState` while anything runs, `Unauthorized` under an authority,
    /// `MessageTooLong`, `InvalidOption`.
    pub fn complete(
        &mut self,
        text: &str,
        options: GenerateOptions,
        clock: Clock<'_>,
    ) -> Result<()> {
        self.require_idle()?;
        self.model.authority.admit_completion()?;
        let request = Request {
            prompt: self.model.tokenizer.encode_document(text)?,
            options,
            splitter: None,
            dropped_turns: 0,
        };
        let transformer = &self.model.transformer;
        let generation = Generation::new(Context::new(transformer), request, transformer, clock)?;
        self.start(Purpose::Completion, generation);
        Ok(())
    }

    /// Begins an answer to turns that stand as they are, a config among them or not. Nothing
    /// is recorded; what the prompt shares with the last one is not prefilled again.
    ///
    /// # Errors
    /// `WrongState` while anything runs, `Unauthorized` under an authority,
    /// `MessageTooLong`, `InvalidOption`, and the template's.
    pub fn respond(
        &mut self,
        turns: &[Message],
        options: GenerateOptions,
        clock: Clock<'_>,
    ) -> Result<()> {
        self.require_idle()?;
        let request = self.model.request(turns, options)?;
        let transformer = &self.model.transformer;
        let spare = self.spare.take();
        let context = spare.unwrap_or_else(|| Context::new(transformer));
        let generation = Generation::new(context, request, transformer, clock)?;
        self.start(Purpose::Response, generation);
        Ok(())
    }

    /// One piece of the work under way.
    ///
    /// # Errors
    /// `WrongState` where nothing runs. After any other error the run is over, its message
    /// is not recorded, and the session is usable.
    pub fn step(&mut self, clock: Clock<'_>) -> Result<Step> {
        let Some(run) = &mut self.run else {
            return Err(Error::WrongState {
                detail: "nothing is being generated; send a message first".to_owned(),
            });
        };
        let model = &self.model;
        let step = run
            .generation
            .step(&model.transformer, &model.tokenizer, clock);
        match &step {
            Ok(Step::Done { .. }) => self.settle(),
            Ok(_) => {}
            Err(_) => self.fail(),
        }
        step
    }

    /// Ends what runs, if anything does: the steps left are held-back text and `Done`,
    /// with which a partial answer is recorded.
    pub fn abort(&mut self) {
        if let Some(run) = &mut self.run {
            run.generation.abort();
        }
    }

    /// Whether a run is under way.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.run.is_some()
    }

    /// Bytes of all KV caches.
    #[must_use]
    pub fn cache_bytes(&self) -> usize {
        let model = &self.model.transformer;
        let idle: usize = self.chats.values().map(|chat| chat.bytes(model)).sum();
        let spare = (self.spare.as_ref()).map_or(0, |context| context.bytes(model));
        idle + spare + (self.run.as_ref()).map_or(0, |run| run.generation.bytes(model))
    }

    fn start(&mut self, purpose: Purpose, generation: Generation<B>) {
        self.run = Some(Run {
            purpose,
            generation,
        });
    }

    /// Records the run in its conversation.
    fn settle(&mut self) {
        let Some(run) = self.run.take() else {
            return;
        };
        let output = run.generation.into_output();
        match run.purpose {
            Purpose::Completion => {}
            Purpose::Response => self.spare = Some(output.context),
            Purpose::Chat(chat) => {
                if let Some(conversation) = self.chats.get_mut(&chat) {
                    conversation.finish(&self.model, output);
                }
            }
        }
    }

    fn fail(&mut self) {
        if let Some(Purpose::Chat(chat)) = self.run.take().map(|run| run.purpose)
            && let Some(conversation) = self.chats.get_mut(&chat)
        {
            conversation.discard();
        }
    }

    fn require_idle(&self) -> Result<()> {
        match self.run {
            None => Ok(()),
            Some(_) => Err(Error::WrongState {
                detail: "the model is busy with another answer; wait for its end or abort it"
                    .to_owned(),
            }),
        }
    }
}

fn closed(chat: u32) -> Error {
    Error::WrongState {
        detail: format!("chat {chat} is closed"),
    }
}
