//! Lanes as plain arrays: runs everywhere, and says what the others must do.

use half::f16;

use super::Lanes;

/// Arrays.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scalar;

impl Lanes for Scalar {
    const NAME: &'static str = "scalar";
    type Faster = Self;
    type Float = [f32; 4];
    type Int = [i32; 4];
    type Short = [i16; 8];
    type Codes = [u8; 16];
    type Quad = [i8; 4];
    type Sum = [i16; 8];

    #[inline(always)]
    fn splat(value: f32) -> [f32; 4] {
        [value; 4]
    }

    #[inline(always)]
    fn load(values: &[f32; 4]) -> [f32; 4] {
        *values
    }

    #[inline(always)]
    fn store(values: [f32; 4]) -> [f32; 4] {
        values
    }

    #[inline(always)]
    fn add(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|r| a[r] + b[r])
    }

    #[inline(always)]
    fn sub(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|r| a[r] - b[r])
    }

    #[inline(always)]
    fn mul(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|r| a[r] * b[r])
    }

    #[inline(always)]
    fn div(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|r| a[r] / b[r])
    }

    #[inline(always)]
    fn max(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|r| if a[r] < b[r] { b[r] } else { a[r] })
    }

    #[inline(always)]
    fn min(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|r| if b[r] < a[r] { b[r] } else { a[r] })
    }

    #[inline(always)]
    fn abs(a: [f32; 4]) -> [f32; 4] {
        a.map(f32::abs)
    }

    #[inline(always)]
    fn halves(bits: &[u16; 4]) -> [f32; 4] {
        bits.map(|bits| f16::from_bits(bits).to_f32())
    }

    #[inline(always)]
    fn power_of_two(shifted: [f32; 4]) -> [f32; 4] {
        let one = 1.0f32.to_bits();
        shifted.map(|shifted| f32::from_bits(one.wrapping_add(shifted.to_bits() << 23)))
    }

    #[inline(always)]
    fn zero() -> [i32; 4] {
        [0; 4]
    }

    #[inline(always)]
    fn add_int(a: [i32; 4], b: [i32; 4]) -> [i32; 4] {
        std::array::from_fn(|r| a[r].wrapping_add(b[r]))
    }

    #[inline(always)]
    fn to_float(values: [i32; 4]) -> [f32; 4] {
        values.map(|value| value as f32)
    }

    #[inline(always)]
    fn shorts(values: [[f32; 4]; 2]) -> [i16; 8] {
        std::array::from_fn(|i| values[i / 4][i % 4].round_ties_even() as i16)
    }

    #[inline(always)]
    fn bytes(values: [[f32; 4]; 4]) -> [i8; 16] {
        std::array::from_fn(|i| values[i / 4][i % 4].round_ties_even() as i8)
    }

    #[inline(always)]
    fn widen(bytes: &[u8; 8]) -> [i16; 8] {
        bytes.map(i16::from)
    }

    #[inline(always)]
    fn widen_signed(bytes: &[i8; 8]) -> [i16; 8] {
        bytes.map(i16::from)
    }

    #[inline(always)]
    fn pair(values: &[i16; 2]) -> [i16; 8] {
        std::array::from_fn(|i| values[i % 2])
    }

    #[inline(always)]
    fn interleave(a: [i16; 8], b: [i16; 8]) -> [[i16; 8]; 2] {
        let at = |i: usize| {
            if i.is_multiple_of(2) {
                a[i / 2]
            } else {
                b[i / 2]
            }
        };
        [std::array::from_fn(at), std::array::from_fn(|i| at(i + 8))]
    }

    #[inline(always)]
    fn pair_dot(a: [i16; 8], b: [i16; 8]) -> [i32; 4] {
        let product = |i: usize| i32::from(a[i]) * i32::from(b[i]);
        std::array::from_fn(|r| product(2 * r) + product(2 * r + 1))
    }

    #[inline(always)]
    fn codes(bytes: &[u8; 16]) -> [u8; 16] {
        *bytes
    }

    #[inline(always)]
    fn nibbles(bytes: [u8; 16]) -> [[u8; 16]; 2] {
        [bytes.map(|byte| byte & 15), bytes.map(|byte| byte >> 4)]
    }

    #[inline(always)]
    fn raise<const FROM: u32, const MASK: u8>(codes: [u8; 16], bytes: [u8; 16]) -> [u8; 16] {
        let moved = |byte: u8| (u16::from(byte) << 4 >> FROM) as u8 & MASK;
        std::array::from_fn(|i| codes[i] | moved(bytes[i]))
    }

    #[inline(always)]
    fn quad(x: &[i8; 4]) -> [i8; 4] {
        *x
    }

    #[inline(always)]
    fn start(values: &[i16; 2]) -> [i16; 8] {
        Self::pair(values)
    }

    #[inline(always)]
    fn dot(sum: [i16; 8], codes: [u8; 16], x: [i8; 4]) -> [i16; 8] {
        let product = |i: usize| i16::from(codes[i]) * i16::from(x[i % 4]);
        std::array::from_fn(|i| sum[i].wrapping_add(product(2 * i) + product(2 * i + 1)))
    }

    #[inline(always)]
    fn finish(sum: [i16; 8], factors: [i16; 8]) -> [i32; 4] {
        Self::pair_dot(sum, factors)
    }
}
