//! What a model's metadata says of its shape; a family is one line of [`FAMILIES`].

use crate::backend::{Heads, RowOrder};
use crate::error::{Error, Result};
use crate::gguf::Metadata;

/// What differs between families and cannot be read from the tensors that are there.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// `general.architecture`.
    pub name: &'static str,
    /// Rotary pairs are adjacent in the file, not half a head apart.
    pub adjacent_rope: bool,
    /// Tensors of a block that the family has beyond the common ones.
    pub required: &'static [&'static str],
}

/// The families that the transformer runs.
pub const FAMILIES: &[Family] = &[
    Family {
        name: "llama",
        adjacent_rope: true,
        required: &[],
    },
    Family {
        name: "qwen2",
        adjacent_rope: false,
        required: &["attn_q.bias", "attn_k.bias", "attn_v.bias"],
    },
    Family {
        name: "qwen3",
        adjacent_rope: false,
        required: &["attn_q_norm.weight", "attn_k_norm.weight"],
    },
];

/// The shape of a model.
#[derive(Debug, Clone)]
pub struct ModelConfig {
    /// The family.
    pub family: Family,
    /// Positions the model can attend to: its trained length, or as the caller wishes.
    pub context_length: usize,
    /// Positions the model was trained for.
    pub trained_context_length: usize,
    /// Width of the residual stream.
    pub embedding_length: usize,
    /// Number of blocks.
    pub block_count: usize,
    /// Width of the feed-forward layer.
    pub feed_forward_length: usize,
    /// Query heads.
    pub heads: Heads,
    /// Key and value heads.
    pub kv_heads: Heads,
    /// Added to the mean square in every norm.
    pub rms_norm_eps: f32,
    /// Rotary frequencies of a head's pairs, before `rope_freqs.weight`.
    pub inv_freq: Vec<f32>,
    /// Number of tokens.
    pub vocab_size: usize,
}

impl ModelConfig {
    /// Reads the shape from metadata. `context_length` is taken as asked for, also beyond the
    /// trained length, where answers get worse; never beyond a sliding window, where they
    /// would be wrong.
    ///
    /// # Errors
    /// `UnsupportedArchitecture`, `MissingMetadata` or `BadMetadata` with the key.
    pub fn from_metadata(metadata: &Metadata, context_length: Option<usize>) -> Result<Self> {
        let family = family(metadata)?;
        let keys = Keys {
            metadata,
            prefix: family.name,
        };
        let embedding_length = keys.size("embedding_length", 1 << 16)?;
        let (heads, kv_heads) = keys.heads(embedding_length)?;
        let trained = keys.size("context_length", 1 << 24)?;
        // Within its sliding window a model attends to everything; beyond it, ours would not.
        let window = keys.size_or("attention.sliding_window", 1 << 24, MAX_CONTEXT)?;
        Ok(Self {
            family,
            context_length: (context_length.unwrap_or(DEFAULT_CONTEXT.min(trained)))
                .clamp(1, window),
            trained_context_length: trained,
            embedding_length,
            block_count: keys.size("block_count", 1 << 10)?,
            feed_forward_length: keys.size("feed_forward_length", 1 << 18)?,
            heads,
            kv_heads,
            rms_norm_eps: keys.positive("attention.layer_norm_rms_epsilon", None)?,
            inv_freq: keys.inv_freq(heads.dim)?,
            vocab_size: keys.vocab_size()?,
        })
    }

    /// How the rows of `attn_q` and `attn_k` are to be taken.
    #[must_use]
    pub fn rope_order(&self) -> RowOrder {
        if self.family.adjacent_rope {
            RowOrder::EvenThenOdd {
                head_dim: self.heads.dim,
            }
        } else {
            RowOrder::AsStored
        }
    }
}

/// Context where the caller names none: long chats, and still a modest cache.
const DEFAULT_CONTEXT: usize = 4096;

/// Context that a caller can have at most.
const MAX_CONTEXT: usize = 1 << 20;

