//! A loaded model with all that a chat needs beside its weights.

use super::{Authority, ConfigReader, prompt};
use crate::backend::Backend;
use crate::error::{Error, Result};
use crate::generate::{GenerateOptions, ReasoningSplitter, Request};
use crate::model::Transformer;
use crate::quant::Dtype;
use crate::safety::{Frame, KnownTopic};
use crate::text::{ChatTemplate, Message, Tokenizer};

/// The metadata key in which a model file tells [`ChatModel::exchanges`].
pub const EXCHANGES_KEY: &str = "cosa.exchanges";

/// What every conversation of a session shares.
pub struct ChatModel<B: Backend> {
    /// Ids in, logits out.
    pub transformer: Transformer<B>,
    /// Text to ids and back.
    pub tokenizer: Tokenizer,
    /// Messages to text.
    pub template: ChatTemplate,
    /// How this model was trained to see a config.
    pub frame: Frame,
    /// Exchanges before a message that it learned to answer behind, where its file tells: it is
    /// shown the last ones alone.
    pub exchanges: Option<usize>,
    /// What it read in configs, where it is shown that.
    pub reader: ConfigReader,
    /// Who may set a config.
    pub authority: Authority,
    /// What its file says about it.
    pub info: ModelInfo,
}

/// Facts for people and transcripts.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelInfo {
    /// `general.name`.
    pub name: Option<String>,
    /// `general.license`.
    pub license: Option<String>,
    /// Number of weights.
    pub parameters: u64,
    /// What it learned to read rules on, where its file tells ([`KnownTopic::KEY`]).
    pub topics: Vec<KnownTopic>,
    /// The type that holds most bytes.
    pub quantization: Dtype,
    /// SHA-256 of the model file, of all shards one after another.
    pub sha256: String,
}

impl<B: Backend> ChatModel<B> {
    /// Tokens that a prompt and its answer may take together.
    #[must_use]
    pub fn context_length(&self) -> usize {
        self.transformer.config.context_length
    }

    /// The request for an answer to turns that stand as they are, a config among them, which is
    /// read where the frame says so, or not: for evaluation. Nothing is left out to make them fit.
    ///
    /// # Errors
    /// `Unauthorized` under an authority, which admits conversations only; `MessageTooLong`;
    /// the template's and the tokenizer's.
    pub fn request(&self, turns: &[Message], options: GenerateOptions) -> Result<Request> {
        self.authority.admit_completion()?;
        let prompt = prompt::render(self, turns)?;
        let available = self.context_length() - self.reserve(options.max_tokens);
        if prompt.ids.len() > available {
            return Err(Error::MessageTooLong {
                needed: prompt.ids.len(),
                available,
            });
        }
        Ok(Request {
            prompt: prompt.ids,
            options,
            splitter: Some(ReasoningSplitter::new(prompt.opens_reasoning)),
            dropped_turns: 0,
        })
    }

    /// Tokens of context that a prompt must leave for an answer of up to `max_tokens`.
    #[must_use]
    pub fn reserve(&self, max_tokens: usize) -> usize {
        max_tokens.min(256).min(self.context_length() / 4)
    }
}
