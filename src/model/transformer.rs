//! The forward pass: the one long function, the same for every family and backend.

use std::ops::Range;

use super::weights::{Block, Weights};
use super::{KvCache, ModelConfig};
use crate::backend::Backend;
use crate::error::{Error, Result};

/// A model ready to run.
#[derive(Debug)]
pub struct Transformer<B: Backend> {
    /// Its shape.
    pub config: ModelConfig,
    pub(super) backend: B,
    pub(super) weights: Weights<B>,
    pub(super) weight_bytes: usize,
}

/// One sequence's part in a batch.
#[derive(Debug)]
pub struct Sequence<'a, B: Backend> {
    /// New tokens, appended to what the cache holds.
    pub tokens: &'a [u32],
    /// The sequence's past.
    pub cache: &'a mut KvCache<B>,
    /// Whether the logits after the last token are wanted.
    pub logits: bool,
}

impl<B: Backend> Transformer<B> {
    /// An empty cache for a new sequence.
    #[must_use]
    pub fn new_cache(&self) -> KvCache<B> {
        KvCache::new(self.config.kv_heads, self.config.block_count)
    }

    /// Where the arithmetic runs.
    #[must_use]
    pub fn backend(&self) -> &B {
        &self.backend
    }

    /// Bytes that the packed weights hold.
    #[must_use]
    pub fn weight_bytes(&self) -> usize {
        self.weight_bytes
    }

    /// Runs the new tokens of every sequence in one pass over the weights.
    ///
    /// Returns `vocab_size` logits for each sequence that asks for them, in order. A
    /// sequence gets the same bits whatever else is in the batch and however its tokens
    /// are cut into calls. On an error no cache has changed.
    ///
    /// # Errors
    /// `InvalidOption` for an id outside the vocabulary or no tokens, `WrongState` where
    /// the context is full.
    pub fn forward(&self, batch: &mut [Sequence<'_, B>]) -> Result<Vec<f32>> {
        let (b, w, c) = (&self.backend, &self.weights, &self.config);
        let rows = self.check(batch)?; // rows of each sequence in the joint buffers
        let tokens: Vec<u32> = batch.iter().flat_map(|s| s.tokens).copied().collect();
        let positions: Vec<u32> = (batch.iter())
            .flat_map(|s| (s.cache.len() as u32..).take(s.tokens.len()))
            .collect();

        let mut x = b.embed(&w.token_embd, &tokens); // [n, embd]
        for (layer, blk) in w.blk.iter().enumerate() {
            let h = b.rms_norm(&x, &blk.attn_norm, c.rms_norm_eps); // [n, embd]
            let [q, k, v] = self.project(blk, &h, &positions); // [n, heads * dim], 2 of [n, kv_heads * dim]
            for (s, rows) in batch.iter_mut().zip(&rows) {
                s.cache.store(b, layer, [&k, &v], rows.clone());
            }
            let views: Vec<_> = batch
                .iter()
                .map(|s| s.cache.view(layer, s.tokens.len()))
                .collect();
            let h = b.attend(&q, c.heads, c.kv_heads, &views); // [n, heads * dim]
            b.add(&mut x, &b.matmul(&blk.attn_output, &h));

            let h = b.rms_norm(&x, &blk.ffn_norm, c.rms_norm_eps); // [n, embd]
            let mut gate = b.matmul(&blk.ffn_gate, &h); // [n, ff]
            b.swiglu(&mut gate, &b.matmul(&blk.ffn_up, &h));
            b.add(&mut x, &b.matmul(&blk.ffn_down, &gate));
        }
        for s in batch.iter_mut() {
            s.cache.advance(s.tokens.len());
        }

        let last: Vec<usize> = (batch.iter().zip(&rows))
            .filter(|(s, _)| s.logits)
            .map(|(_, rows)| rows.end - 1)
            .collect();
        if last.is_empty() {
            return Ok(Vec::new());
        }
        let x = b.gather(&x, c.embedding_length, &last); // [wanted, embd]
        let x = b.rms_norm(&x, &w.output_norm, c.rms_norm_eps);
        let logits = b.matmul(w.output.as_ref().unwrap_or(&w.token_embd), &x); // [wanted, vocab]
        Ok(b.download(logits))
    }

    /// Queries, keys and values, with bias, norm and rotation where the block has them.
    fn project(&self, blk: &Block<B>, h: &B::Buffer, positions: &[u32]) -> [B::Buffer; 3] {
        let (b, c) = (&self.backend, &self.config);
        let mut q = b.matmul(&blk.attn_q, h);
        let mut k = b.matmul(&blk.attn_k, h);
        let mut v = b.matmul(&blk.attn_v, h);
        let biases = [&blk.attn_q_bias, &blk.attn_k_bias, &blk.attn_v_bias];
        for (x, bias) in [&mut q, &mut k, &mut v].into_iter().zip(biases) {
            if let Some(bias) = bias {
                b.add_bias(x, bias);
            }
        }
        for (x, norm, heads) in [
            (&mut q, &blk.attn_q_norm, c.heads),
            (&mut k, &blk.attn_k_norm, c.kv_heads),
        ] {
            if let Some(norm) = norm {
                *x = b.rms_norm(x, norm, c.rms_norm_eps);
            }
            b.rope(x, heads, positions, &self.weights.inv_freq);
        }
        [q, k, v]
    }

    fn check(&self, batch: &[Sequence<'_, B>]) -> Result<Vec<Range<usize>>> {
        let mut end = 0;
        (batch.iter())
            .map(|sequence| {
                if let Some(id) =
                    (sequence.tokens.iter()).find(|&&id| id as usize >= self.config.vocab_size)
                {
                    return Err(Error::InvalidOption {
                        name: "tokens".to_owned(),
                        detail: format!(
                            "id {id} is outside the vocabulary of {}",
                            self.config.vocab_size
                        ),
                    });
                }
                if sequence.tokens.is_empty() {
                    return Err(Error::InvalidOption {
                        name: "tokens".to_owned(),
                        detail: "a sequence needs at least one new token".to_owned(),
                    });
                }
                if sequence.cache.len() + sequence.tokens.len() > self.config.context_length {
                    return Err(Error::WrongState {
                        detail: format!(
                            "the context of {} tokens is full",
                            self.config.context_length
                        ),
                    });
                }
                let start = end;
                end += sequence.tokens.len();
                Ok(start..end)
            })
            .collect()
    }
}
