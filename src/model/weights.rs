//! The tensors of a model, in fields named as in the file.

use std::collections::BTreeMap;

use super::ModelConfig;
use crate::backend::Backend;
use crate::error::{Error, Result};

/// All tensors.
#[derive(Debug)]
pub(super) struct Weights<B: Backend> {
    pub token_embd: B::Weight,
    pub blk: Vec<Block<B>>,
    pub output_norm: B::Buffer,
    /// Absent where the output is tied to the embedding.
    pub output: Option<B::Weight>,
    /// Rotary frequencies, with `rope_freqs.weight` worked in.
    pub inv_freq: Vec<f32>,
}

/// The tensors of one block.
#[derive(Debug)]
pub(super) struct Block<B: Backend> {
    pub attn_norm: B::Buffer,
    pub attn_q: B::Weight,
    pub attn_k: B::Weight,
    pub attn_v: B::Weight,
    pub attn_q_bias: Option<B::Buffer>,
    pub attn_k_bias: Option<B::Buffer>,
    pub attn_v_bias: Option<B::Buffer>,
    pub attn_q_norm: Option<B::Buffer>,
    pub attn_k_norm: Option<B::Buffer>,
    pub attn_output: B::Weight,
    pub ffn_norm: B::Buffer,
    pub ffn_gate: B::Weight,
    pub ffn_up: B::Weight,
    pub ffn_down: B::Weight,
}

/// A tensor after loading.
#[derive(Debug)]
pub(super) enum Tensor<B: Backend> {
    /// Two dimensions: packed for products.
    Matrix(B::Weight),
    /// One dimension: floats.
    Vector(Vec<f32>),
}

/// Tensors by name, to be taken out one by one.
#[derive(Debug)]
pub(super) struct Loaded<B: Backend>(pub BTreeMap<String, Tensor<B>>);

impl<B: Backend> Loaded<B> {
    pub(super) fn into_weights(mut self, backend: &B, config: &ModelConfig) -> Result<Weights<B>> {
        let mut inv_freq = config.inv_freq.clone();
        if let Some(factors) = self.opt_vector("rope_freqs.weight") {
            for (freq, factor) in inv_freq.iter_mut().zip(factors) {
                *freq /= factor;
            }
        }
        Ok(Weights {
            token_embd: self.matrix("token_embd.weight")?,
            blk: (0..config.block_count)
                .map(|i| self.block(backend, i))
                .collect::<Result<_>>()?,
            output_norm: self.vector(backend, "output_norm.weight")?,
            output: self.opt_matrix("output.weight"),
            inv_freq,
        })
    }

    fn block(&mut self, backend: &B, i: usize) -> Result<Block<B>> {
        let name = |tensor: &str| format!("blk.{i}.{tensor}");
        let mut optional = |tensor: &str| {
            let values = self.opt_vector(&name(tensor));
            values.map(|values| backend.upload(values))
        };
        Ok(Block {
            attn_q_bias: optional("attn_q.bias"),
            attn_k_bias: optional("attn_k.bias"),
            attn_v_bias: optional("attn_v.bias"),
            attn_q_norm: optional("attn_q_norm.weight"),
            attn_k_norm: optional("attn_k_norm.weight"),
            attn_norm: self.vector(backend, &name("attn_norm.weight"))?,
            attn_q: self.matrix(&name("attn_q.weight"))?,
            attn_k: self.matrix(&name("attn_k.weight"))?,
            attn_v: self.matrix(&name("attn_v.weight"))?,
            attn_output: self.matrix(&name("attn_output.weight"))?,
            ffn_norm: self.vector(backend, &name("ffn_norm.weight"))?,
            ffn_gate: self.matrix(&name("ffn_gate.weight"))?,
            ffn_up: self.matrix(&name("ffn_up.weight"))?,
            ffn_down: self.matrix(&name("ffn_down.weight"))?,
        })
    }

    fn opt_matrix(&mut self, name: &str) -> Option<B::Weight> {
        match self.0.remove(name) {
            Some(Tensor::Matrix(matrix)) => Some(matrix),
            _ => None,
        }
    }

    fn opt_vector(&mut self, name: &str) -> Option<Vec<f32>> {
        match self.0.remove(name) {
            Some(Tensor::Vector(values)) => Some(values),
            _ => None,
        }
    }

    fn matrix(&mut self, name: &str) -> Result<B::Weight> {
        self.opt_matrix(name).ok_or_else(|| missing(name))
    }

    fn vector(&mut self, backend: &B, name: &str) -> Result<B::Buffer> {
        let values = self.opt_vector(name).ok_or_else(|| missing(name))?;
        Ok(backend.upload(values))
    }
}

pub(super) fn missing(name: &str) -> Error {
    Error::MissingTensor {
        tensor: name.to_owned(),
    }
}
