//! Direct preference optimization (arXiv 2305.18290): the better answer gains on the worse.
//! With a share of the better answer's own loss (arXiv 2404.19733) it also grows likelier,
//! where DPO alone lets both fall.

use candle_core::{DType, Result, Tensor};

use super::train::likelihood::log_likelihoods;
use super::train::{Example, Loss, Network, Objective, training};
use crate::error::{self, require};

/// Two answers to one prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preference {
    /// The better one, behind its prompt.
    pub chosen: Example,
    /// The worse one.
    pub rejected: Example,
}

/// Pairs, with what the model thought of them before training.
#[derive(Debug)]
pub struct Dpo {
    pairs: Vec<Preference>,
    /// Log-likelihood of chosen over rejected, under the first model, in nats.
    reference: Vec<f32>,
    weights: Weights,
}

/// What the parts of the loss count.
#[derive(Debug, Clone, Copy)]
pub struct Weights {
    /// How closely the model stays to the one it was.
    pub beta: f64,
    /// The weight of the chosen answer's loss, in nats a token, beside that of the pair. At 0
    /// this is DPO as published.
    pub alpha: f64,
}

impl Dpo {
    /// The objective for these pairs. `network` has its first weights still: they are the
    /// reference. `told` hears of each pair that was read.
    ///
    /// # Errors
    /// `InvalidOption` for weights that are no numbers or below zero; `Training` where candle
    /// fails.
    pub fn new(
        pairs: Vec<Preference>,
        network: &Network,
        weights: Weights,
        told: &mut dyn FnMut(),
    ) -> error::Result<Self> {
        for (name, weight) in [("beta", weights.beta), ("rpo alpha", weights.alpha)] {
            let fine = weight.is_finite() && weight >= 0.0;
            require(fine, name, "must be a number, and not below zero")?;
        }
        let mut reference = Vec::with_capacity(pairs.len());
        let mut read = |pair: &Preference| -> Result<()> {
            let (_, preference) = likelihoods(network, &[pair])?;
            reference.extend(preference.to_vec1::<f32>()?);
            Ok(())
        };
        for pair in &pairs {
            read(pair).map_err(training)?;
            told();
        }
        Ok(Self {
            pairs,
            reference,
            weights,
        })
    }
}

/// Log-likelihood of each pair's chosen answer, and of chosen over rejected.
fn likelihoods(network: &Network, pairs: &[&Preference]) -> Result<(Tensor, Tensor)> {
    let chosen = pairs.iter().map(|pair| &pair.chosen);
    let examples: Vec<&Example> = chosen
        .chain(pairs.iter().map(|pair| &pair.rejected))
        .collect();
    let likelihoods = log_likelihoods(network, &examples)?.to_dtype(DType::F32)?;
    let count = pairs.len();
    let chosen = likelihoods.narrow(0, 0, count)?;
    let preference = (&chosen - likelihoods.narrow(0, count, count)?)?;
    Ok((chosen, preference))
}

/// The chosen answers' losses in nats a token, summed over the pairs.
fn loss_of_chosen(chosen: &Tensor, pairs: &[&Preference]) -> Result<Tensor> {
    let tokens = pairs.iter().map(|pair| pair.chosen.learned() as f32);
    let tokens = Tensor::from_iter(tokens, chosen.device())?;
    (chosen / tokens)?.sum_all()?.neg()
}

/// `-log sigmoid(beta * (preference - reference))`, summed, with the margins.
fn loss_of(preference: &Tensor, reference: &[f32], beta: f64) -> Result<(Tensor, Tensor)> {
    let reference = Tensor::new(reference, preference.device())?;
    let margins = ((preference - reference)? * beta)?;
    // log(1 + e^-m) = max(-m, 0) + log(1 + e^-|m|): no overflow.
    let losses = (margins.neg()?.relu()? + (margins.abs()?.neg()?.exp()? + 1.0)?.log()?)?;
    Ok((losses.sum_all()?, margins))
}

