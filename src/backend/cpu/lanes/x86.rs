//! Lanes as the 128-bit vectors that every x86-64 processor has.

use core::arch::x86_64::{
    __m128, __m128i, _mm_add_epi32, _mm_add_ps, _mm_and_ps, _mm_and_si128, _mm_castps_si128,
    _mm_castsi128_ps, _mm_cvtepi32_ps, _mm_cvtps_epi32, _mm_cvtsi32_si128, _mm_div_ps,
    _mm_loadl_epi64, _mm_loadu_ps, _mm_loadu_si128, _mm_madd_epi16, _mm_max_ps, _mm_min_ps,
    _mm_mul_ps, _mm_or_si128, _mm_packs_epi16, _mm_packs_epi32, _mm_set1_epi8, _mm_set1_epi32,
    _mm_set1_ps, _mm_setzero_si128, _mm_sll_epi16, _mm_slli_epi32, _mm_srai_epi32, _mm_srl_epi16,
    _mm_srli_epi16, _mm_storeu_ps, _mm_storeu_si128, _mm_sub_ps, _mm_unpackhi_epi16,
    _mm_unpacklo_epi8, _mm_unpacklo_epi16,
};

use std::marker::PhantomData;

use super::Lanes;
use super::products::Products;

/// `__m128` and `__m128i` vectors, with the code products of `P`, or of `F` where the processor
/// has them.
#[derive(Debug, Clone, Copy, Default)]
pub struct X86<P, F = P>(PhantomData<(P, F)>);

/// Instructions of the baseline.
macro_rules! sse2 {
    ($($code:tt)*) => {{
        // SAFETY: every x86-64 processor has SSE2; memory is answered for where it is named.
        unsafe { $($code)* }
    }};
}

pub(super) use sse2;

/// Four integers to memory.
#[inline(always)]
fn store16<T: Copy, const N: usize>(values: __m128i, zero: T) -> [T; N] {
    const { assert!(size_of::<T>() * N == 16) };
    let mut out = [zero; N];
    // SAFETY: `out` is 16 writable bytes, as asserted; `storeu` needs no alignment.
    unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), values) };
    out
}

/// Eight bytes in the low half.
#[inline(always)]
pub(super) fn load8<T, const N: usize>(values: &[T; N]) -> __m128i {
    const { assert!(size_of::<T>() * N == 8) };
    // SAFETY: the reference guarantees 8 readable bytes; `loadl` needs no alignment.
    unsafe { _mm_loadl_epi64(values.as_ptr().cast()) }
}

impl<P: Products<Vector = __m128i>, F: Products<Vector = __m128i>> Lanes for X86<P, F> {
    const NAME: &'static str = P::NAME;
    type Faster = X86<F>;
    type Float = __m128;
    type Int = __m128i;
    type Short = __m128i;
    type Codes = __m128i;
    type Quad = __m128i;
    type Sum = P::Sum;

    fn has_faster() -> bool {
        F::NAME != P::NAME && F::is_there()
    }

    #[inline(always)]
    fn vectorize<R>(job: impl FnOnce() -> R) -> R {
        P::vectorize(job)
    }

    #[inline(always)]
    fn splat(value: f32) -> __m128 {
        sse2!(_mm_set1_ps(value))
    }

    #[inline(always)]
    fn load(values: &[f32; 4]) -> __m128 {
        // SAFETY: the reference guarantees 16 readable bytes; `loadu` needs no alignment.
        unsafe { _mm_loadu_ps(values.as_ptr()) }
    }

    #[inline(always)]
    fn store(values: __m128) -> [f32; 4] {
        let mut out = [0.0; 4];
        // SAFETY: `out` is 16 writable bytes; `storeu` needs no alignment.
        unsafe { _mm_storeu_ps(out.as_mut_ptr(), values) };
        out
    }

    #[inline(always)]
    fn add(a: __m128, b: __m128) -> __m128 {
        sse2!(_mm_add_ps(a, b))
    }

    #[inline(always)]
    fn sub(a: __m128, b: __m128) -> __m128 {
        sse2!(_mm_sub_ps(a, b))
    }

    #[inline(always)]
    fn mul(a: __m128, b: __m128) -> __m128 {
        sse2!(_mm_mul_ps(a, b))
    }

    #[inline(always)]
    fn div(a: __m128, b: __m128) -> __m128 {
        sse2!(_mm_div_ps(a, b))
    }

    /// The instruction gives its second operand where either is NaN.
    #[inline(always)]
    fn max(a: __m128, b: __m128) -> __m128 {
        sse2!(_mm_max_ps(b, a))
    }

    #[inline(always)]
    fn min(a: __m128, b: __m128) -> __m128 {
        sse2!(_mm_min_ps(b, a))
    }

    #[inline(always)]
    fn abs(a: __m128) -> __m128 {
        sse2!(_mm_and_ps(a, _mm_castsi128_ps(_mm_set1_epi32(i32::MAX))))
    }

