//! Q3_K: 16 groups of 16 codes of 3 bits less 4, with 6-bit scales.

use bytemuck::{Pod, Zeroable};

use super::Dtype;
use super::block::{BlockFormat, half};

/// One block.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Block {
    /// Third bit: bit `run` of byte `i` belongs to code `32 * run + i`.
    hmask: [u8; 32],
    /// Low two bits, laid out as in Q2_K.
    qs: [u8; 64],
    /// 6-bit scales less 32: low four bits in bytes 0..8, high two in bytes 8..12.
    scales: [u8; 12],
    /// Scale of the scales, half float.
    d: [u8; 2],
}

const _: () = assert!(size_of::<Block>() == Dtype::Q3_K.block_bytes());

impl BlockFormat for Block {
    const DTYPE: Dtype = Dtype::Q3_K;
    const GROUP: usize = 16;

    fn unpack(&self, codes: &mut [i8], scales: &mut [f32], _offsets: &mut [f32]) {
        let d = half(self.d);
        for (i, scale) in scales.iter_mut().enumerate() {
            let low = self.scales[i % 8] >> (i / 8 * 4) & 15;
            let high = self.scales[8 + i % 4] >> (i / 4 * 2) & 3;
            *scale = d * f32::from((low | high << 4) as i8 - 32);
        }
        for (i, code) in codes.iter_mut().enumerate() {
            let low = self.qs[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2) & 3;
            let high = self.hmask[i % 32] >> (i / 32) & 1;
            *code = (low | high << 2) as i8 - 4;
        }
    }
}
