//! The gradients of a step: summed over its passes, and shortened where they are long.

use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use candle_core::{DType, Result, Tensor, Var};

use super::cores::each;

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

/// The sum of the gradients of a step's passes; each weight's on a core of its own.
///
/// # Errors
/// Where candle fails.
pub fn sum(passes: Vec<Gradients>) -> Result<Gradients> {
    let mut parts: BTreeMap<String, Vec<Tensor>> = BTreeMap::new();
    for (name, gradient) in passes.into_iter().flatten() {
        parts.entry(name).or_default().push(gradient);
    }
    let sums = each(parts.into_iter().collect(), |(name, parts)| {
        let mut total: Option<Tensor> = None;
        for part in parts {
            total = Some(match total {
                Some(before) => (before + part)?,
                None => part,
            });
        }
        Ok(total.map(|total| (name, total)))
    });
    sums.into_iter().filter_map(Result::transpose).collect()
}

/// Shortens the gradients, taken as one vector, to at most `longest`; returns the length
/// that they had.
///
/// # Errors
/// Where candle fails.
pub fn clip(gradients: &mut Gradients, longest: f64) -> Result<f64> {
    let squares = each(gradients.values().collect(), |gradient: &Tensor| {
        let sum = gradient.to_dtype(DType::F32)?.sqr()?.sum_all()?;
        sum.to_scalar::<f32>()
    });
    let squares: Result<Vec<f32>> = squares.into_iter().collect();
    let length = squares?.into_iter().map(f64::from).sum::<f64>().sqrt();
    if length > longest {
        let shortened = each(gradients.values_mut().collect(), |gradient| {
            *gradient = (&*gradient * (longest / length))?;
            Ok(())
        });
        shortened.into_iter().collect::<Result<()>>()?;
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
