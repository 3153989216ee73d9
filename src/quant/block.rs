//! What every block format has in common: unpacking rows of blocks into groups of codes.

use bytemuck::Pod;
use half::{bf16, f16};

use super::{Dtype, q2_k, q3_k, q4_0, q4_1, q4_k, q5_0, q5_1, q5_k, q6_k, q8_0};

/// One block as it lies in a GGUF file.
pub trait BlockFormat: Pod {
    /// The type whose block this is.
    const DTYPE: Dtype;
    /// Codes that share a scale: 16 or 32.
    const GROUP: usize;

    /// Writes the block's codes, and for each group its scale and offset.
    ///
    /// `codes` has `DTYPE.block_len()` items, `scales` and `offsets` one item a group;
    /// `offsets` comes in as zeros.
    fn unpack(&self, codes: &mut [i8], scales: &mut [f32], offsets: &mut [f32]);
}

/// Quantized weights as codes with a scale and an offset a group.
#[derive(Debug, Clone, PartialEq)]
pub struct Groups {
    /// Codes that share a scale: 16 or 32.
    pub group: usize,
    /// One code a weight.
    pub codes: Vec<i8>,
    /// One scale a group.
    pub scales: Vec<f32>,
    /// One offset a group; zeros where the format has none.
    pub offsets: Vec<f32>,
}

/// The codes of whole blocks of `dtype`, or `None` where `dtype` is a float type.
///
/// Bytes past the last whole block are ignored.
#[must_use]
pub fn unpack(dtype: Dtype, bytes: &[u8]) -> Option<Groups> {
    match dtype {
        Dtype::F32 | Dtype::F16 | Dtype::BF16 => None,
        Dtype::Q4_0 => Some(unpack_blocks::<q4_0::Block>(bytes)),
        Dtype::Q4_1 => Some(unpack_blocks::<q4_1::Block>(bytes)),
        Dtype::Q5_0 => Some(unpack_blocks::<q5_0::Block>(bytes)),
        Dtype::Q5_1 => Some(unpack_blocks::<q5_1::Block>(bytes)),
        Dtype::Q8_0 => Some(unpack_blocks::<q8_0::Block>(bytes)),
        Dtype::Q2_K => Some(unpack_blocks::<q2_k::Block>(bytes)),
        Dtype::Q3_K => Some(unpack_blocks::<q3_k::Block>(bytes)),
        Dtype::Q4_K => Some(unpack_blocks::<q4_k::Block>(bytes)),
        Dtype::Q5_K => Some(unpack_blocks::<q5_k::Block>(bytes)),
        Dtype::Q6_K => Some(unpack_blocks::<q6_k::Block>(bytes)),
    }
}

/// The weights as floats: the meaning of every format.
#[must_use]
pub fn dequantize(dtype: Dtype, bytes: &[u8]) -> Vec<f32> {
    if let Some(groups) = unpack(dtype, bytes) {
        let group = groups.group;
        let scaled = groups.scales.iter().zip(&groups.offsets);
        return (groups.codes.chunks_exact(group).zip(scaled))
            .flat_map(|(codes, (scale, offset))| {
                codes
                    .iter()
                    .map(move |&code| scale * f32::from(code) + offset)
            })
            .collect();
    }
    let halves = || {
        bytes
            .chunks_exact(2)
            .map(|b| u16::from_le_bytes([b[0], b[1]]))
    };
    match dtype {
        Dtype::F16 => halves().map(|b| f16::from_bits(b).to_f32()).collect(),
        Dtype::BF16 => halves().map(|b| bf16::from_bits(b).to_f32()).collect(),
        _ => (bytes.chunks_exact(4))
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect(),
    }
}

/// A little-endian half float at the head of a block.
pub(super) fn half(bytes: [u8; 2]) -> f32 {
    f16::from_le_bytes(bytes).to_f32()
}

fn unpack_blocks<B: BlockFormat>(bytes: &[u8]) -> Groups {
    let len = B::DTYPE.block_len();
    let groups = len / B::GROUP;
    let blocks = bytes.len() / B::DTYPE.block_bytes();
    let mut out = Groups {
        group: B::GROUP,
        codes: vec![0; blocks * len],
        scales: vec![0.0; blocks * groups],
        offsets: vec![0.0; blocks * groups],
    };
    let parts = (out.codes.chunks_exact_mut(len))
        .zip(out.scales.chunks_exact_mut(groups))
        .zip(out.offsets.chunks_exact_mut(groups));
    for (raw, ((codes, scales), offsets)) in (bytes.chunks_exact(B::DTYPE.block_bytes())).zip(parts)
    {
        bytemuck::pod_read_unaligned::<B>(raw).unpack(codes, scales, offsets);
    }
    out
}
