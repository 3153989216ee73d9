//! Rotary positions.

use std::sync::Arc;

use candle_core::{Result, Tensor};

use super::fused::{Fused, Kernel, in_parallel, is_fused};

/// The angles of every position, and how a head's values are paired.
#[derive(Debug, Clone)]
pub(in super::super) struct Rope {
    /// Cosine and sine of each pair, position by position.
    table: Arc<[(f32, f32)]>,
    /// Pairs of a head.
    half: usize,
    /// Rotated pairs are neighbours, not half a head apart.
    adjacent: bool,
}

impl Rope {
    /// The angles of positions below `len` at these frequencies.
    pub fn new(inv_freq: &[f32], len: usize, adjacent: bool) -> Self {
        let angles = (0..len).flat_map(|at| inv_freq.iter().map(move |f| at as f32 * f));
        Self {
            table: angles.map(|a| (libm::cosf(a), libm::sinf(a))).collect(),
            half: inv_freq.len(),
            adjacent,
        }
    }

    /// Where the pair's values stand in their head.
    fn pair(&self, i: usize) -> (usize, usize) {
        match self.adjacent {
            true => (2 * i, 2 * i + 1),
            false => (i, i + self.half),
        }
    }
}

/// Rotates `[.., len, heads, dim]` by position.
pub(in super::super) fn rope(x: &Tensor, rope: &Rope) -> Result<Tensor> {
    let (len, heads) = (x.dim(x.rank() - 3)?, x.dim(x.rank() - 2)?);
    if is_fused(x) {
        let (rope, x) = (rope.clone(), x.contiguous()?);
        return x.apply_op1(Fused(Rotation { rope, len, heads }));
    }
    composed(x, rope)
}

pub(super) fn composed(x: &Tensor, rope: &Rope) -> Result<Tensor> {
    let (len, half) = (x.dim(x.rank() - 3)?, rope.half);
    let table = |of: fn(&(f32, f32)) -> f32| {
        let values: Vec<f32> = rope.table[..len * half].iter().map(of).collect();
        Tensor::from_vec(values, (len, 1, half), x.device())?.to_dtype(x.dtype())
    };
    let (cos, sin) = (table(|pair| pair.0)?, table(|pair| pair.1)?);
    let last = x.rank();
    let mut shape = x.dims()[..last - 1].to_vec();
    let pairs = match rope.adjacent {
        true => [half, 2],
        false => [2, half],
    };
    shape.extend(pairs);
    let axis = if rope.adjacent { last } else { last - 1 };
    let x_pairs = x.reshape(shape)?;
    let a = x_pairs.narrow(axis, 0, 1)?.squeeze(axis)?;
    let b = x_pairs.narrow(axis, 1, 1)?.squeeze(axis)?;
    let first = (a.broadcast_mul(&cos)? - b.broadcast_mul(&sin)?)?;
    let second = (a.broadcast_mul(&sin)? + b.broadcast_mul(&cos)?)?;
    Tensor::stack(&[first, second], axis)?.reshape(x.shape())
}

struct Rotation {
    rope: Rope,
    len: usize,
    heads: usize,
}

impl Rotation {
    /// `direction` is 1 to turn, -1 to turn back.
    fn turn(&self, x: &[f32], out: &mut [f32], direction: f32) {
        let half = self.rope.half;
        let row = self.heads * 2 * half;
        in_parallel(out, row, |first, part| {
            let x = x[first * row..].chunks_exact(row);
            for ((out, x), position) in part.chunks_exact_mut(row).zip(x).zip(first..) {
                let table = &self.rope.table[position % self.len * half..][..half];
                let heads = out.chunks_exact_mut(2 * half).zip(x.chunks_exact(2 * half));
                for (out, x) in heads {
                    for (i, (cos, sin)) in table.iter().enumerate() {
                        let (a, b) = self.rope.pair(i);
                        let sin = sin * direction;
                        (out[a], out[b]) = (x[a] * cos - x[b] * sin, x[a] * sin + x[b] * cos);
                    }
                }
            }
        });
    }
}

impl Kernel for Rotation {
    const NAME: &'static str = "rope";

    fn forward(&self, args: &[&[f32]], out: &mut [f32]) {
        self.turn(args[0], out, 1.0);
    }

    fn backward(&self, _: &[&[f32]], _: &[f32], grad: &[f32]) -> Vec<Vec<f32>> {
        let mut out = vec![0.0; grad.len()];
        self.turn(grad, &mut out, -1.0);
        vec![out]
    }
}
