//! A KV cache that knows which tokens it holds.

use super::PREFILL_CHUNK;
use crate::backend::Backend;
use crate::error::Result;
use crate::model::{KvCache, Sequence, Transformer};

/// The keys and values of a token sequence, reusable for any prompt with the same beginning.
pub struct Context<B: Backend> {
    cache: KvCache<B>,
    ids: Vec<u32>,
}

impl<B: Backend> Context<B> {
    /// An empty context for `model`.
    #[must_use]
    pub fn new(model: &Transformer<B>) -> Self {
        Self {
            cache: model.new_cache(),
            ids: Vec::new(),
        }
    }

    /// The tokens in the cache, oldest first.
    #[must_use]
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Bytes of the cache.
    #[must_use]
    pub fn bytes(&self, model: &Transformer<B>) -> usize {
        self.cache.bytes(model.backend())
    }

    /// Forgets everything behind the longest common prefix with `prompt`, and always the
    /// prompt's last token, because its logits are needed. Returns how many tokens stay.
    pub fn keep_prefix_of(&mut self, prompt: &[u32]) -> usize {
        let kept = self.shared_with(prompt).min(prompt.len().saturating_sub(1));
        self.truncate(kept);
        kept
    }

    /// Runs `tokens` through the model behind what is there, and puts the logits of the
    /// last one where `logits` says, if anywhere.
    ///
    /// # Errors
    /// The model's; the context is empty then, since a half-written cache is of no use.
    pub fn append(
        &mut self,
        model: &Transformer<B>,
        tokens: &[u32],
        logits: Option<&mut Vec<f32>>,
    ) -> Result<()> {
        let sequence = Sequence {
            tokens,
            cache: &mut self.cache,
            logits: usize::from(logits.is_some()),
        };
        let result = model.forward(&mut [sequence], logits.unwrap_or(&mut Vec::new()));
        match &result {
            Ok(_) => self.ids.extend_from_slice(tokens),
            Err(_) => self.truncate(0),
        }
        result
    }

    /// As [`Context::append`], a chunk of [`PREFILL_CHUNK`] tokens at a time; there is a token at least.
    ///
    /// # Errors
    /// As [`Context::append`].
    pub fn prefill(
        &mut self,
        model: &Transformer<B>,
        tokens: &[u32],
        logits: Option<&mut Vec<f32>>,
    ) -> Result<()> {
        let before = tokens.len().saturating_sub(1) / PREFILL_CHUNK * PREFILL_CHUNK;
        for chunk in tokens[..before].chunks(PREFILL_CHUNK) {
            self.append(model, chunk, None)?;
        }
        self.append(model, &tokens[before..], logits)
    }

    /// A second context with the same past. Either may go on without the other noticing.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self {
            cache: self.cache.fork(),
            ids: self.ids.clone(),
        }
    }

    /// The longest beginning that the tokens held and `prompt` share, in tokens.
    #[must_use]
    pub fn shared_with(&self, prompt: &[u32]) -> usize {
        shared(&self.ids, prompt)
    }

    /// Runs one token of each context through the model in one pass over the weights;
    /// `logits` holds a vector for each afterwards, in order.
    ///
    /// # Errors
    /// The model's; all these contexts are empty then.
    pub fn append_together(
        contexts: &mut [(&mut Self, u32)],
        model: &Transformer<B>,
        logits: &mut Vec<f32>,
    ) -> Result<()> {
        let mut batch: Vec<_> = contexts
            .iter_mut()
            .map(|(context, id)| Sequence {
                tokens: std::slice::from_ref(id),
                cache: &mut context.cache,
                logits: 1,
            })
            .collect();
        let result = model.forward(&mut batch, logits);
        for (context, id) in contexts {
            match &result {
                Ok(()) => context.ids.push(*id),
                Err(_) => context.truncate(0),
            }
        }
        result
    }

    fn truncate(&mut self, len: usize) {
        self.ids.truncate(len);
        self.cache.truncate(len);
    }
}

/// The length of the longest beginning that two token sequences share.
pub(super) fn shared(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
