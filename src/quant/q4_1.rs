//! Q4_1: 32 codes of 4 bits, one scale, one minimum.

use bytemuck::{Pod, Zeroable};

use super::Dtype;
use super::block::{BlockFormat, half};

/// One block.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Block {
    /// Scale, half float.
    d: [u8; 2],
    /// Minimum, half float.
    m: [u8; 2],
    /// Code `i` in the low half of byte `i`, code `i + 16` in the high half.
    qs: [u8; 16],
}

const _: () = assert!(size_of::<Block>() == Dtype::Q4_1.block_bytes());

impl BlockFormat for Block {
    const DTYPE: Dtype = Dtype::Q4_1;
    const GROUP: usize = 32;

    fn unpack(&self, codes: &mut [i8], scales: &mut [f32], offsets: &mut [f32]) {
        scales[0] = half(self.d);
        offsets[0] = half(self.m);
        for (i, byte) in self.qs.into_iter().enumerate() {
            codes[i] = (byte & 15) as i8;
            codes[i + 16] = (byte >> 4) as i8;
        }
    }
}