    /// Exponent and mantissa move to their places in a float whose exponent is then 112
    /// too low; the product with 2¹¹² is exact, also for subnormal halves.
    #[inline(always)]
    fn halves(bits: &[u16; 4]) -> __m128 {
        sse2! {
            let bits = load8(bits);
            let wide = _mm_srai_epi32(_mm_unpacklo_epi16(bits, bits), 16);
            let placed = _mm_and_si128(
                _mm_slli_epi32(wide, 13),
                _mm_set1_epi32(0x8fff_ffffu32 as i32),
            );
            _mm_mul_ps(
                _mm_castsi128_ps(placed),
                _mm_set1_ps(f32::from_bits((127 + 112) << 23)),
            )
        }
    }

    #[inline(always)]
    fn power_of_two(shifted: __m128) -> __m128 {
        sse2! {
            let one = _mm_castps_si128(_mm_set1_ps(1.0));
            let exponent = _mm_slli_epi32(_mm_castps_si128(shifted), 23);
            _mm_castsi128_ps(_mm_add_epi32(one, exponent))
        }
    }

    #[inline(always)]
    fn zero() -> __m128i {
        sse2!(_mm_setzero_si128())
    }

    #[inline(always)]
    fn add_int(a: __m128i, b: __m128i) -> __m128i {
        sse2!(_mm_add_epi32(a, b))
    }

    #[inline(always)]
    fn to_float(values: __m128i) -> __m128 {
        sse2!(_mm_cvtepi32_ps(values))
    }

    /// As the processor rounds by default.
    #[inline(always)]
    fn shorts([a, b]: [__m128; 2]) -> [i16; 8] {
        sse2!(store16(
            _mm_packs_epi32(_mm_cvtps_epi32(a), _mm_cvtps_epi32(b)),
            0
        ))
    }

    #[inline(always)]
    fn bytes([a, b, c, d]: [__m128; 4]) -> [i8; 16] {
        sse2! {
            let low = _mm_packs_epi32(_mm_cvtps_epi32(a), _mm_cvtps_epi32(b));
            let high = _mm_packs_epi32(_mm_cvtps_epi32(c), _mm_cvtps_epi32(d));
            store16(_mm_packs_epi16(low, high), 0)
        }
    }

    #[inline(always)]
    fn widen(bytes: &[u8; 8]) -> __m128i {
        sse2!(_mm_unpacklo_epi8(load8(bytes), _mm_setzero_si128()))
    }

    #[inline(always)]
    fn widen_signed(bytes: &[i8; 8]) -> __m128i {
        P::widen_signed(bytes)
    }

    #[inline(always)]
    fn pair(&[a, b]: &[i16; 2]) -> __m128i {
        sse2!(_mm_set1_epi32(i32::from(a) & 0xffff | i32::from(b) << 16))
    }

    #[inline(always)]
    fn interleave(a: __m128i, b: __m128i) -> [__m128i; 2] {
        sse2!([_mm_unpacklo_epi16(a, b), _mm_unpackhi_epi16(a, b)])
    }

    #[inline(always)]
    fn pair_dot(a: __m128i, b: __m128i) -> __m128i {
        sse2!(_mm_madd_epi16(a, b))
    }

    #[inline(always)]
    fn codes(bytes: &[u8; 16]) -> __m128i {
        // SAFETY: the reference guarantees 16 readable bytes; `loadu` needs no alignment.
        unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
    }

    #[inline(always)]
    fn nibbles(bytes: __m128i) -> [__m128i; 2] {
        sse2! {
            let mask = _mm_set1_epi8(15);
            [
                _mm_and_si128(bytes, mask),
                _mm_and_si128(_mm_srli_epi16(bytes, 4), mask),
            ]
        }
    }

    /// Bits that cross into the other byte of a 16-bit lane end outside the mask.
    #[inline(always)]
    fn raise<const FROM: u32, const MASK: u8>(codes: __m128i, bytes: __m128i) -> __m128i {
        sse2! {
            let by = _mm_cvtsi32_si128((FROM as i32 - 4).abs());
            let moved = if FROM < 4 {
                _mm_sll_epi16(bytes, by)
            } else {
                _mm_srl_epi16(bytes, by)
            };
            _mm_or_si128(codes, _mm_and_si128(moved, _mm_set1_epi8(MASK as i8)))
        }
    }

    #[inline(always)]
    fn quad(&x: &[i8; 4]) -> __m128i {
        let word = i32::from_le_bytes(x.map(|x| x as u8));
        P::quad(sse2!(_mm_set1_epi32(word)))
    }

    #[inline(always)]
    fn start(values: &[i16; 2]) -> P::Sum {
        P::start(Self::pair(values))
    }

    #[inline(always)]
    fn dot(sum: P::Sum, codes: __m128i, x: __m128i) -> P::Sum {
        P::dot(sum, codes, x)
    }

    #[inline(always)]
    fn finish(sum: P::Sum, factors: __m128i) -> __m128i {
        P::finish(sum, factors)
    }
}
