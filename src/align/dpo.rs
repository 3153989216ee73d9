//! Direct preference optimization (arXiv 2305.18290): the better answer gains on the worse.

use candle_core::{DType, Result, Tensor};

use super::train::likelihood::log_likelihoods;
use super::train::{Example, Loss, Network, Objective, training};
use crate::error;

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
    beta: f64,
}

impl Dpo {
    /// The objective for these pairs. `network` has its first weights still: they are the
    /// reference. `told` hears of each pair that was read.
    ///
    /// # Errors
    /// `Training` where candle fails.
    pub fn new(
        pairs: Vec<Preference>,
        network: &Network,
        beta: f64,
        told: &mut dyn FnMut(),
    ) -> error::Result<Self> {
        let mut reference = Vec::with_capacity(pairs.len());
        let mut read = |pair: &Preference| -> Result<()> {
            let preference = preferences(network, &[pair])?.to_dtype(DType::F32)?;
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
            beta,
        })
    }
}

/// Log-likelihood of chosen over rejected for each pair.
fn preferences(network: &Network, pairs: &[&Preference]) -> Result<Tensor> {
    let chosen = pairs.iter().map(|pair| &pair.chosen);
    let examples: Vec<&Example> = chosen
        .chain(pairs.iter().map(|pair| &pair.rejected))
        .collect();
    let likelihoods = log_likelihoods(network, &examples)?;
    let count = pairs.len();
    likelihoods.narrow(0, 0, count)? - likelihoods.narrow(0, count, count)?
}

/// `-log sigmoid(beta * (preference - reference))`, summed, with the margins.
fn loss_of(preference: &Tensor, reference: &[f32], beta: f64) -> Result<(Tensor, Tensor)> {
    let preference = preference.to_dtype(DType::F32)?;
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
        let preference = preferences(network, &pairs)?;
        let (sum, margins) = loss_of(&preference, &reference, self.beta)?;
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
