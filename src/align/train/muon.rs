//! The Muon optimizer's step: a matrix moves along the nearest orthogonal matrix to its
//! gradient's running mean (Jordan et al. 2024; scaled as in arXiv 2502.16982).
//!
//! All directions of a matrix learn at the same pace, those that few examples ask for too:
//! looking things up is learned in far fewer steps than with [`super::adamw`].

use candle_core::{Result, Tensor};

const MOMENTUM: f64 = 0.95;
/// The mean size of the values of a step, such that `AdamW`'s learning rates fit.
const SIZE: f64 = 0.2;

/// Whether the weight of this name and rank is moved so: the matrices of the blocks are.
#[must_use]
pub(super) fn moves(name: &str, rank: usize) -> bool {
    rank == 2 && name.starts_with("blk.") && name.ends_with(".weight")
}

/// The running mean after this gradient, and the step to take along.
///
/// # Errors
/// Where candle fails.
pub(super) fn update(mean: &Tensor, gradient: &Tensor) -> Result<(Tensor, Tensor)> {
    let mean = ((mean * MOMENTUM)? + gradient)?;
    let ahead = ((&mean * MOMENTUM)? + gradient)?;
    let (rows, cols) = gradient.dims2()?;
    let size = SIZE * (rows.max(cols) as f64).sqrt();
    Ok((mean, (orthogonal(&ahead)? * size)?))
}

/// Five Newton-Schulz steps: singular values end between 0.7 and 1.2.
fn orthogonal(matrix: &Tensor) -> Result<Tensor> {
    let (rows, cols) = matrix.dims2()?;
    let flip = rows > cols;
    let wide = if flip {
        matrix.t()?.contiguous()?
    } else {
        matrix.clone()
    };
    let length = f64::from(wide.sqr()?.sum_all()?.to_scalar::<f32>()?).sqrt();
    let mut x = (wide / (length + 1e-7))?;
    for _ in 0..5 {
        let a = x.matmul(&x.t()?)?;
        let b = ((&a * -4.775)? + (a.matmul(&a)? * 2.0315)?)?;
        x = ((&x * 3.4445)? + b.matmul(&x)?)?;
    }
    if flip { x.t()?.contiguous() } else { Ok(x) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use candle_core::Device;

    /// A gradient of two directions of very different strength: both move alike.
    #[test]
    fn all_directions_move_alike() {
        let gradient = Tensor::new(&[[3f32, 0.0, 0.0], [0.0, 0.1, 0.0]], &Device::Cpu).unwrap();
        for (gradient, flip) in [(gradient.clone(), false), (gradient.t().unwrap(), true)] {
            let gradient = gradient.contiguous().unwrap();
            let (mean, step) = update(&gradient.zeros_like().unwrap(), &gradient).unwrap();
            assert_eq!(
                mean.to_vec2::<f32>().unwrap(),
                gradient.to_vec2::<f32>().unwrap()
            );
            let step = if flip { step.t().unwrap() } else { step };
            let step = step.to_vec2::<f32>().unwrap();
            let whole = SIZE as f32 * 3f32.sqrt();
            for (row, values) in step.iter().enumerate() {
                for (col, value) in values.iter().enumerate() {
                    let share = value / whole;
                    let fits = if row == col {
                        (0.5..1.3).contains(&share)
                    } else {
                        share.abs() < 1e-3
                    };
                    assert!(fits, "{row} {col}: {share}");
                }
            }
        }
    }

    #[test]
    fn matrices_of_blocks_are_moved_so_and_nothing_else() {
        assert!(moves("blk.0.attn_q.weight", 2));
        assert!(!moves("blk.0.attn_norm.weight", 1));
        assert!(!moves("token_embd.weight", 2) && !moves("output.weight", 2));
        assert!(!moves("blk.0.attn_q.weight.lora_a", 2));
    }
}
