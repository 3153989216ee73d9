//! The gated activation of the feed-forward layer.

use candle_core::{Result, Tensor};
use rayon::prelude::*;

use super::exp::exp;
use super::fused::{Fused, Kernel, in_parallel, is_fused};

/// `silu(gate) * up`.
pub(in super::super) fn swiglu(gate: &Tensor, up: &Tensor) -> Result<Tensor> {
    if is_fused(gate) {
        return gate.apply_op2(up, Fused(Swiglu));
    }
    composed(gate, up)
}

pub(super) fn composed(gate: &Tensor, up: &Tensor) -> Result<Tensor> {
    gate.silu()? * up
}

struct Swiglu;

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

impl Kernel for Swiglu {
    const NAME: &'static str = "swiglu";

    fn forward(&self, args: &[&[f32]], out: &mut [f32]) {
        in_parallel(out, 1, |first, part| {
            let args = args[0][first..].iter().zip(&args[1][first..]);
            for (out, (gate, up)) in part.iter_mut().zip(args) {
                *out = gate * sigmoid(*gate) * up;
            }
        });
    }

    fn backward(&self, args: &[&[f32]], _: &[f32], grad: &[f32]) -> Vec<Vec<f32>> {
        const PART: usize = 1 << 14;
        let (gate, up) = (args[0], args[1]);
        let mut of_gate = vec![0.0; gate.len()];
        let mut of_up = vec![0.0; up.len()];
        let inputs = gate.par_chunks(PART).zip(up.par_chunks(PART));
        let outputs = of_gate.par_chunks_mut(PART).zip(of_up.par_chunks_mut(PART));
        (outputs.zip(inputs.zip(grad.par_chunks(PART)))).for_each(
            |((of_gate, of_up), ((gate, up), grad))| {
                for i in 0..grad.len() {
                    let s = sigmoid(gate[i]);
                    let silu = gate[i] * s;
                    of_up[i] = grad[i] * silu;
                    of_gate[i] = grad[i] * up[i] * (s + silu * (1.0 - s));
                }
            },
        );
        vec![of_gate, of_up]
    }
}
