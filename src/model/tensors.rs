//! Which tensors a model may have, and what they must look like.

use std::collections::BTreeMap;

use super::ModelConfig;
use crate::backend::RowOrder;

/// What a tensor must look like.
#[derive(Debug, Clone)]
pub(super) struct Spec {
    /// GGUF order: row length first.
    pub shape: Vec<u64>,
    pub order: RowOrder,
    pub required: bool,
}

/// Every tensor that a model of this shape may have, by name.
pub(super) fn specs(config: &ModelConfig) -> BTreeMap<String, Spec> {
    let block = block(config);
    let mut specs: BTreeMap<_, _> = (global(config).into_iter())
        .map(|(name, spec)| (name.to_owned(), spec))
        .collect();
    for i in 0..config.block_count {
        for (name, spec) in &block {
            specs.insert(format!("blk.{i}.{name}"), spec.clone());
        }
    }
    specs
}

fn global(config: &ModelConfig) -> [(&'static str, Spec); 4] {
    let [embd, vocab, dim] =
        [config.embedding_length, config.vocab_size, config.heads.dim].map(|size| size as u64);
    [
        ("token_embd.weight", required(&[embd, vocab])),
        ("output_norm.weight", required(&[embd])),
        ("output.weight", optional(&[embd, vocab])),
        ("rope_freqs.weight", optional(&[dim / 2])),
    ]
}

fn block(config: &ModelConfig) -> Vec<(&'static str, Spec)> {
    let [embd, ff, q, kv, dim] = [
        config.embedding_length,
        config.feed_forward_length,
        config.heads.width(),
        config.kv_heads.width(),
        config.heads.dim,
    ]
    .map(|size| size as u64);
    let rotated = |spec: Spec| Spec {
        order: config.rope_order(),
        ..spec
    };
    let mut block = vec![
        ("attn_norm.weight", required(&[embd])),
        ("attn_q.weight", rotated(required(&[embd, q]))),
        ("attn_k.weight", rotated(required(&[embd, kv]))),
        ("attn_v.weight", required(&[embd, kv])),
        ("attn_q.bias", rotated(optional(&[q]))),
        ("attn_k.bias", rotated(optional(&[kv]))),
        ("attn_v.bias", optional(&[kv])),
        ("attn_q_norm.weight", optional(&[dim])),
        ("attn_k_norm.weight", optional(&[dim])),
        ("attn_output.weight", required(&[q, embd])),
        ("ffn_norm.weight", required(&[embd])),
        ("ffn_gate.weight", required(&[embd, ff])),
        ("ffn_up.weight", required(&[embd, ff])),
        ("ffn_down.weight", required(&[ff, embd])),
    ];
    for (name, spec) in &mut block {
        spec.required |= config.family.required.contains(name);
    }
    block
}

fn required(shape: &[u64]) -> Spec {
    Spec {
        required: true,
        ..optional(shape)
    }
}

fn optional(shape: &[u64]) -> Spec {
    Spec {
        shape: shape.to_vec(),
        order: RowOrder::AsStored,
        required: false,
    }
}
