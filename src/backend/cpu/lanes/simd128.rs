//! Lanes as WebAssembly's 128-bit vectors, without the relaxed instructions.

use core::arch::wasm32::{
    f32x4_add, f32x4_convert_i32x4, f32x4_mul, f32x4_splat, i16x8_extend_high_i8x16,
    i16x8_extend_low_i8x16, i32x4_add, i32x4_dot_i16x8, i32x4_splat, v128, v128_load, v128_store,
};

use super::Lanes;

/// `v128` vectors. The module does not load where the browser lacks them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Simd128;

impl Lanes for Simd128 {
    const NAME: &'static str = "simd128";
    type Float = v128;
    type Int = v128;
    type Pairs = v128;

    #[inline(always)]
    fn splat(value: f32) -> v128 {
        f32x4_splat(value)
    }

    #[inline(always)]
    fn load(values: &[f32; 4]) -> v128 {
        // SAFETY: the reference guarantees 16 readable bytes; wasm loads need no alignment.
        unsafe { v128_load(values.as_ptr().cast()) }
    }

    #[inline(always)]
    fn store(values: v128) -> [f32; 4] {
        let mut out = [0.0; 4];
        // SAFETY: `out` is 16 writable bytes; wasm stores need no alignment.
        unsafe { v128_store(out.as_mut_ptr().cast(), values) };
        out
    }

    #[inline(always)]
    fn add(a: v128, b: v128) -> v128 {
        f32x4_add(a, b)
    }

    #[inline(always)]
    fn mul(a: v128, b: v128) -> v128 {
        f32x4_mul(a, b)
    }

    #[inline(always)]
    fn zero() -> v128 {
        i32x4_splat(0)
    }

    #[inline(always)]
    fn to_float(values: v128) -> v128 {
        f32x4_convert_i32x4(values)
    }

    #[inline(always)]
    fn pairs(codes: &[i8; 16]) -> [v128; 2] {
        // SAFETY: the reference guarantees 16 readable bytes; wasm loads need no alignment.
        let codes = unsafe { v128_load(codes.as_ptr().cast()) };
        [
            i16x8_extend_low_i8x16(codes),
            i16x8_extend_high_i8x16(codes),
        ]
    }

    #[inline(always)]
    fn dot_pair(acc: v128, codes: v128, x: [i16; 2]) -> v128 {
        let pair = i32::from(x[1]) << 16 | i32::from(x[0] as u16);
        i32x4_add(acc, i32x4_dot_i16x8(codes, i32x4_splat(pair)))
    }
}
