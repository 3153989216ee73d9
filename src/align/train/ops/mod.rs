//! Operations of the forward pass whose gradients are written by hand.
//!
//! Each is one pass over memory where candle's own operations would take five to ten; on
//! other devices than the CPU, and in other types than 32-bit floats, they are composed of
//! those, which the tests take as the oracle.

mod attention;
mod cross_entropy;
mod exp;
mod fused;
mod rms_norm;
mod rope;
mod swiglu;

pub(super) use attention::causal_softmax;
pub(super) use cross_entropy::cross_entropy;
pub(super) use rms_norm::rms_norm;
pub(super) use rope::{Rope, rope};
pub(super) use swiglu::swiglu;

#[cfg(test)]
mod tests;
