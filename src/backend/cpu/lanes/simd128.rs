//! Lanes as WebAssembly's 128-bit vectors.

use core::arch::wasm32::{
    f32x4_abs, f32x4_add, f32x4_convert_i32x4, f32x4_div, f32x4_mul, f32x4_pmax, f32x4_pmin,
    f32x4_splat, f32x4_sub, i8x16_narrow_i16x8, i16x8_load_extend_i8x8, i16x8_load_extend_u8x8,
    i16x8_narrow_i32x4, i16x8_shl, i16x8_shuffle, i32x4_add, i32x4_dot_i16x8,
    i32x4_extend_low_i16x8, i32x4_shl, i32x4_splat, i32x4_sub, u8x16_splat, u16x8_shr, v128,
    v128_and, v128_load, v128_load32_splat, v128_load64_zero, v128_or, v128_store,
};
use std::marker::PhantomData;

use super::products::Products;
use super::{Lanes, SHIFT};

/// `v128` vectors, with the code products of `P`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Simd128<P>(PhantomData<P>);

/// Eight signed bytes, widened, in one instruction.
#[inline(always)]
pub(super) fn widen_signed(bytes: &[i8; 8]) -> v128 {
    // SAFETY: the reference guarantees 8 readable bytes; wasm loads need no alignment.
    unsafe { i16x8_load_extend_i8x8(bytes.as_ptr()) }
}

/// The nearest integers of magnitudes below 2²², in two instructions: browsers need eight to round
/// and convert, for the sake of numbers that no integer is near.
#[inline(always)]
fn nearest(values: v128) -> v128 {
    i32x4_sub(f32x4_add(values, f32x4_splat(SHIFT)), f32x4_splat(SHIFT))
}

impl<P: Products<Vector = v128>> Lanes for Simd128<P> {
    const NAME: &'static str = P::NAME;
    type Faster = Self;
    type Float = v128;
    type Int = v128;
    type Short = v128;
    type Codes = v128;
    type Quad = v128;
    type Sum = P::Sum;

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
    fn sub(a: v128, b: v128) -> v128 {
        f32x4_sub(a, b)
    }

    #[inline(always)]
    fn mul(a: v128, b: v128) -> v128 {
        f32x4_mul(a, b)
    }

    #[inline(always)]
    fn div(a: v128, b: v128) -> v128 {
        f32x4_div(a, b)
    }

    #[inline(always)]
    fn max(a: v128, b: v128) -> v128 {
        f32x4_pmax(a, b)
    }

    #[inline(always)]
    fn min(a: v128, b: v128) -> v128 {
        f32x4_pmin(a, b)
    }

    #[inline(always)]
    fn abs(a: v128) -> v128 {
        f32x4_abs(a)
    }

    /// Exponent and mantissa move to their places in a float whose exponent is then 112
    /// too low; the product with 2¹¹² is exact, also for subnormal halves.
    #[inline(always)]
    fn halves(bits: &[u16; 4]) -> v128 {
        // SAFETY: the reference guarantees 8 readable bytes; wasm loads need no alignment.
        let bits = i32x4_extend_low_i16x8(unsafe { v128_load64_zero(bits.as_ptr().cast()) });
        let placed = v128_and(i32x4_shl(bits, 13), i32x4_splat(0x8fff_ffffu32 as i32));
        f32x4_mul(placed, f32x4_splat(f32::from_bits((127 + 112) << 23)))
    }

    #[inline(always)]
    fn power_of_two(shifted: v128) -> v128 {
        i32x4_add(f32x4_splat(1.0), i32x4_shl(shifted, 23))
    }

    #[inline(always)]
    fn zero() -> v128 {
        i32x4_splat(0)
    }

    #[inline(always)]
    fn add_int(a: v128, b: v128) -> v128 {
        i32x4_add(a, b)
    }

    #[inline(always)]
    fn to_float(values: v128) -> v128 {
        f32x4_convert_i32x4(values)
    }

    #[inline(always)]
    fn shorts([a, b]: [v128; 2]) -> [i16; 8] {
        let mut out = [0; 8];
        let shorts = i16x8_narrow_i32x4(nearest(a), nearest(b));
        // SAFETY: `out` is 16 writable bytes; wasm stores need no alignment.
        unsafe { v128_store(out.as_mut_ptr().cast(), shorts) };
        out
    }

    #[inline(always)]
    fn bytes(values: [v128; 4]) -> [i8; 16] {
        let mut out = [0; 16];
        let [a, b, c, d] = values.map(nearest);
        let bytes = i8x16_narrow_i16x8(i16x8_narrow_i32x4(a, b), i16x8_narrow_i32x4(c, d));
        // SAFETY: `out` is 16 writable bytes; wasm stores need no alignment.
        unsafe { v128_store(out.as_mut_ptr().cast(), bytes) };
        out
    }

    #[inline(always)]
    fn widen(bytes: &[u8; 8]) -> v128 {
        // SAFETY: the reference guarantees 8 readable bytes; wasm loads need no alignment.
        unsafe { i16x8_load_extend_u8x8(bytes.as_ptr()) }
    }

    #[inline(always)]
    fn widen_signed(bytes: &[i8; 8]) -> v128 {
        P::widen_signed(bytes)
    }

    #[inline(always)]
    fn pair(values: &[i16; 2]) -> v128 {
        // SAFETY: the reference guarantees 4 readable bytes; wasm loads need no alignment.
        unsafe { v128_load32_splat(values.as_ptr().cast()) }
    }

    #[inline(always)]
    fn interleave(a: v128, b: v128) -> [v128; 2] {
        [
            i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(a, b),
            i16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(a, b),
        ]
    }

    #[inline(always)]
    fn pair_dot(a: v128, b: v128) -> v128 {
        i32x4_dot_i16x8(a, b)
    }

    #[inline(always)]
    fn codes(bytes: &[u8; 16]) -> v128 {
        // SAFETY: the reference guarantees 16 readable bytes; wasm loads need no alignment.
        unsafe { v128_load(bytes.as_ptr().cast()) }
    }

    /// Not with `u8x16_shr`, which browsers make of three instructions and a constant.
    #[inline(always)]
    fn nibbles(bytes: v128) -> [v128; 2] {
        let mask = u8x16_splat(15);
        [v128_and(bytes, mask), v128_and(u16x8_shr(bytes, 4), mask)]
    }

    /// Bits that cross into the other byte of a 16-bit lane end outside the mask.
    #[inline(always)]
    fn raise<const FROM: u32, const MASK: u8>(codes: v128, bytes: v128) -> v128 {
        let moved = if FROM < 4 {
            i16x8_shl(bytes, 4 - FROM)
        } else {
            u16x8_shr(bytes, FROM - 4)
        };
        v128_or(codes, v128_and(moved, u8x16_splat(MASK)))
    }

    #[inline(always)]
    fn quad(x: &[i8; 4]) -> v128 {
        // SAFETY: the reference guarantees 4 readable bytes; wasm loads need no alignment.
        P::quad(unsafe { v128_load32_splat(x.as_ptr().cast()) })
    }

    #[inline(always)]
    fn start(values: &[i16; 2]) -> P::Sum {
        P::start(Self::pair(values))
    }

    #[inline(always)]
    fn dot(sum: P::Sum, codes: v128, x: v128) -> P::Sum {
        P::dot(sum, codes, x)
    }

    #[inline(always)]
    fn finish(sum: P::Sum, factors: v128) -> v128 {
        P::finish(sum, factors)
    }
}
