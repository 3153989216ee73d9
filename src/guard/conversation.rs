//! A conversation under a safety config.

use super::ChatModel;
use super::prompt::{self, Prompt};
use crate::backend::Backend;
use crate::error::{Error, Result};
use crate::generate::{
    Clock, Context, FinishReason, GenerateOptions, Generation, Output, ReasoningSplitter, Request,
    Stats,
};
use crate::model::Transformer;
use crate::safety::{ConfigReading, Frame, RuleReading, SafetyConfig};

/// A user's message and what came back.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// The user's text.
    pub user: String,
    /// The model's answer.
    pub answer: Answer,
}

/// An answer with all that is needed to judge and to reproduce it.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The text; empty where the run ended before one began.
    pub content: String,
    /// What the model wrote between `<think>` tags before it.
    pub reasoning: Option<String>,
    /// How it read the rules of the config, where it says so.
    pub rules: Vec<RuleReading>,
    /// The config in force.
    pub safety_config: Option<SafetyConfig>,
    /// SHA-256 of the model file.
    pub model_sha256: String,
    /// Sampling options, with the seed.
    pub options: GenerateOptions,
    /// Why it ended.
    pub finish_reason: FinishReason,
    /// What it took.
    pub stats: Stats,
}

/// Turns, the config they run under, and the KV cache they share.
///
/// The config is in every prompt, as its text or, in the frame `Read`, as what was read in it.
/// When the context is full the oldest exchanges are left
/// out of the prompt; the transcript keeps them.
pub struct Conversation<B: Backend> {
    safety_config: Option<SafetyConfig>,
    exchanges: Vec<Exchange>,
    /// Exchanges before this one do not fit any more.
    first_kept: usize,
    context: Option<Context<B>>,
    /// The message that is being answered.
    pending: Option<String>,
}

impl<B: Backend> Conversation<B> {
    /// An empty conversation.
    ///
    /// # Errors
    /// `Unauthorized` where the authority does not accept the config; `ConfigTooLong`.
    pub fn new(model: &ChatModel<B>, config: Option<SafetyConfig>) -> Result<Self> {
        check_config(model, config.as_ref())?;
        Ok(Self {
            safety_config: config,
            exchanges: Vec::new(),
            first_kept: 0,
            context: None,
            pending: None,
        })
    }

    /// The config that the next answer will run under.
    #[must_use]
    pub fn safety_config(&self) -> Option<&SafetyConfig> {
        self.safety_config.as_ref()
    }

    /// How the model reads the config in force, where it is shown its own reading;
    /// `rationale` says which of them decide.
    ///
    /// # Errors
    /// As [`ConfigReader::read`](super::ConfigReader::read), which has read them before.
    pub fn read(&self, model: &ChatModel<B>, rationale: &str) -> Result<ConfigReading> {
        let config = self.safety_config.as_ref();
        let Some(config) = config.filter(|_| model.frame == Frame::Read) else {
            return Ok(ConfigReading::default());
        };
        let readings = model.reader.read(model, config.text())?;
        Ok(ConfigReading::new(config.text(), &readings, rationale))
    }

