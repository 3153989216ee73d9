//! The AdamW optimizer (arXiv 1711.05101), whose whole state can be saved.

use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use candle_core::{DType, Result, Tensor, Var};

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.95;
const EPSILON: f64 = 1e-8;

/// Running means of the gradients and of their squares, by weight.
#[derive(Debug, Clone, Default)]
pub struct AdamW {
    /// Steps taken.
    pub step: u64,
    /// First and second moments.
    pub moments: BTreeMap<String, (Tensor, Tensor)>,
}

/// Gradients by the names of their weights.
pub type Gradients = BTreeMap<String, Tensor>;

impl AdamW {
    /// One step against the gradients. Matrices decay by `weight_decay`, vectors do not.
    ///
    /// # Errors
    /// Where candle fails.
    pub fn step(
        &mut self,
        weights: &BTreeMap<String, Var>,
        gradients: &Gradients,
        rate: f64,
        weight_decay: f64,
    ) -> Result<()> {
        self.step += 1;
        let steps = self.step as i32;
        let unbias_1 = 1.0 / (1.0 - BETA_1.powi(steps));
        let unbias_2 = 1.0 / (1.0 - BETA_2.powi(steps));
        for (name, gradient) in gradients {
            let Some(weight) = weights.get(name) else {
                continue;
            };
            let gradient = gradient.to_dtype(DType::F32)?;
            let (first, second) = match self.moments.remove(name) {
                Some(moments) => moments,
                None => (gradient.zeros_like()?, gradient.zeros_like()?),
            };
            let first = ((first * BETA_1)? + (&gradient * (1.0 - BETA_1))?)?;
            let second = ((second * BETA_2)? + (gradient.sqr()? * (1.0 - BETA_2))?)?;
            let size = ((&second * unbias_2)?.sqrt()? + EPSILON)?;
            let update = ((&first * unbias_1)? / size)?;
            let old = weight.to_dtype(DType::F32)?;
            let decay = if old.rank() > 1 { weight_decay } else { 0.0 };
            let new = ((old * (1.0 - rate * decay))? - (update * rate)?)?;
            weight.set(&new.to_dtype(weight.dtype())?)?;
            self.moments.insert(name.clone(), (first, second));
        }
        Ok(())
    }
}

/// Adds a backward pass's gradients to those of the same step before it.
///
/// # Errors
/// Where candle fails.
pub fn accumulate(
    sum: &mut Gradients,
    weights: &BTreeMap<String, Var>,
    mut found: GradStore,
) -> Result<()> {
    for (name, weight) in weights {
        let Some(gradient) = found.remove(weight) else {
            continue;
        };
        // The transpose of a product stays a view until here.
        let total = match sum.remove(name) {
            Some(before) => (before + gradient)?,
            None => gradient.contiguous()?,
        };
        sum.insert(name.clone(), total);
    }
    Ok(())
}

/// Shortens the gradients, taken as one vector, to at most `longest`; returns the length
/// that they had.
///
/// # Errors
/// Where candle fails.
pub fn clip(gradients: &mut Gradients, longest: f64) -> Result<f64> {
    let mut squares = 0.0;
    for gradient in gradients.values() {
        let sum = gradient.to_dtype(DType::F32)?.sqr()?.sum_all()?;
        squares += f64::from(sum.to_scalar::<f32>()?);
    }
    let length = squares.sqrt();
    if length > longest {
        for gradient in gradients.values_mut() {
            *gradient = (&*gradient * (longest / length))?;
        }
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use candle_core::Device;

    /// Two steps of one weight by hand: w = 1, g = 0.5 then -1, rate 0.1, decay 0.01.
    #[test]
    fn two_steps_are_what_a_hand_computes() {
        let weight = Var::new(&[[1f32]], &Device::Cpu).unwrap();
        let weights = BTreeMap::from([("w".to_owned(), weight.clone())]);
        let mut adam = AdamW::default();
        let mut go = |gradient: f32| {
            let gradient = Tensor::new(&[[gradient]], &Device::Cpu).unwrap();
            let gradients = BTreeMap::from([("w".to_owned(), gradient)]);
            adam.step(&weights, &gradients, 0.1, 0.01).unwrap();
            weight.as_tensor().to_vec2::<f32>().unwrap()[0][0]
        };
        // m = .05, v = .0125; unbiased .5 and .25: update 1. w = 1 * .999 - .1
        assert!((go(0.5) - 0.899).abs() < 1e-5);
        // m = -.055, v = .061875; unbiased -.28947 and .63462: update -.36337
        // w = .899 * .999 + .036337
        assert!((go(-1.0) - 0.934_438).abs() < 1e-5);
    }

    #[test]
    fn long_gradients_are_shortened_and_short_ones_stay() {
        let tensor = |v: f32| Tensor::new(&[v], &Device::Cpu).unwrap();
        let mut gradients =
            BTreeMap::from([("a".to_owned(), tensor(3.0)), ("b".to_owned(), tensor(4.0))]);
        assert!((clip(&mut gradients, 1.0).unwrap() - 5.0).abs() < 1e-6);
        let of = |gradients: &Gradients, name: &str| gradients[name].to_vec1::<f32>().unwrap()[0];
        assert!((of(&gradients, "a") - 0.6).abs() < 1e-6);
        assert!((clip(&mut gradients, 10.0).unwrap() - 1.0).abs() < 1e-6);
        assert!((of(&gradients, "b") - 0.8).abs() < 1e-6);
    }
}
