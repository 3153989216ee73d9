//! The exponential, in a form that compilers vectorize.

/// `e^x` to about 2 ulp; below -87 it is 0.
///
/// `x = n ln 2 + r` with `|r| <= ln 2 / 2`; the polynomial is the Taylor series to the
/// sixth order.
#[inline]
pub(super) fn exp(x: f32) -> f32 {
    const SHIFT: f32 = 12_582_912.0; // 1.5 * 2^23: adding it rounds to a whole number
    let shifted = x.clamp(-87.0, 88.0) * std::f32::consts::LOG2_E + SHIFT;
    let n = shifted - SHIFT;
    let r = x.clamp(-87.0, 88.0) - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let p = 1.0 / 720.0;
    let p = p * r + 1.0 / 120.0;
    let p = p * r + 1.0 / 24.0;
    let p = p * r + 1.0 / 6.0;
    let p = p * r + 0.5;
    let p = (p * r + 1.0) * r + 1.0;
    let scale = f32::from_bits(((n as i32 + 127) << 23) as u32);
    if x < -87.0 { 0.0 } else { p * scale }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_exponential() {
        for i in -8600..8700 {
            let x = i as f32 / 100.0;
            let (ours, true_value) = (f64::from(exp(x)), f64::from(x).exp());
            assert!((ours / true_value - 1.0).abs() < 4e-7, "{x}: {ours}");
        }
        assert_eq!(exp(-100.0), 0.0);
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(f32::NAN).is_nan());
    }
}
