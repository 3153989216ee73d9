//! How likely a model finds tokens that are there.

use super::PREFILL_CHUNK;
use super::sampling::highest;
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

/// The most likely token, the lowest of equals, and its probability: the same bits on every machine.
///
/// # Errors
/// `NonFinite` where the logits are none.
pub fn most_likely(logits: &[f32]) -> Result<(u32, f64)> {
    let best = highest(logits)?;
    let weight = |logit: &f32| libm::exp(f64::from(logit - logits[best]));
    Ok((best as u32, 1.0 / logits.iter().map(weight).sum::<f64>()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_most_likely_token_has_the_probability_that_softmax_gives_it() {
        let (id, probability) = most_likely(&[0.0, 3.0f32.ln(), f32::NEG_INFINITY]).unwrap();
        assert_eq!(id, 1);
        assert!((probability - 0.75).abs() < 1e-6, "{probability}");
        assert_eq!(most_likely(&[-9.0, 80.0, 80.0]).unwrap(), (1, 0.5));
        let broken = most_likely(&[f32::NAN, 1.0]).unwrap_err();
        assert_eq!(broken.code(), "non_finite");
    }
}
