//! The AdamW optimizer's step (arXiv 1711.05101), but for the decay, which all weights share.

use candle_core::{Result, Tensor};

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.95;
const EPSILON: f64 = 1e-8;

/// The running means of the gradient and of its square after this gradient, the `steps`th,
/// and the step to take along.
///
/// # Errors
/// Where candle fails.
pub(super) fn update(
    (first, second): (Tensor, Tensor),
    gradient: &Tensor,
    steps: u64,
) -> Result<((Tensor, Tensor), Tensor)> {
    let steps = steps as i32;
    let first = ((first * BETA_1)? + (gradient * (1.0 - BETA_1))?)?;
    let second = ((second * BETA_2)? + (gradient.sqr()? * (1.0 - BETA_2))?)?;
    let unbias = |beta: f64| 1.0 / (1.0 - beta.powi(steps));
    let size = ((&second * unbias(BETA_2))?.sqrt()? + EPSILON)?;
    let step = ((&first * unbias(BETA_1))? / size)?;
    Ok(((first, second), step))
}
