//! Q6_K: 16 groups of 16 codes of 6 bits less 32, with 8-bit scales.

use bytemuck::{Pod, Zeroable};

use super::Dtype;
use super::block::{BlockFormat, half};

/// One block.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Block {
    /// Low four bits: two runs of 64 bytes, each with 64 low halves, then 64 high halves.
    pub ql: [u8; 128],
    /// High two bits: two runs of 32 bytes; each holds four runs of 32 codes.
    pub qh: [u8; 64],
    /// The scales of the groups.
    pub scales: [i8; 16],
    /// Scale of the scales, half float.
    pub d: [u8; 2],
}

const _: () = assert!(size_of::<Block>() == Dtype::Q6_K.block_bytes());

impl BlockFormat for Block {
    const DTYPE: Dtype = Dtype::Q6_K;
    const GROUP: usize = 16;

    fn unpack(&self, codes: &mut [i8], scales: &mut [f32], _offsets: &mut [f32]) {
        let d = half(self.d);
        for (scale, factor) in scales.iter_mut().zip(self.scales) {
            *scale = d * f32::from(factor);
        }
        for (i, code) in codes.iter_mut().enumerate() {
            let low = self.ql[i / 128 * 64 + i % 64] >> (i % 128 / 64 * 4) & 15;
            let high = self.qh[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2) & 3;
            *code = (low | high << 4) as i8 - 32;
        }
    }
}
