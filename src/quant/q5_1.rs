//! Q5_1: 32 codes of 5 bits, one scale, one minimum.

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
    /// Fifth bit of code `i` at bit `i`.
    qh: [u8; 4],
    /// Code `i` in the low half of byte `i`, code `i + 16` in the high half.
    qs: [u8; 16],
}

const _: () = assert!(size_of::<Block>() == Dtype::Q5_1.block_bytes());

impl BlockFormat for Block {
    const DTYPE: Dtype = Dtype::Q5_1;
    const GROUP: usize = 32;

    fn unpack(&self, codes: &mut [i8], scales: &mut [f32], offsets: &mut [f32]) {
        scales[0] = half(self.d);
        offsets[0] = half(self.m);
        let high = u32::from_le_bytes(self.qh);
        for (i, byte) in self.qs.into_iter().enumerate() {
            codes[i] = (byte & 15 | ((high >> i & 1) << 4) as u8) as i8;
            codes[i + 16] = (byte >> 4 | ((high >> (i + 16) & 1) << 4) as u8) as i8;
        }
    }
}
