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

/// The tokens that are at least so likely, or the likeliest where none is: the likeliest last, of
/// equals the lowest, and their probabilities, the same bits on every machine.
///
/// # Errors
/// `NonFinite` where the logits are none.
pub fn most_likely(logits: &[f32], least: f64) -> Result<Vec<(u32, f64)>> {
    let best = highest(logits)?;
    let weight = |&logit: &f32| libm::exp(f64::from(logit - logits[best]));
    let total: f64 = logits.iter().map(weight).sum();
    let shares = logits.iter().map(|logit| weight(logit) / total);
    // Few: they are put in their places, which needs less code than sorting.
    let mut found: Vec<(u32, f64)> = Vec::new();
    for (id, share) in (0..).zip(shares).filter(|&(_, share)| share >= least) {
        let at = found.partition_point(|it| it.1 < share);
        found.insert(at, (id, share));
    }
    if found.is_empty() {
        found.push((best as u32, 1.0 / total));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_most_likely_tokens_have_the_probabilities_that_softmax_gives_them() {
        let logits = [0.0, 3.0f32.ln(), f32::NEG_INFINITY, 0.0, 3.0f32.ln()];
        let found = most_likely(&logits, 0.1).unwrap();
        let ids: Vec<u32> = found.iter().map(|it| it.0).collect();
        assert_eq!(ids, [3, 0, 4, 1]);
        let near = |(found, meant): (f64, f64)| (found - meant).abs() < 1e-6;
        let meant = [0.125, 0.125, 0.375, 0.375];
        assert!(
            found.iter().map(|it| it.1).zip(meant).all(near),
            "{found:?}"
        );
        assert_eq!(most_likely(&logits, 0.2).unwrap(), found[2..]);
        assert_eq!(most_likely(&logits, 0.9).unwrap(), found[3..]);
        assert_eq!(most_likely(&[-9.0, 80.0], 2.0).unwrap(), [(1, 1.0)]);
        let broken = most_likely(&[f32::NAN, 1.0], 0.1).unwrap_err();
        assert_eq!(broken.code(), "non_finite");
    }
}
