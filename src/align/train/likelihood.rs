//! How likely a network finds what it is to learn.

use candle_core::{Result, Tensor};

use super::examples::Example;
use super::network::Network;
use super::ops::cross_entropy;

/// Losses of learned tokens.
pub struct Losses {
    /// In nats, one for each learned token, example after example.
    pub each: Tensor,
    /// The example of each.
    pub example: Vec<u32>,
}

/// The losses of the learned tokens of some examples, in one pass. Only these tokens are
/// compared with the whole vocabulary.
///
/// # Errors
/// Where candle fails, or there is nothing to learn.
pub fn losses(network: &Network, examples: &[&Example]) -> Result<Losses> {
    let len = examples.iter().map(|e| e.ids.len()).max().unwrap_or(0);
    let len = len.saturating_sub(1);
    let mut tokens = vec![0; examples.len() * len];
    let (mut places, mut targets, mut example) = (Vec::new(), Vec::new(), Vec::new());
    for (row, Example { ids, learned }) in examples.iter().enumerate() {
        let known = ids.len().saturating_sub(1);
        tokens[row * len..][..known].copy_from_slice(&ids[..known]);
        for at in (1..ids.len()).filter(|&at| learned[at]) {
            places.push((row * len + at - 1) as u32);
            targets.push(ids[at]);
            example.push(row as u32);
        }
    }
    if targets.is_empty() {
        candle_core::bail!("there is no token to learn");
    }
    let hidden = network.hidden_at(&tokens, examples.len(), |hidden| {
        hidden.index_select(&Tensor::new(&places[..], hidden.device())?, 0)
    })?;
    let logits = network.logits(&hidden)?;
    let each = cross_entropy(&logits, &targets)?;
    Ok(Losses { each, example })
}

/// The log-likelihood of each example's learned tokens together, in nats.
///
/// # Errors
/// As [`losses`].
pub fn log_likelihoods(network: &Network, examples: &[&Example]) -> Result<Tensor> {
    let Losses { each, example } = losses(network, examples)?;
    let sums = Tensor::zeros(examples.len(), each.dtype(), each.device())?;
    let example = Tensor::new(&example[..], each.device())?;
    sums.index_add(&example, &each, 0)?.neg()
}
