//! Q5_K: 8 groups of 32 codes of 5 bits, with 6-bit scales and minimums.

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
    /// Fifth bit: bit `group` of byte `i` belongs to code `32 * group + i`.
    pub qh: [u8; 32],
    /// Low four bits, laid out as in Q4_K.
    pub qs: [u8; 128],
}

const _: () = assert!(size_of::<Block>() == Dtype::Q5_K.block_bytes());

impl BlockFormat for Block {
    const DTYPE: Dtype = Dtype::Q5_K;
    const GROUP: usize = 32;

    fn unpack(&self, codes: &mut [i8], scales: &mut [f32], offsets: &mut [f32]) {
        scales_k4::unpack(&self.scales, half(self.d), half(self.dmin), scales, offsets);
        for (i, code) in codes.iter_mut().enumerate() {
            let low = self.qs[i / 64 * 32 + i % 32] >> (i % 64 / 32 * 4) & 15;
            let high = self.qh[i % 32] >> (i / 32) & 1;
            *code = (low | high << 4) as i8;
        }
    }
}
