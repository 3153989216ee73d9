//! The loss of each predicted token.

use std::sync::Arc;

use candle_core::{D, DType, Result, Tensor};

use super::exp::exp;
use super::fused::{Fused, Kernel, in_parallel, is_fused};

/// `-log softmax(logits)[target]` for each row of `[rows, vocabulary]`, in nats.
pub(in super::super) fn cross_entropy(logits: &Tensor, targets: &[u32]) -> Result<Tensor> {
    if is_fused(logits) {
        let targets = Arc::from(targets);
        return logits.apply_op1(Fused(CrossEntropy { targets }));
    }
    composed(&logits.to_dtype(DType::F32)?, targets)
}

pub(super) fn composed(logits: &Tensor, targets: &[u32]) -> Result<Tensor> {
    let largest = logits.max_keepdim(D::Minus1)?.detach();
    let logits = logits.broadcast_sub(&largest)?;
    let sums = logits.exp()?.sum(D::Minus1)?.log()?;
    let targets = Tensor::new(targets, logits.device())?.unsqueeze(1)?;
    sums - logits.gather(&targets, 1)?.squeeze(1)?
}

struct CrossEntropy {
    targets: Arc<[u32]>,
}

impl CrossEntropy {
    /// The largest logit, and the sum of the exponentials of the others' distances to it.
    fn sums(row: &[f32]) -> (f32, f32) {
        let largest = row.iter().fold(f32::NEG_INFINITY, |a, b| a.max(*b));
        let mut sums = [0.0f32; 8];
        for eight in row.chunks(8) {
            for (sum, logit) in sums.iter_mut().zip(eight) {
                *sum += exp(logit - largest);
            }
        }
        (largest, sums.iter().sum())
    }
}

impl Kernel for CrossEntropy {
    const NAME: &'static str = "cross_entropy";
    const DROPPED: usize = 1;

    fn forward(&self, args: &[&[f32]], out: &mut [f32]) {
        let (logits, vocabulary) = (args[0], args[0].len() / self.targets.len().max(1));
        in_parallel(out, 1, |first, part| {
            for (loss, row) in part.iter_mut().zip(first..) {
                let logits = &logits[row * vocabulary..][..vocabulary];
                let (largest, sum) = Self::sums(logits);
                *loss = sum.ln() + largest - logits[self.targets[row] as usize];
            }
        });
    }

    fn backward(&self, args: &[&[f32]], _: &[f32], grad: &[f32]) -> Vec<Vec<f32>> {
        let (logits, vocabulary) = (args[0], args[0].len() / self.targets.len().max(1));
        let mut out = vec![0.0; logits.len()];
        in_parallel(&mut out, vocabulary, |first, part| {
            for (out, row) in part.chunks_exact_mut(vocabulary).zip(first..) {
                let logits = &logits[row * vocabulary..][..vocabulary];
                let (largest, sum) = Self::sums(logits);
                let scale = grad[row] / sum;
                for (out, logit) in out.iter_mut().zip(logits) {
                    *out = exp(logit - largest) * scale;
                }
                out[self.targets[row] as usize] -= grad[row];
            }
        });
        vec![out]
    }
}
