//! GGUF block formats: how weights are stored.
//!
//! Every quantized format is the same idea, `weight = scale * code + offset`, with one
//! scale and offset for a group of 16 or 32 codes that fit an `i8`. Each format's file
//! says how its bytes hold those ([`BlockFormat::unpack`] is the "dequantize" of the
//! format, exact and lossless); the sum `scale * code + offset` is formed by who needs it.
//! Nothing here multiplies matrices. Source: `ggml/src/ggml-quants.c`.

mod block;
mod dtype;
mod q2_k;
mod q3_k;
pub mod q4_0;
mod q4_1;
pub mod q4_k;
mod q5_0;
mod q5_1;
pub mod q5_k;
pub mod q6_k;
pub mod q8_0;
pub mod scales_k4;

pub use block::{BlockFormat, Groups, dequantize, unpack};
pub use dtype::Dtype;
