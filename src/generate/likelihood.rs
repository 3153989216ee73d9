//! How likely a model finds tokens that are there.

use super::PREFILL_CHUNK;
use crate::backend::Backend;
use crate::error::Result;
use crate::model::{Sequence, Transformer};

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
    let chunks = before.chunks(PREFILL_CHUNK);
    for (tokens, next) in chunks.zip(ids[1..].chunks(PREFILL_CHUNK)) {
        let sequence = Sequence {
            tokens,
            cache: &mut cache,
            logits: tokens.len(),
        };
        model.forward(&mut [sequence], &mut logits)?;
        let rows = logits.chunks_exact(model.config.vocab_size).zip(next);
        let each = rows.map(|(row, &id)| log_sum_exp(row) - f64::from(row[id as usize]));
        nats += each.sum::<f64>();
    }
    Ok(nats)
}

/// The logarithm of what the logits' exponentials sum up to: a token's log-probability is its
/// logit less this.
#[must_use]
pub fn log_sum_exp(logits: &[f32]) -> f64 {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weight = |&logit: &f32| f64::from(logit - highest).exp();
    f64::from(highest) + logits.iter().map(weight).sum::<f64>().ln()
}
