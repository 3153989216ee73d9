//! The operations that touch each value of a row once or twice: norm, rope, swiglu, sums.

use crate::backend::Heads;
use crate::backend::cpu::lanes::{Lanes, dot};

/// `x / sqrt(mean(x²) + eps) * weight`, over runs of `weight`'s length.
pub fn rms_norm<L: Lanes>(x: &[f32], weight: &[f32], eps: f32) -> Vec<f32> {
    let mut out = Vec::with_capacity(x.len());
    for row in x.chunks_exact(weight.len()) {
        let scale = 1.0 / (dot::<L>(row, row) / row.len() as f32 + eps).sqrt();
        out.extend(row.iter().zip(weight).map(|(x, w)| x * scale * w));
    }
    out
}

/// `x + y`, value by value.
pub fn add(x: &mut [f32], y: &[f32]) {
    for (x, y) in x.iter_mut().zip(y) {
        *x += y;
    }
}

/// Rotates the pairs `(i, i + dim/2)` of every head by `position * inv_freq[i]`.
///
/// Sine and cosine are taken once a row, not once a head.
pub fn rope(x: &mut [f32], heads: Heads, positions: &[u32], inv_freq: &[f32]) {
    for (row, &position) in x.chunks_exact_mut(heads.width()).zip(positions) {
        let angles: Vec<_> = (inv_freq.iter())
            .map(|freq| (position as f32 * freq).sin_cos())
            .collect();
        for head in row.chunks_exact_mut(heads.dim) {
            let (low, high) = head.split_at_mut(angles.len());
            for ((a, b), (sin, cos)) in low.iter_mut().zip(high).zip(&angles) {
                (*a, *b) = (*a * cos - *b * sin, *a * sin + *b * cos);
            }
        }
    }
}

/// `silu(gate) * up`, into `gate`.
pub fn swiglu(gate: &mut [f32], up: &[f32]) {
    for (g, u) in gate.iter_mut().zip(up) {
        *g = *g / (1.0 + (-*g).exp()) * u;
    }
}
