//! One answer in the making: prefill in chunks, then token by token.

use std::collections::VecDeque;

use super::text_stream::TextStream;
use super::{
    Channel, Context, FinishReason, GenerateOptions, ReasoningSplitter, Sampler, Stats, Step,
};
use crate::backend::Backend;
use crate::error::{Error, Result};
use crate::model::Transformer;
use crate::text::Tokenizer;

/// Milliseconds from any fixed moment on.
pub type Clock<'a> = &'a dyn Fn() -> f64;

/// Prompt tokens in one step. Enough to read the weights seldom, few enough that an
/// abort between two steps is felt at once.
pub const PREFILL_CHUNK: usize = 64;

/// What to generate from.
pub struct Request {
    /// Token ids of the whole prompt; not empty, shorter than the context.
    pub prompt: Vec<u32>,
    /// How to draw and when to stop.
    pub options: GenerateOptions,
    /// Splits off reasoning; `None` leaves tags in the answer.
    pub splitter: Option<ReasoningSplitter>,
    /// For the stats: what the caller left out of the prompt.
    pub dropped_turns: usize,
}

/// What a generation leaves behind.
pub struct Output<B: Backend> {
    /// The cache with all that went through the model, for the next prompt.
    pub context: Context<B>,
    /// The text of the answer.
    pub answer: String,
    /// The text between `<think>` tags; may be empty.
    pub reasoning: String,
    /// The options it ran with.
    pub options: GenerateOptions,
    /// Why it ended; `Abort` where it had not.
    pub finish_reason: FinishReason,
    /// What it took.
    pub stats: Stats,
}

/// The state of one run. Each [`Generation::step`] is one prefill chunk or one decode step.
pub struct Generation<B: Backend> {
    pub(super) context: Context<B>,
    prompt: Vec<u32>,
    options: GenerateOptions,
    sampler: Sampler,
    text: TextStream,
    /// Steps that are ready: one token can end reasoning and begin the answer.
    pub(super) ready: VecDeque<Step>,
    /// Logits behind the last token of the context, once the prompt is through.
    pub(super) logits: Vec<f32>,
    /// Drawn, but not yet in the context.
    pub(super) drawn: Option<u32>,
    started_ms: f64,
    stats: Stats,
    pub(super) finished: Option<FinishReason>,
}

impl<B: Backend> Generation<B> {
    /// Begins a run on `context`, reusing what it shares with the prompt.
    ///
    /// # Errors
    /// `InvalidOption` for options out of their limits or an empty prompt,
    /// `MessageTooLong` where the prompt does not fit the context.
    pub fn new(
        mut context: Context<B>,
        request: Request,
        model: &Transformer<B>,
        clock: Clock<'_>,
    ) -> Result<Self> {
        let started_ms = clock();
        request.options.validate()?;
        check_prompt(&request.prompt, model.config.context_length)?;
        let cached_tokens = context.keep_prefix_of(&request.prompt);
        Ok(Self {
            context,
            sampler: Sampler::new(&request.options),
            text: TextStream::new(request.splitter, &request.options.stop),
            ready: VecDeque::new(),
            logits: Vec::new(),
            drawn: None,
            started_ms,
            stats: Stats {
                prompt_tokens: request.prompt.len(),
                cached_tokens,
                dropped_turns: request.dropped_turns,
                context_length: model.config.context_length,
                ..Stats::default()
            },
            finished: None,
            prompt: request.prompt,
            options: request.options,
        })
    }

    /// The next piece of work. After `Done` it gives `Done` again.
    ///
    /// # Errors
    /// The model's and `NonFinite`; the run cannot go on then.
    pub fn step(
        &mut self,
        model: &Transformer<B>,
        tokenizer: &Tokenizer,
        clock: Clock<'_>,
    ) -> Result<Step> {
        if self.ready.is_empty() && self.finished.is_none() {
            let begin = clock();
            if self.prefills() {
                self.prefill(model)?;
                self.stats.prefill_ms += clock() - begin;
            } else {
                if let Some(id) = self.drawn.take() {
                    self.context.append(model, &[id], Some(&mut self.logits))?;
                }
                self.draw(tokenizer)?;
                self.count_decode(begin, clock());
            }
        }
        Ok(self.ready.pop_front().unwrap_or_else(|| self.done()))
    }

