//! Code products by the product of bytes. It came with SSSE3; what came with AVX2 too needs
//! fewer instructions, so it is that which is looked for while running.
//!
//! Codes are its unsigned operand and below 64, so a sum of two products fits 16 bits.

use core::arch::x86_64::{
    __m128i, _mm_add_epi16, _mm_cvtepi8_epi16, _mm_madd_epi16, _mm_maddubs_epi16,
};

use super::products::Products;
use super::x86::{load8, sse2};

/// Products of bytes, summed in 16 bits.
#[derive(Debug, Clone, Copy, Default)]
pub struct Avx2;

/// Calls `job`, which is compiled for the instructions where it is inlined.
#[target_feature(enable = "avx2")]
fn with_avx2<R>(job: impl FnOnce() -> R) -> R {
    job()
}

impl Products for Avx2 {
    const NAME: &'static str = "avx2";
    type Vector = __m128i;
    type Sum = __m128i;

    fn is_there() -> bool {
        is_x86_feature_detected!("avx2")
    }

    #[inline(always)]
    fn vectorize<R>(job: impl FnOnce() -> R) -> R {
        assert!(Self::is_there(), "lanes that the processor lacks");
        // SAFETY: the processor has the instructions, as asserted.
        unsafe { with_avx2(job) }
    }

    #[inline(always)]
    fn widen_signed(bytes: &[i8; 8]) -> __m128i {
        // SAFETY: as in `dot`; the instruction came with SSE4.1.
        unsafe { _mm_cvtepi8_epi16(load8(bytes)) }
    }

    #[inline(always)]
    fn quad(x: __m128i) -> __m128i {
        x
    }

    #[inline(always)]
    fn start(values: __m128i) -> __m128i {
        values
    }

    #[inline(always)]
    fn dot(sum: __m128i, codes: __m128i, x: __m128i) -> __m128i {
        // SAFETY: products are made within `vectorize`, which has seen the instruction.
        let products = unsafe { _mm_maddubs_epi16(codes, x) };
        sse2!(_mm_add_epi16(sum, products))
    }

    #[inline(always)]
    fn finish(sum: __m128i, factors: __m128i) -> __m128i {
        sse2!(_mm_madd_epi16(sum, factors))
    }
}