    /// All exchanges, oldest first, those outside the context included.
    #[must_use]
    pub fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }

    /// Switches the config; the turns stay. The next prompt is prefilled from the first
    /// token that differs.
    ///
    /// # Errors
    /// As [`Conversation::new`], and `WrongState` while an answer is generated. The old
    /// config stays in force then.
    pub fn set_safety_config(
        &mut self,
        model: &ChatModel<B>,
        config: Option<SafetyConfig>,
    ) -> Result<()> {
        self.require_idle()?;
        check_config(model, config.as_ref())?;
        self.safety_config = config;
        self.first_kept = 0;
        Ok(())
    }

    /// Begins an answer to `text`. End it with [`Conversation::finish`] or
    /// [`Conversation::discard`].
    ///
    /// # Errors
    /// `WrongState` while another is generated, `MessageTooLong`, `InvalidOption`, and the
    /// template's and tokenizer's. Nothing is recorded then.
    pub fn begin(
        &mut self,
        model: &ChatModel<B>,
        text: &str,
        options: GenerateOptions,
        clock: Clock<'_>,
    ) -> Result<Generation<B>> {
        self.require_idle()?;
        model.authority.admit(self.safety_config.as_ref())?;
        options.validate()?;
        if text.trim().is_empty() {
            return Err(Error::InvalidOption {
                name: "text".to_owned(),
                detail: "the message is empty".to_owned(),
            });
        }
        let (prompt, first_kept) = self.fit(model, text, options.max_tokens)?;
        let context = self.context.take();
        let context = context.unwrap_or_else(|| Context::new(&model.transformer));
        let request = Request {
            prompt: prompt.ids,
            options,
            splitter: Some(ReasoningSplitter::new(prompt.opens_reasoning)),
            dropped_turns: first_kept,
        };
        let generation = Generation::new(context, request, &model.transformer, clock)?;
        self.first_kept = first_kept;
        self.pending = Some(text.to_owned());
        Ok(generation)
    }

    /// Records the answer that [`Conversation::begin`] began, whole or partial.
    pub fn finish(&mut self, model: &ChatModel<B>, output: Output<B>) {
        self.context = Some(output.context);
        let Some(user) = self.pending.take() else {
            return;
        };
        let reasoning = Some(output.reasoning).filter(|text| !text.is_empty());
        let rationale = reasoning.as_deref().unwrap_or_default();
        let rules = self.read(model, rationale).unwrap_or_default().rules;
        self.exchanges.push(Exchange {
            user,
            answer: Answer {
                content: output.answer,
                reasoning,
                rules,
                safety_config: self.safety_config.clone(),
                model_sha256: model.info.sha256.clone(),
                options: output.options,
                finish_reason: output.finish_reason,
                stats: output.stats,
            },
        });
    }

    /// Forgets the message that is being answered, after an error.
    pub fn discard(&mut self) {
        self.pending = None;
        self.first_kept = 0;
    }

    /// Removes the last exchange and returns the user's text.
    ///
    /// # Errors
    /// `WrongState` while an answer is generated.
    pub fn retract(&mut self) -> Result<Option<String>> {
        self.require_idle()?;
        let last = self.exchanges.pop();
        self.first_kept = 0; // what it pushed out may fit again
        Ok(last.map(|exchange| exchange.user))
    }

    /// The tokens in the KV cache: what the model has seen. Empty while an answer is
    /// generated, whose run owns them.
    #[must_use]
    pub fn context_ids(&self) -> &[u32] {
        self.context.as_ref().map_or(&[], Context::ids)
    }

    /// Bytes of the KV cache; 0 while an answer is generated, whose run owns it.
    #[must_use]
    pub fn bytes(&self, model: &Transformer<B>) -> usize {
        (self.context.as_ref()).map_or(0, |context| context.bytes(model))
    }

    /// The prompt with as many exchanges as fit and the model knows to answer behind, and the
    /// index of the first of them.
    fn fit(&self, model: &ChatModel<B>, text: &str, max_tokens: usize) -> Result<(Prompt, usize)> {
        let config = self.safety_config.as_ref();
        let available = model.context_length() - model.reserve(max_tokens);
        // First alone: a huge message must not be tokenized once for each exchange.
        let alone = prompt::build(model, config, &[], text)?;
        if alone.ids.len() > available {
            return Err(Error::MessageTooLong {
                needed: alone.ids.len(),
                available,
            });
        }
        let most = model.exchanges.unwrap_or(usize::MAX);
        let known = self.exchanges.len().saturating_sub(most);
        for first in self.first_kept.max(known)..self.exchanges.len() {
            let prompt = prompt::build(model, config, &self.exchanges[first..], text)?;
            if prompt.ids.len() <= available {
                return Ok((prompt, first));
            }
        }
        Ok((alone, self.exchanges.len()))
    }

    fn require_idle(&self) -> Result<()> {
        match self.pending {
            None => Ok(()),
            Some(_) => Err(Error::WrongState {
                detail: "an answer is being generated; wait for its end or abort it".to_owned(),
            }),
        }
    }
}

/// The config must be authorized and leave room for a question and an answer.
fn check_config<B: Backend>(model: &ChatModel<B>, config: Option<&SafetyConfig>) -> Result<()> {
    model.authority.admit(config)?;
    let Some(config) = config else {
        return Ok(());
    };
    let needed = prompt::build(model, Some(config), &[], "")?.ids.len();
    let available = model.context_length() - model.reserve(usize::MAX);
    if needed >= available {
        return Err(Error::ConfigTooLong { needed, available });
    }
    Ok(())
}
