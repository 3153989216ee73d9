//! The transformer of `model/`, once more, on tensors that know their gradients.
//!
//! The engine's own forward pass is the oracle: a test compares the logits of both.

use candle_core::{DType, Result, Tensor, bail};

use super::ops::{Rope, causal_softmax, rms_norm, rope, swiglu};
use super::parameters::Parameters;
use super::place::Precision;
use super::training;
use crate::error;

/// A model that can be trained.
#[derive(Debug)]
pub struct Network {
    parameters: Parameters,
    rope: Rope,
    /// What products are computed in.
    precision: DType,
}

impl Network {
    /// The network of these weights, for sequences of at most `longest` tokens.
    ///
    /// # Errors
    /// `Training` where candle fails on the frequencies of the file.
    pub fn new(parameters: Parameters, longest: usize) -> error::Result<Self> {
        let config = parameters.config();
        let mut inv_freq = config.inv_freq.clone();
        if let Some(factors) = parameters.get("rope_freqs.weight") {
            let factors = factors
                .to_dtype(DType::F32)
                .and_then(|f| f.to_vec1::<f32>());
            let factors = factors.map_err(training)?;
            inv_freq
                .iter_mut()
                .zip(factors)
                .for_each(|(f, by)| *f /= by);
        }
        Ok(Self {
            rope: Rope::new(&inv_freq, longest, config.family.adjacent_rope),
            parameters,
            precision: DType::F32,
        })
    }

    /// The same network, which computes its products in this type. What is trained stays in
    /// 32-bit floats, as do norms, attention weights and losses.
    ///
    /// # Errors
    /// `InvalidOption` where the device has no such products.
    pub fn in_precision(mut self, precision: Precision) -> error::Result<Self> {
        let embedding = self.stored("token_embd.weight").map_err(training)?;
        self.precision = precision.on(embedding.device())?;
        self.parameters.freeze_in(self.precision)?;
        Ok(self)
    }

    /// The weights.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The last hidden states of `rows` sequences of `len` tokens, `[rows * len, width]`.
    ///
    /// # Errors
    /// Where a weight is absent or has another shape than the metadata say.
    pub fn hidden(&self, tokens: &[u32], rows: usize) -> Result<Tensor> {
        self.hidden_at(tokens, rows, Ok)
    }

    /// Those of them that `pick` takes. It takes them where tokens last look at each other:
    /// the rest is not computed for the others.
    ///
    /// # Errors
    /// As [`Self::hidden`]; `pick`'s.
    pub fn hidden_at(
        &self,
        tokens: &[u32],
        rows: usize,
        pick: impl Fn(Tensor) -> Result<Tensor>,
    ) -> Result<Tensor> {
        let embedding = self.stored("token_embd.weight")?;
        let ids = Tensor::new(tokens, embedding.device())?;
        let mut x = embedding.index_select(&ids, 0)?.to_dtype(self.precision)?;
        let blocks = self.parameters.config().block_count;
        for block in 0..blocks {
            let name = |part: &str| format!("blk.{block}.{part}");
            let normed = self.norm(&x, &name("attn_norm"))?;
            x = (x + self.attention(&normed, rows, &name)?)?;
            if block + 1 == blocks {
                x = pick(x)?;
            }
            let normed = self.norm(&x, &name("ffn_norm"))?;
            let gate = self.linear(&normed, &name("ffn_gate"))?;
            let up = self.linear(&normed, &name("ffn_up"))?;
            x = (x + self.linear(&swiglu(&gate, &up)?, &name("ffn_down"))?)?;
        }
        self.norm(&x, "output_norm")
    }

    /// Scores of all tokens after each of these hidden states, `[rows, vocabulary]`.
    ///
    /// # Errors
    /// As [`Self::hidden`].
    pub fn logits(&self, hidden: &Tensor) -> Result<Tensor> {
        match self.parameters.get("output.weight") {
            Some(_) => self.linear(hidden, "output"),
            None => hidden.matmul(&self.weight("token_embd.weight")?.t()?),
        }
    }

    fn attention(&self, x: &Tensor, rows: usize, name: &impl Fn(&str) -> String) -> Result<Tensor> {
        let config = self.parameters.config();
        let (heads, kv_heads, dim) = (config.heads.count, config.kv_heads.count, config.heads.dim);
        let (len, group) = (x.dim(0)? / rows, heads / kv_heads);
        let split = |part: &str, heads: usize| -> Result<Tensor> {
            let x = self
                .linear(x, &name(part))?
                .reshape((rows, len, heads, dim))?;
            let norm = name(&format!("{part}_norm"));
            match self.parameters.get(&format!("{norm}.weight")) {
                Some(_) => self.norm(&x, &norm),
                None => Ok(x),
            }
        };
        let queries = rope(&split("attn_q", heads)?, &self.rope)?.transpose(1, 2)?;
        let keys = rope(&split("attn_k", kv_heads)?, &self.rope)?.transpose(1, 2)?;
        let values = split("attn_v", kv_heads)?.transpose(1, 2)?.contiguous()?;
        // The heads that share keys stand below each other: one product for all of them.
        let queries = queries
            .contiguous()?
            .reshape((rows, kv_heads, group * len, dim))?;
        let keys = keys.contiguous()?.transpose(2, 3)?;
        let scores = queries.matmul(&keys)?;
        let weights = causal_softmax(&scores, 1.0 / (dim as f32).sqrt())?;
        let mixed = weights.matmul(&values)?.reshape((rows, heads, len, dim))?;
        let mixed = mixed.transpose(1, 2)?.reshape((rows * len, heads * dim))?;
        self.linear(&mixed, &name("attn_output"))
    }

    fn norm(&self, x: &Tensor, name: &str) -> Result<Tensor> {
        let eps = self.parameters.config().rms_norm_eps;
        rms_norm(x, self.stored(&format!("{name}.weight"))?, eps)
    }

    fn linear(&self, x: &Tensor, name: &str) -> Result<Tensor> {
        let matrix = format!("{name}.weight");
        let mut out = x.matmul(&self.weight(&matrix)?.t()?)?;
        if let Some((a, b, scale)) = self.parameters.lora(&matrix) {
            let (a, b) = (a.to_dtype(self.precision)?, b.to_dtype(self.precision)?);
            let added = x.matmul(&a.t()?)?.matmul(&b.t()?)?;
            out = (out + (added * scale)?)?;
        }
        match self.parameters.get(&format!("{name}.bias")) {
            Some(bias) => out.broadcast_add(&bias.to_dtype(self.precision)?),
            None => Ok(out),
        }
    }

    /// A weight as products take it.
    fn weight(&self, name: &str) -> Result<Tensor> {
        self.stored(name)?.to_dtype(self.precision)
    }

    fn stored(&self, name: &str) -> Result<&Tensor> {
        match self.parameters.get(name) {
            Some(weight) => Ok(weight),
            None => bail!("the model lacks the tensor {name}"),
        }
    }
}
