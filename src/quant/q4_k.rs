//! Q4_K: 8 groups of 32 codes of 4 bits, with 6-bit scales and minimums.

use bytemuck::{Pod, Zeroable};

use super::block::{BlockFormat, half};
use super::{Dtype, scales_k4};

/// One block.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Block {
    /// Scale of the scales, half float.
    pub d: [u8; 2],
    /// Scale of the minimums, half float.
    pub dmin: [u8; 2],
    /// 6-bit scales and minimums of the eight groups.
    pub scales: [u8; 12],
    /// Four runs of 32 bytes; each holds two groups, low halves first.
    pub qs: [u8; 128],
}

const _: () = assert!(size_of::<Block>() == Dtype::Q4_K.block_bytes());

impl BlockFormat for Block {
    const DTYPE: Dtype = Dtype::Q4_K;
    const GROUP: usize = 32;

    fn unpack(&self, codes: &mut [i8], scales: &mut [f32], offsets: &mut [f32]) {
        scales_k4::unpack(&self.scales, half(self.d), half(self.dmin), scales, offsets);
        for (i, code) in codes.iter_mut().enumerate() {
            *code = (self.qs[i / 64 * 32 + i % 32] >> (i % 64 / 32 * 4) & 15) as i8;
        }
    }
}
