//! The forward pass: the one long function, the same for every family and backend.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use smallvec::SmallVec;

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
    pub(super) buffers: Mutex<Buffers<B>>,
}

/// What a forward pass works in, kept so that the next one allocates nothing.
#[derive(Debug)]
pub(super) struct Buffers<B: Backend> {
    x: B::Buffer,
    h: B::Buffer,
    q: B::Buffer,
    k: B::Buffer,
    v: B::Buffer,
    attended: B::Buffer,
    gate: B::Buffer,
    up: B::Buffer,
    logits: B::Buffer,
    tokens: Vec<u32>,
    positions: Vec<u32>,
}

impl<B: Backend> Default for Buffers<B> {
    fn default() -> Self {
        let empty = B::Buffer::default;
        Self {
            x: empty(),
            h: empty(),
            q: empty(),
            k: empty(),
            v: empty(),
            attended: empty(),
            gate: empty(),
            up: empty(),
            logits: empty(),
            tokens: Vec::new(),
            positions: Vec::new(),
        }
    }
}

/// One sequence's part in a batch.
#[derive(Debug)]
pub struct Sequence<'a, B: Backend> {
    /// New tokens, appended to what the cache holds.
    pub tokens: &'a [u32],
    /// The sequence's past.
    pub cache: &'a mut KvCache<B>,
    /// After how many of these tokens the logits are wanted, the last ones.
    pub logits: usize,
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
    /// Writes `vocab_size` logits for each token that they are wanted after, in order. A
    /// sequence gets the same bits whatever else is in the batch and however its tokens
    /// are cut into calls. On an error no cache has changed.
    ///
    /// # Errors
    /// `InvalidOption` for an id outside the vocabulary or no tokens, `WrongState` where
    /// the context is full.
    pub fn forward(&self, batch: &mut [Sequence<'_, B>], logits: &mut Vec<f32>) -> Result<()> {
        let (b, w, c) = (&self.backend, &self.weights, &self.config);
        let rows = self.check(batch)?; // rows of each sequence in the joint buffers
        let s = &mut *self.buffers.lock().unwrap_or_else(PoisonError::into_inner);
        s.tokens.clear();
        s.positions.clear();
        for sequence in batch.iter() {
            s.tokens.extend_from_slice(sequence.tokens);
            s.positions
                .extend((sequence.cache.len() as u32..).take(sequence.tokens.len()));
        }

        b.embed(&w.token_embd, &s.tokens, &mut s.x); // [n, embd]
        for (layer, blk) in w.blk.iter().enumerate() {
            b.rms_norm(&s.x, &blk.attn_norm, c.rms_norm_eps, &mut s.h); // [n, embd]
            self.project(blk, s); // q [n, heads * dim], k and v [n, kv_heads * dim]
            for (sequence, rows) in batch.iter_mut().zip(&rows) {
                sequence.cache.store(b, layer, [&s.k, &s.v], rows.clone());
            }
            let views: SmallVec<[_; 8]> = batch
                .iter()
                .map(|sequence| sequence.cache.view(layer, sequence.tokens.len()))
                .collect();
            b.attend(&s.q, [c.heads, c.kv_heads], &views, &mut s.attended); // [n, heads * dim]
            b.matmul([&blk.attn_output], &s.attended, [&mut s.h]); // [n, embd]
            b.add(&mut s.x, &s.h);

            b.rms_norm(&s.x, &blk.ffn_norm, c.rms_norm_eps, &mut s.h); // [n, embd]
            b.matmul([&blk.ffn_gate, &blk.ffn_up], &s.h, [&mut s.gate, &mut s.up]); // 2 of [n, ff]
            b.swiglu(&mut s.gate, &s.up);
            b.matmul([&blk.ffn_down], &s.gate, [&mut s.h]); // [n, embd]
            b.add(&mut s.x, &s.h);
        }
        for sequence in batch.iter_mut() {
            sequence.cache.advance(sequence.tokens.len());
        }

        let last: SmallVec<[usize; 8]> = (batch.iter().zip(&rows))
            .flat_map(|(sequence, rows)| rows.end - sequence.logits.min(rows.len())..rows.end)
            .collect();
        if last.is_empty() {
            logits.clear();
            return Ok(());
        }
        b.gather(&s.x, c.embedding_length, &last, &mut s.h); // [wanted, embd]
        b.rms_norm(&s.h, &w.output_norm, c.rms_norm_eps, &mut s.x);
        let output = w.output.as_ref().unwrap_or(&w.token_embd);
        b.matmul([output], &s.x, [&mut s.logits]); // [wanted, vocab]
        b.download(&s.logits, logits);
        Ok(())
    }

    /// Queries, keys and values, with bias, norm and rotation where the block has them.
    fn project(&self, blk: &Block<B>, s: &mut Buffers<B>) {
        let (b, c) = (&self.backend, &self.config);
        b.matmul(
            [&blk.attn_q, &blk.attn_k, &blk.attn_v],
            &s.h,
            [&mut s.q, &mut s.k, &mut s.v],
        );
        let biases = [&blk.attn_q_bias, &blk.attn_k_bias, &blk.attn_v_bias];
        for (x, bias) in [&mut s.q, &mut s.k, &mut s.v].into_iter().zip(biases) {
            if let Some(bias) = bias {
                b.add_bias(x, bias);
            }
        }
        for (x, norm, heads) in [
            (&mut s.q, &blk.attn_q_norm, c.heads),
            (&mut s.k, &blk.attn_k_norm, c.kv_heads),
        ] {
            if let Some(norm) = norm {
                b.rms_norm(x, norm, c.rms_norm_eps, &mut s.h);
                std::mem::swap(x, &mut s.h);
            }
            b.rope(x, heads, &s.positions, &self.weights.inv_freq);
        }
    }

    fn check(&self, batch: &[Sequence<'_, B>]) -> Result<SmallVec<[Range<usize>; 8]>> {
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
