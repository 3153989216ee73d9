//! Code products that every x86-64 processor has: bytes widened to 16 bits.

use core::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_madd_epi16, _mm_packs_epi32, _mm_setzero_si128, _mm_srai_epi16,
    _mm_srai_epi32, _mm_unpackhi_epi8, _mm_unpacklo_epi8, _mm_unpacklo_epi16,
};

use super::products::Products;
use super::x86::{load8, sse2};

/// Products of 16-bit integers, summed in 32 bits: of the rows 0 and 1, and 2 and 3.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sse2;

impl Products for Sse2 {
    const NAME: &'static str = "sse2";
    type Vector = __m128i;
    type Sum = [__m128i; 2];

    #[inline(always)]
    fn widen_signed(bytes: &[i8; 8]) -> __m128i {
        Self::quad(load8(bytes))
    }

    #[inline(always)]
    fn quad(x: __m128i) -> __m128i {
        sse2!(_mm_srai_epi16(_mm_unpacklo_epi8(x, x), 8))
    }

    #[inline(always)]
    fn start(values: __m128i) -> [__m128i; 2] {
        sse2!([_mm_srai_epi32(_mm_unpacklo_epi16(values, values), 16); 2])
    }

    #[inline(always)]
    fn dot([low, high]: [__m128i; 2], codes: __m128i, x: __m128i) -> [__m128i; 2] {
        sse2! {
            let zero = _mm_setzero_si128();
            [
                _mm_add_epi32(low, _mm_madd_epi16(_mm_unpacklo_epi8(codes, zero), x)),
                _mm_add_epi32(high, _mm_madd_epi16(_mm_unpackhi_epi8(codes, zero), x)),
            ]
        }
    }

    /// The sums fit 16 bits in the end.
    #[inline(always)]
    fn finish([low, high]: [__m128i; 2], factors: __m128i) -> __m128i {
        sse2!(_mm_madd_epi16(_mm_packs_epi32(low, high), factors))
    }
}
