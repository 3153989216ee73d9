//! The weights of causal attention.

use candle_core::{D, DType, Device, Result, Tensor};
use rayon::prelude::*;

use super::exp::exp;
use super::fused::{Fused, Kernel, in_parallel, is_fused, rows_at_once};

/// Softmax of `scale * scores` over the last dimension, of `len` keys; row `r` stands for
/// the query at `r % len` and sees the keys up to itself.
pub(in super::super) fn causal_softmax(scores: &Tensor, scale: f32) -> Result<Tensor> {
    let len = scores.dim(D::Minus1)?;
    if is_fused(scores) {
        return scores.apply_op1(Fused(CausalSoftmax { len, scale }));
    }
    composed(&scores.to_dtype(DType::F32)?, scale)?.to_dtype(scores.dtype())
}

pub(super) fn composed(scores: &Tensor, scale: f32) -> Result<Tensor> {
    let (rows, len) = (scores.dim(D::Minus2)?, scores.dim(D::Minus1)?);
    let mask = future(rows, len, scores.device())?.to_dtype(scores.dtype())?;
    let scores = (scores * f64::from(scale))?.broadcast_add(&mask)?;
    let largest = scores.max_keepdim(D::Minus1)?;
    let weights = scores.broadcast_sub(&largest)?.exp()?;
    weights.broadcast_div(&weights.sum_keepdim(D::Minus1)?)
}

/// Minus infinity, as far as a sum needs it, where the key comes after the query.
fn future(rows: usize, len: usize, device: &Device) -> Result<Tensor> {
    let mask = (0..rows).flat_map(|row| (0..len).map(move |key| key > row % len));
    let mask = mask.map(|hidden| if hidden { -1e9f32 } else { 0.0 });
    Tensor::from_vec(mask.collect(), (rows, len), device)?.to_dtype(DType::F32)
}

struct CausalSoftmax {
    len: usize,
    scale: f32,
}

impl Kernel for CausalSoftmax {
    const NAME: &'static str = "causal_softmax";

    fn forward(&self, args: &[&[f32]], out: &mut [f32]) {
        let (scores, len) = (args[0], self.len);
        in_parallel(out, len, |first, part| {
            let rows = part.chunks_exact_mut(len).zip(first..);
            for (out, row) in rows {
                let seen = row % len + 1;
                let scores = &scores[row * len..][..seen];
                let out = &mut out[..seen];
                let largest = scores.iter().fold(f32::NEG_INFINITY, |a, b| a.max(*b));
                for (out, score) in out.iter_mut().zip(scores) {
                    *out = exp((score - largest) * self.scale);
                }
                let sum: f32 = out.iter().sum();
                out.iter_mut().for_each(|out| *out /= sum);
            }
        });
    }

    /// `ds = scale * p * (g - sum(g p))`.
    fn backward(&self, _: &[&[f32]], weights: &[f32], grad: &[f32]) -> Vec<Vec<f32>> {
        let len = self.len;
        let rows = rows_at_once(len);
        let mut out = vec![0.0; grad.len()];
        (out.par_chunks_mut(rows * len).enumerate()).for_each(|(group, part)| {
            for (out, row) in part.chunks_exact_mut(len).zip(group * rows..) {
                let seen = row % len + 1;
                let (weights, grad) = (&weights[row * len..][..seen], &grad[row * len..][..seen]);
                let sum: f32 = weights.iter().zip(grad).map(|(p, g)| p * g).sum();
                for (out, (p, g)) in out.iter_mut().zip(weights.iter().zip(grad)) {
                    *out = self.scale * p * (g - sum);
                }
            }
        });
        vec![out]
    }
}