impl Objective for Dpo {
    fn lengths(&self) -> Vec<usize> {
        let longest = |pair: &Preference| pair.chosen.ids.len().max(pair.rejected.ids.len());
        self.pairs.iter().map(|pair| 2 * longest(pair)).collect()
    }

    fn weight(&self, _: usize) -> f64 {
        1.0
    }

    fn loss(&self, network: &Network, items: &[usize]) -> Result<Loss> {
        let pairs: Vec<&Preference> = items.iter().map(|&item| &self.pairs[item]).collect();
        let reference: Vec<f32> = items.iter().map(|&item| self.reference[item]).collect();
        let Weights { beta, alpha } = self.weights;
        let (chosen, preference) = likelihoods(network, &pairs)?;
        let (mut sum, margins) = loss_of(&preference, &reference, beta)?;
        if alpha > 0.0 {
            sum = (sum + (loss_of_chosen(&chosen, &pairs)? * alpha)?)?;
        }
        let margins = margins.to_vec1::<f32>()?;
        let won = margins.iter().filter(|&&margin| margin > 0.0).count() as f64;
        let margin = margins.iter().map(|&margin| f64::from(margin)).sum();
        Ok(Loss {
            sum,
            others: vec![("margin", margin), ("won", won)],
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use candle_core::{Device, Var};

    /// Beta .1; preferences 1 and -.5 against .2 and .1: margins .08 and -.06, losses
    /// ln(1 + e^-.08) = .653947 and ln(1 + e^.06) = .723597, gradients -.1 / (1 + e^m).
    #[test]
    fn loss_and_gradients_are_what_a_hand_computes() {
        let preference = Var::new(&[1.0f32, -0.5], &Device::Cpu).unwrap();
        let (loss, margins) = loss_of(&preference, &[0.2, 0.1], 0.1).unwrap();
        let margins = margins.to_vec1::<f32>().unwrap();
        assert!((margins[0] - 0.08).abs() < 1e-6 && (margins[1] + 0.06).abs() < 1e-6);
        assert!((loss.to_scalar::<f32>().unwrap() - 1.377_544).abs() < 1e-5);
        let gradients = loss.backward().unwrap();
        let gradients = gradients
            .get(&preference)
            .unwrap()
            .to_vec1::<f32>()
            .unwrap();
        assert!((gradients[0] + 0.048_001).abs() < 1e-6, "{gradients:?}");
        assert!((gradients[1] + 0.051_500).abs() < 1e-6, "{gradients:?}");
    }

    /// Log-likelihoods -6 and -1 of answers of 3 and 2 tokens: 2 and .5 nats a token.
    #[test]
    fn the_chosen_answers_loss_is_a_token_s() {
        let pair = |learned: usize| Preference {
            chosen: Example {
                ids: vec![7; learned + 1],
                learned: vec![true; learned + 1],
            },
            rejected: Example::default(),
        };
        let pairs = [pair(3), pair(2)];
        let chosen = Tensor::new(&[-6.0f32, -1.0], &Device::Cpu).unwrap();
        let loss = loss_of_chosen(&chosen, &pairs.each_ref()).unwrap();
        assert!((loss.to_scalar::<f32>().unwrap() - 2.5).abs() < 1e-6);
    }

    #[test]
    fn a_huge_margin_overflows_nowhere() {
        let preference = Var::new(&[1e6f32, -1e6], &Device::Cpu).unwrap();
        let (loss, _) = loss_of(&preference, &[0.0, 0.0], 0.1).unwrap();
        assert_eq!(loss.to_scalar::<f32>().unwrap(), 1e5);
        let gradients = loss.backward().unwrap();
        let gradients = gradients
            .get(&preference)
            .unwrap()
            .to_vec1::<f32>()
            .unwrap();
        assert_eq!(gradients, [0.0, -0.1]);
    }
}
