//! The operations that touch each value of a row once or twice: norm, rope, swiglu, sums.

use std::slice::ChunksExact;

use crate::backend::Heads;
use crate::backend::cpu::lanes::{Lanes, dot, exp};

/// `x / sqrt(mean(x²) + eps) * weight`, for one row.
#[inline(always)]
pub fn rms_norm<L: Lanes>(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
    let scale = 1.0 / (dot::<L>(x, x) / x.len() as f32 + eps).sqrt();
    for ((out, x), w) in out.iter_mut().zip(x).zip(weight) {
        *out = x * scale * w;
    }
}

/// `x + y`, value by value.
pub fn add(x: &mut [f32], y: &[f32]) {
    for (x, y) in x.iter_mut().zip(y) {
        *x += y;
    }
}

/// Sine and cosine of `position * inv_freq[i]`, kept for the next call: every block wants the same.
#[derive(Debug, Default)]
pub struct Angles {
    positions: Vec<u32>,
    inv_freq: Vec<f32>,
    /// `[positions, inv_freq]`.
    values: Vec<[f32; 2]>,
}

impl Angles {
    /// Those of each position.
    pub fn of(&mut self, positions: &[u32], inv_freq: &[f32]) -> ChunksExact<'_, [f32; 2]> {
        if self.positions != positions || self.inv_freq != inv_freq {
            self.positions.clear();
            self.positions.extend_from_slice(positions);
            self.inv_freq.clear();
            self.inv_freq.extend_from_slice(inv_freq);
            self.values.clear();
            self.values.extend(positions.iter().flat_map(|&position| {
                inv_freq.iter().map(move |freq| {
                    let (sin, cos) = libm::sincosf(position as f32 * freq);
                    [sin, cos]
                })
            }));
        }
        // A file may say that nothing is to be rotated.
        self.values.chunks_exact(inv_freq.len().max(1))
    }
}

/// Rotates the pairs `(i, i + angles)` of every head of one row.
pub fn rope(row: &mut [f32], heads: Heads, angles: &[[f32; 2]]) {
    for head in row.chunks_exact_mut(heads.dim) {
        let (low, high) = head.split_at_mut(angles.len());
        for ((a, b), [sin, cos]) in low.iter_mut().zip(high).zip(angles) {
            (*a, *b) = (*a * cos - *b * sin, *a * sin + *b * cos);
        }
    }
}

/// `silu(gate) * up`, into `gate`.
#[inline(always)]
pub fn swiglu<L: Lanes>(gate: &mut [f32], up: &[f32]) {
    let (gate4, gate_tail) = gate.as_chunks_mut::<4>();
    let (up4, up_tail) = up.as_chunks::<4>();
    for (gate, up) in gate4.iter_mut().zip(up4) {
        *gate = swiglu4::<L>(gate, up);
    }
    for (gate, up) in gate_tail.iter_mut().zip(up_tail) {
        [*gate, ..] = swiglu4::<L>(&[*gate; 4], &[*up; 4]);
    }
}

#[inline(always)]
fn swiglu4<L: Lanes>(gate: &[f32; 4], up: &[f32; 4]) -> [f32; 4] {
    let gate = L::load(gate);
    let negative = L::sub(L::splat(0.0), gate);
    let below = L::add(L::splat(1.0), exp::<L>(negative));
    L::store(L::mul(L::div(gate, below), L::load(up)))
}
