//! Q4_0: 32 codes of 4 bits less 8, one scale.

use bytemuck::{Pod, Zeroable};

use super::Dtype;
use super::block::{BlockFormat, half};

/// One block.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Block {
    /// Scale, half float.
    pub d: [u8; 2],
    /// Code `i` in the low half of byte `i`, code `i + 16` in the high half.
    pub qs: [u8; 16],
}

const _: () = assert!(size_of::<Block>() == Dtype::Q4_0.block_bytes());

impl BlockFormat for Block {
    const DTYPE: Dtype = Dtype::Q4_0;
    const GROUP: usize = 32;

    fn unpack(&self, codes: &mut [i8], scales: &mut [f32], _offsets: &mut [f32]) {
        scales[0] = half(self.d);
        for (i, byte) in self.qs.into_iter().enumerate() {
            codes[i] = (byte & 15) as i8 - 8;
            codes[i + 16] = (byte >> 4) as i8 - 8;
        }
    }
}
