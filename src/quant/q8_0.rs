//! Q8_0: 32 codes of 8 bits, one scale.

use bytemuck::{Pod, Zeroable};

use super::Dtype;
use super::block::{BlockFormat, half};

/// One block.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Block {
    /// Scale, half float.
    pub d: [u8; 2],
    /// The codes.
    pub qs: [i8; 32],
}

const _: () = assert!(size_of::<Block>() == Dtype::Q8_0.block_bytes());

impl BlockFormat for Block {
    const DTYPE: Dtype = Dtype::Q8_0;
    const GROUP: usize = 32;

    fn unpack(&self, codes: &mut [i8], scales: &mut [f32], _offsets: &mut [f32]) {
        scales[0] = half(self.d);
        codes.copy_from_slice(&self.qs);
    }
}
