//! The gradients of a step: summed over its passes, and shortened where they are long.

use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use candle_core::{DType, Result, Tensor, Var};

/// Gradients by the names of their weights.
pub type Gradients = BTreeMap<String, Tensor>;

/// What a backward pass found for these weights.
///
/// # Errors
/// Where candle fails.
pub fn of_weights(weights: &BTreeMap<String, Var>, mut found: GradStore) -> Result<Gradients> {
    let own = weights.iter().filter_map(|(name, weight)| {
        let gradient = found.remove(weight)?;
        // The transpose of a product stays a view until here.
        Some(
            gradient
                .contiguous()
                .map(|gradient| (name.clone(), gradient)),
        )
    });
    own.collect()
}

/// Adds a pass's gradients to those of the same step before it.
///
/// # Errors
/// Where candle fails.
pub fn accumulate(sum: &mut Gradients, found: Gradients) -> Result<()> {
    for (name, gradient) in found {
        let total = match sum.remove(&name) {
            Some(before) => (before + gradient)?,
            None => gradient,
        };
        sum.insert(name, total);
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
