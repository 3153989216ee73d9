//! Q2_K: 16 groups of 16 codes of 2 bits, with 4-bit scales and minimums.

use bytemuck::{Pod, Zeroable};

use super::Dtype;
use super::block::{BlockFormat, half};

/// One block.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Block {
    /// Scale (low half) and minimum (high half) of each group.
    scales: [u8; 16],
    /// Two runs of 32 bytes; each holds four runs of 32 codes, two bits apart.
    qs: [u8; 64],
    /// Scale of the scales, half float.
    d: [u8; 2],
    /// Scale of the minimums, half float.
    dmin: [u8; 2],
}

const _: () = assert!(size_of::<Block>() == Dtype::Q2_K.block_bytes());

impl BlockFormat for Block {
    const DTYPE: Dtype = Dtype::Q2_K;
    const GROUP: usize = 16;

    fn unpack(&self, codes: &mut [i8], scales: &mut [f32], offsets: &mut [f32]) {
        let (d, dmin) = (half(self.d), half(self.dmin));
        for (i, packed) in self.scales.into_iter().enumerate() {
            scales[i] = d * f32::from(packed & 15);
            offsets[i] = -(dmin * f32::from(packed >> 4));
        }
        for (i, code) in codes.iter_mut().enumerate() {
            *code = (self.qs[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2) & 3) as i8;
        }
    }
}
