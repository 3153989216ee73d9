//! Code products by the relaxed byte product, which is one instruction on most machines.
//!
//! Codes are its 7-bit operand and below 64, so every browser gives the same integers.

use core::arch::wasm32::{i16x8_add, i16x8_relaxed_dot_i8x16_i7x16, i32x4_dot_i16x8, v128};

use super::products::Products;
use super::simd128::widen_signed;

/// Products of bytes, summed in 16 bits.
#[derive(Debug, Clone, Copy, Default)]
pub struct Relaxed;

impl Products for Relaxed {
    const NAME: &'static str = "relaxed-simd128";
    type Vector = v128;
    type Sum = v128;

    #[inline(always)]
    fn widen_signed(bytes: &[i8; 8]) -> v128 {
        widen_signed(bytes)
    }

    #[inline(always)]
    fn quad(x: v128) -> v128 {
        x
    }

    #[inline(always)]
    fn start(values: v128) -> v128 {
        values
    }

    #[inline(always)]
    fn dot(sum: v128, codes: v128, x: v128) -> v128 {
        i16x8_add(sum, i16x8_relaxed_dot_i8x16_i7x16(x, codes))
    }

    #[inline(always)]
    fn finish(sum: v128, factors: v128) -> v128 {
        i32x4_dot_i16x8(sum, factors)
    }
}
