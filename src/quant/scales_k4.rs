//! The 6-bit scales and minimums that Q4_K and Q5_K share.

/// Writes `d * scale` and `-(dmin * minimum)` of the eight groups.
///
/// The first four scales and minimums lie in the low six bits of bytes 0..8; the others
/// have their low four bits in bytes 8..12 and their high two on top of bytes 0..8.
pub(super) fn unpack(
    packed: &[u8; 12],
    d: f32,
    dmin: f32,
    scales: &mut [f32],
    offsets: &mut [f32],
) {
    for i in 0..8 {
        let (scale, minimum) = if i < 4 {
            (packed[i] & 63, packed[i + 4] & 63)
        } else {
            (
                packed[i + 4] & 15 | packed[i - 4] >> 6 << 4,
                packed[i + 4] >> 4 | packed[i] >> 6 << 4,
            )
        };
        scales[i] = d * f32::from(scale);
        offsets[i] = -(dmin * f32::from(minimum));
    }
}
