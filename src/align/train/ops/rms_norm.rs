//! Root-mean-square normalisation of rows.

use candle_core::{D, DType, Result, Tensor};
use rayon::prelude::*;

use super::fused::{Fused, Kernel, in_parallel, is_fused, rows_at_once};

/// `x / sqrt(mean(x^2) + eps) * weight` over the last dimension.
pub(in super::super) fn rms_norm(x: &Tensor, weight: &Tensor, eps: f32) -> Result<Tensor> {
    if is_fused(x) {
        return x.contiguous()?.apply_op2(weight, Fused(RmsNorm { eps }));
    }
    let (wide, weight) = (x.to_dtype(DType::F32)?, weight.to_dtype(DType::F32)?);
    composed(&wide, &weight, eps)?.to_dtype(x.dtype())
}

pub(super) fn composed(x: &Tensor, weight: &Tensor, eps: f32) -> Result<Tensor> {
    let mean = (x.sqr()?.mean_keepdim(D::Minus1)? + f64::from(eps))?;
    x.broadcast_div(&mean.sqrt()?)?.broadcast_mul(weight)
}

struct RmsNorm {
    eps: f32,
}

impl RmsNorm {
    fn scale(&self, x: &[f32]) -> f32 {
        1.0 / (dot(x, x) / x.len() as f32 + self.eps).sqrt()
    }
}

impl Kernel for RmsNorm {
    const NAME: &'static str = "rms_norm";

    fn forward(&self, args: &[&[f32]], out: &mut [f32]) {
        let (x, weight) = (args[0], args[1]);
        let width = weight.len();
        in_parallel(out, width, |first, part| {
            let x = x[first * width..].chunks_exact(width);
            for (out, x) in part.chunks_exact_mut(width).zip(x) {
                let scale = self.scale(x);
                for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
                    *out = x * scale * weight;
                }
            }
        });
    }

    /// With `n = x * scale`: `dx = scale * (g w - n * mean(g w n))` and `dw = sum(g n)`.
    fn backward(&self, args: &[&[f32]], _: &[f32], grad: &[f32]) -> Vec<Vec<f32>> {
        let (x, weight) = (args[0], args[1]);
        let width = weight.len();
        let part = rows_at_once(width) * width;
        let mut of_x = vec![0.0; x.len()];
        let parts = (of_x.par_chunks_mut(part)).zip(x.par_chunks(part).zip(grad.par_chunks(part)));
        let sums: Vec<Vec<f32>> = parts
            .map(|(of_x, (x, grad))| {
                let mut of_weight = vec![0.0; width];
                let rows = x.chunks_exact(width).zip(grad.chunks_exact(width));
                for (of_x, (x, grad)) in of_x.chunks_exact_mut(width).zip(rows) {
                    let scale = self.scale(x);
                    for (i, out) in of_x.iter_mut().enumerate() {
                        *out = grad[i] * weight[i];
                        of_weight[i] += grad[i] * x[i] * scale;
                    }
                    let mean = dot(of_x, x) * scale * scale / width as f32;
                    for (out, x) in of_x.iter_mut().zip(x) {
                        *out = scale * (*out - x * mean);
                    }
                }
                of_weight
            })
            .collect();
        // In order, so that the same bits come out for any number of threads.
        let mut of_weight = vec![0.0; width];
        for sum in &sums {
            of_weight.iter_mut().zip(sum).for_each(|(a, b)| *a += b);
        }
        vec![of_x, of_weight]
    }
}

/// The sum of products, in eight partial sums that fit a vector register.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let (a, b) = (a.chunks(8), b.chunks(8));
    for (a, b) in a.zip(b) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}
