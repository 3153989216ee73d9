//! The 6-bit scales and minimums that Q4_K and Q5_K share.

/// Scales and minimums of the eight groups, each from 0 to 63.
#[derive(Debug, Clone, Copy)]
pub struct Bits {
    /// In units of the block's `d`.
    pub scales: [u8; 8],
    /// In units of the block's `dmin`.
    pub minimums: [u8; 8],
}

/// Takes the packed bits apart.
///
/// The first four scales and minimums lie in the low six bits of bytes 0..8; the others
/// have their low four bits in bytes 8..12 and their high two on top of bytes 0..8.
#[must_use]
pub fn bits(packed: &[u8; 12]) -> Bits {
    let low = |i: usize| packed[i] & 63;
    let high = |i: usize| packed[i] >> 6 << 4;
    Bits {
        scales: std::array::from_fn(|i| match i {
            0..4 => low(i),
            _ => packed[i + 4] & 15 | high(i - 4),
        }),
        minimums: std::array::from_fn(|i| match i {
            0..4 => low(i + 4),
            _ => packed[i + 4] >> 4 | high(i),
        }),
    }
}

/// Writes `d * scale` and `-(dmin * minimum)` of the eight groups.
pub(super) fn unpack(
    packed: &[u8; 12],
    d: f32,
    dmin: f32,
    scales: &mut [f32],
    offsets: &mut [f32],
) {
    let bits = bits(packed);
    for (scale, bits) in scales.iter_mut().zip(bits.scales) {
        *scale = d * f32::from(bits);
    }
    for (offset, bits) in offsets.iter_mut().zip(bits.minimums) {
        *offset = -(dmin * f32::from(bits));
    }
}