    /// Ends the run; text that was held back is still yielded before `Done`.
    pub fn abort(&mut self) {
        if self.finished.is_none() {
            self.finish(FinishReason::Abort);
        }
    }

    /// Bytes of the KV cache.
    #[must_use]
    pub fn bytes(&self, model: &Transformer<B>) -> usize {
        self.context.bytes(model)
    }

    /// Takes the run apart; one that had not ended is aborted.
    #[must_use]
    pub fn into_output(mut self) -> Output<B> {
        self.abort();
        Output {
            stats: self.final_stats(),
            context: self.context,
            answer: self.text.answer,
            reasoning: self.text.reasoning,
            options: self.options,
            finish_reason: self.finished.unwrap_or(FinishReason::Abort),
        }
    }

    fn prefill(&mut self, model: &Transformer<B>) -> Result<()> {
        let begin = self.context.ids().len();
        let total = self.prompt.len();
        let done = total.min(begin + PREFILL_CHUNK);
        let chunk = &self.prompt[begin..done];
        let logits = (done == total).then_some(&mut self.logits);
        self.context.append(model, chunk, logits)?;
        self.ready.push_back(Step::Prefill {
            done,
            total,
            cached: self.stats.cached_tokens,
        });
        Ok(())
    }

    /// Whether a part of the prompt has yet to go through the model.
    pub(super) fn prefills(&self) -> bool {
        self.context.ids().len() < self.prompt.len()
    }

    /// Draws the next token from the logits.
    pub(super) fn draw(&mut self, tokenizer: &Tokenizer) -> Result<()> {
        let id = self.sampler.sample(&mut self.logits, self.context.ids())?;
        self.stats.decoded_tokens += 1;
        if tokenizer.stop_tokens().contains(&id) && !self.options.ignore_eos {
            self.finish(FinishReason::Stop);
            return Ok(());
        }
        let parts = self.text.push(tokenizer, id);
        self.yield_text(parts);
        if self.text.stopped() {
            self.finish(FinishReason::Stop);
        } else if self.stats.decoded_tokens >= self.options.max_tokens {
            self.finish(FinishReason::Length);
        } else if self.context.ids().len() >= self.stats.context_length {
            self.finish(FinishReason::Context);
        } else {
            self.drawn = Some(id);
            if self.ready.is_empty() {
                // A step that gave no whole character is still a step.
                self.yield_text(vec![(Channel::Answer, String::new())]);
            }
        }
        Ok(())
    }

    pub(super) fn count_decode(&mut self, begin: f64, end: f64) {
        self.stats.decode_ms += end - begin;
        if self.stats.decoded_tokens == 1 {
            self.stats.time_to_first_token_ms = end - self.started_ms;
        }
    }

    fn finish(&mut self, reason: FinishReason) {
        let parts = self.text.finish();
        self.yield_text(parts);
        self.finished = Some(reason);
    }

    fn yield_text(&mut self, parts: Vec<(Channel, String)>) {
        let steps = parts.into_iter();
        self.ready
            .extend(steps.map(|(channel, text)| Step::Text { channel, text }));
    }

    fn done(&self) -> Step {
        Step::Done {
            finish_reason: self.finished.unwrap_or(FinishReason::Abort),
            stats: self.final_stats(),
        }
    }

    fn final_stats(&self) -> Stats {
        Stats {
            tokens_in_context: self.context.ids().len(),
            ..self.stats
        }
    }
}

fn check_prompt(prompt: &[u32], context_length: usize) -> Result<()> {
    if prompt.is_empty() {
        return Err(Error::InvalidOption {
            name: "text".to_owned(),
            detail: "is empty; there is nothing to continue".to_owned(),
        });
    }
    if prompt.len() > context_length {
        return Err(Error::MessageTooLong {
            needed: prompt.len(),
            available: context_length,
        });
    }
    Ok(())
}
