//! `x * weightᵀ` for float weights.

use crate::backend::cpu::lanes::{Lanes, dot};
use crate::backend::cpu::pack::FloatMatrix;

/// `[n, cols]` to `[n, rows]`. Each weight row is read once for all rows of `x`.
pub fn matmul<L: Lanes>(weight: &FloatMatrix, x: &[f32]) -> Vec<f32> {
    let rows = weight.values.len() / weight.cols;
    let mut out = vec![0.0; x.len() / weight.cols * rows];
    for (r, w) in weight.values.chunks_exact(weight.cols).enumerate() {
        for (n, x) in x.chunks_exact(weight.cols).enumerate() {
            out[n * rows + r] = dot::<L>(w, x);
        }
    }
    out
}
