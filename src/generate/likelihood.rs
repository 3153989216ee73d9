//! How likely a model finds tokens that are there.

use crate::backend::Backend;
use crate::error::Result;
use crate::model::{Sequence, Transformer};

/// Tokens of a pass: their logits are in memory together.
const CHUNK: usize = 64;

/// The negative log-likelihood of these tokens, in nats, each behind all before it; the first is
/// behind nothing, and does not count.
///
/// # Errors
/// The model's, also where there are more tokens than its context holds.
pub fn surprise<B: Backend>(model: &Transformer<B>, ids: &[u32]) -> Result<f64> {
    let mut cache = model.new_cache();
    let (mut nats, mut logits) = (0.0, Vec::new());
    let Some((_, before)) = ids.split_last() else {
        return Ok(nats);
    };
    for (tokens, next) in before.chunks(CHUNK).zip(ids[1..].chunks(CHUNK)) {
        let sequence = Sequence {
            tokens,
            cache: &mut cache,
            logits: tokens.len(),
        };
        model.forward(&mut [sequence], &mut logits)?;
        let rows = logits.chunks_exact(model.config.vocab_size).zip(next);
        nats += rows.map(|(row, &id)| of(row, id)).sum::<f64>();
    }
    Ok(nats)
}

/// Of one token, after which these are the logits.
fn of(logits: &[f32], id: u32) -> f64 {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weight = |&logit: &f32| f64::from(logit - highest).exp();
    let total: f64 = logits.iter().map(weight).sum();
    total.ln() - f64::from(logits[id as usize] - highest)
}