fn family(metadata: &Metadata) -> Result<Family> {
    let key = "general.architecture";
    let found = Metadata::required(key, metadata.opt_str(key)?)?;
    (FAMILIES.iter().copied())
        .find(|family| family.name == found)
        .ok_or_else(|| Error::UnsupportedArchitecture {
            found: found.to_owned(),
            known: FAMILIES
                .iter()
                .map(|family| family.name)
                .collect::<Vec<_>>()
                .join(", "),
        })
}

/// Metadata under the family's prefix, checked for size.
struct Keys<'a> {
    metadata: &'a Metadata,
    prefix: &'a str,
}

impl Keys<'_> {
    fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.prefix)
    }

    fn bad(&self, name: &str, detail: &str) -> Error {
        Error::BadMetadata {
            key: self.key(name),
            detail: detail.to_owned(),
        }
    }

    fn opt_size(&self, name: &str, most: usize) -> Result<Option<usize>> {
        match self.metadata.opt_u32(&self.key(name))? {
            Some(value) if value == 0 || value as usize > most => {
                Err(self.bad(name, &format!("{value} is not from 1 to {most}")))
            }
            found => Ok(found.map(|value| value as usize)),
        }
    }

    fn size(&self, name: &str, most: usize) -> Result<usize> {
        Metadata::required(&self.key(name), self.opt_size(name, most)?)
    }

    fn size_or(&self, name: &str, most: usize, default: usize) -> Result<usize> {
        Ok(self.opt_size(name, most)?.unwrap_or(default))
    }

    fn positive(&self, name: &str, default: Option<f32>) -> Result<f32> {
        let key = self.key(name);
        let value = Metadata::required(&key, self.metadata.opt_f32(&key)?.or(default))?;
        if value > 0.0 {
            Ok(value)
        } else {
            Err(self.bad(name, "must be above zero"))
        }
    }

    /// Query heads, and key and value heads.
    fn heads(&self, embedding_length: usize) -> Result<(Heads, Heads)> {
        let most = 1 << 10;
        let count = self.size("attention.head_count", most)?;
        let kv_count = self.size_or("attention.head_count_kv", most, count)?;
        let dim = self.size_or("attention.key_length", most, embedding_length / count)?;
        let value_dim = self.size_or("attention.value_length", most, dim)?;
        if dim == 0 || !dim.is_multiple_of(2) || value_dim != dim {
            let detail = "heads must have an even length, equal for keys and values";
            return Err(self.bad("attention.key_length", detail));
        }
        if !count.is_multiple_of(kv_count) {
            return Err(self.bad(
                "attention.head_count_kv",
                "must divide attention.head_count",
            ));
        }
        Ok((
            Heads { count, dim },
            Heads {
                count: kv_count,
                dim,
            },
        ))
    }

    /// Frequencies of the rotated pairs. Linear scaling stretches positions; other kinds
    /// are refused, because ignoring them gives fluent nonsense at length.
    fn inv_freq(&self, head_dim: usize) -> Result<Vec<f32>> {
        let base = self.positive("rope.freq_base", Some(10_000.0))?;
        let dims = self.size_or("rope.dimension_count", head_dim, head_dim)?;
        if !dims.is_multiple_of(2) || dims != head_dim && self.prefix == "llama" {
            return Err(self.bad("rope.dimension_count", "must be the whole head"));
        }
        let scaling = self.key("rope.scaling.type");
        let factor = match self.metadata.opt_str(&scaling)?.unwrap_or("none") {
            "none" => 1.0,
            "linear" => self.positive("rope.scaling.factor", None)?,
            other => {
                let detail = format!("{other:?} is not supported; known: none, linear");
                return Err(Error::BadMetadata {
                    key: scaling,
                    detail,
                });
            }
        };
        let freq = |i: usize| libm::powf(base, -2.0 * i as f32 / dims as f32) / factor;
        Ok((0..dims / 2).map(freq).collect())
    }

    fn vocab_size(&self) -> Result<usize> {
        match self.metadata.opt_strings("tokenizer.ggml.tokens")? {
            Some(tokens) => Ok(tokens.len()),
            None => self.size("vocab_size", 1 << 24),
        }
    }
}
