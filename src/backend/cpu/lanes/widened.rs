//! Code products for browsers without the relaxed instructions: bytes widened to 16 bits.

use core::arch::wasm32::{
    i16x8_extend_low_i8x16, i32x4_add, i32x4_dot_i16x8, i32x4_extend_low_i16x8, i32x4_mul,
    i32x4_shr, i32x4_shuffle, u16x8_extend_high_u8x16, u16x8_extend_low_u8x16, v128,
};

use super::products::Products;
use super::simd128::widen_signed;

/// Products of 16-bit integers, summed in 32 bits: of the rows 0 and 1, and 2 and 3.
#[derive(Debug, Clone, Copy, Default)]
pub struct Widened;

impl Products for Widened {
    const NAME: &'static str = "simd128";
    type Vector = v128;
    type Sum = [v128; 2];

    #[inline(always)]
    fn widen_signed(bytes: &[i8; 8]) -> v128 {
        widen_signed(bytes)
    }

    #[inline(always)]
    fn quad(x: v128) -> v128 {
        i16x8_extend_low_i8x16(x)
    }

    #[inline(always)]
    fn start(values: v128) -> [v128; 2] {
        [i32x4_extend_low_i16x8(values); 2]
    }

    #[inline(always)]
    fn dot([low, high]: [v128; 2], codes: v128, x: v128) -> [v128; 2] {
        [
            i32x4_add(low, i32x4_dot_i16x8(u16x8_extend_low_u8x16(codes), x)),
            i32x4_add(high, i32x4_dot_i16x8(u16x8_extend_high_u8x16(codes), x)),
        ]
    }

    #[inline(always)]
    fn finish([low, high]: [v128; 2], factors: v128) -> v128 {
        let first = i32x4_shuffle::<0, 2, 4, 6>(low, high);
        let second = i32x4_shuffle::<1, 3, 5, 7>(low, high);
        i32x4_mul(i32x4_add(first, second), i32x4_shr(factors, 16))
    }
}
