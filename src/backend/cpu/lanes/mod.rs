//! The four-lane vector that every kernel is written over.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(any(
    target_arch = "x86_64",
    all(target_arch = "wasm32", target_feature = "simd128")
))]
mod products;
#[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
mod relaxed;
mod scalar;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd128;
#[cfg(target_arch = "x86_64")]
mod sse2;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[cfg(not(target_feature = "relaxed-simd"))]
mod widened;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use scalar::Scalar;

use super::pack::Stored;

/// The best lanes of this build.
#[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
pub type Best = simd128::Simd128<relaxed::Relaxed>;
/// The best lanes of this build.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[cfg(not(target_feature = "relaxed-simd"))]
pub type Best = simd128::Simd128<widened::Widened>;
/// The best lanes of this build.
#[cfg(target_arch = "x86_64")]
pub type Best = x86::X86<sse2::Sse2, avx2::Avx2>;
/// Lanes that every processor has which the build is for.
#[cfg(target_arch = "x86_64")]
pub type Baseline = x86::X86<sse2::Sse2>;
/// The best lanes of this build.
#[cfg(not(any(
    target_arch = "x86_64",
    all(target_arch = "wasm32", target_feature = "simd128")
)))]
pub type Best = Scalar;

/// 128-bit vectors and the integer products that the kernels need.
///
/// Every implementation gives the same bits: no fused multiply-add, no reordering of
/// floats, and integer sums that cannot overflow.
pub trait Lanes: Copy + Default + std::fmt::Debug + Send + Sync + 'static {
    /// Name of the instruction set.
    const NAME: &'static str;
    /// The same with faster products, of instructions that not every processor has which the
    /// build is for; itself where there are none.
    type Faster: Lanes;
    /// Four floats.
    type Float: Copy;
    /// Four 32-bit integers.
    type Int: Copy;
    /// Eight 16-bit integers.
    type Short: Copy;
    /// Sixteen bytes: the codes of four rows in four columns, row after row.
    type Codes: Copy;
    /// Four activation codes, ready to meet those of each row.
    type Quad: Copy;
    /// Running sums of code products: two for each of four rows, of the columns
    /// 0 and 1 of each four and of the columns 2 and 3.
    type Sum: Copy;

    /// Whether the processor has [`Self::Faster`].
    fn has_faster() -> bool {
        false
    }
    /// Calls `job`, in which all products are made; it is compiled for the instructions.
    #[inline(always)]
    fn vectorize<R>(job: impl FnOnce() -> R) -> R {
        job()
    }

    /// `value` in every lane.
    fn splat(value: f32) -> Self::Float;
    /// Four floats from memory.
    fn load(values: &[f32; 4]) -> Self::Float;
    /// Four floats to memory.
    fn store(values: Self::Float) -> [f32; 4];
    /// `a + b`.
    fn add(a: Self::Float, b: Self::Float) -> Self::Float;
    /// `a - b`.
    fn sub(a: Self::Float, b: Self::Float) -> Self::Float;
    /// `a * b`.
    fn mul(a: Self::Float, b: Self::Float) -> Self::Float;
    /// `a / b`.
    fn div(a: Self::Float, b: Self::Float) -> Self::Float;
    /// The greater of `a` and `b`; `a` where either is NaN.
    fn max(a: Self::Float, b: Self::Float) -> Self::Float;
    /// The lesser of `a` and `b`; `a` where either is NaN.
    fn min(a: Self::Float, b: Self::Float) -> Self::Float;
    /// The magnitude.
    fn abs(a: Self::Float) -> Self::Float;
    /// Four half floats.
    fn halves(bits: &[u16; 4]) -> Self::Float;
    /// `2^n` for whole `n` from -126 to 127, given as `n +` [`SHIFT`].
    fn power_of_two(shifted: Self::Float) -> Self::Float;

    /// Zero in every lane.
    fn zero() -> Self::Int;
    /// `a + b`.
    fn add_int(a: Self::Int, b: Self::Int) -> Self::Int;
    /// Integers to floats, rounded where they are not exact.
    fn to_float(values: Self::Int) -> Self::Float;

    /// The nearest 16-bit integers, even ones where two are as near.
    fn shorts(values: [Self::Float; 2]) -> [i16; 8];
    /// The nearest bytes, even ones where two are as near.
    fn bytes(values: [Self::Float; 4]) -> [i8; 16];

    /// Eight unsigned bytes, widened.
    fn widen(bytes: &[u8; 8]) -> Self::Short;
    /// Eight signed bytes, widened.
    fn widen_signed(bytes: &[i8; 8]) -> Self::Short;
    /// A pair in every 32-bit lane.
    fn pair(values: &[i16; 2]) -> Self::Short;
    /// `a0 b0 a1 b1 a2 b2 a3 b3` and `a4 b4 .. a7 b7`.
    fn interleave(a: Self::Short, b: Self::Short) -> [Self::Short; 2];
    /// Lane `i`: `a[2i] * b[2i] + a[2i + 1] * b[2i + 1]`.
    fn pair_dot(a: Self::Short, b: Self::Short) -> Self::Int;

    /// Sixteen codes.
    fn codes(bytes: &[u8; 16]) -> Self::Codes;
    /// The low and the high four bits of each byte.
    fn nibbles(bytes: Self::Codes) -> [Self::Codes; 2];
    /// `codes` with more bits on top: those of `bytes` at bit `FROM` under `MASK`, moved
    /// to bit 4. `MASK` is what is left after moving: `0x10` or `0x30`.
    fn raise<const FROM: u32, const MASK: u8>(
        codes: Self::Codes,
        bytes: Self::Codes,
    ) -> Self::Codes;
    /// Four activation codes for each row.
    fn quad(x: &[i8; 4]) -> Self::Quad;
    /// Sums that begin with `values` in each row. A sum may overflow 16 bits on its way
    /// and must not in the end.
    fn start(values: &[i16; 2]) -> Self::Sum;
    /// Adds the products of codes from 0 to 63 with activation codes.
    fn dot(sum: Self::Sum, codes: Self::Codes, x: Self::Quad) -> Self::Sum;
    /// For each row, `factor * (first sum + second sum)`; `factors` holds each row's twice.
    fn finish(sum: Self::Sum, factors: Self::Short) -> Self::Int;
}

/// Added to a number below 2²², it leaves the nearest integer, even where two are as near, in the
/// low bits of the sum: floats of that size are whole.
pub const SHIFT: f32 = 12_582_912.0;

/// The inner product of two slices of equal length, in a fixed order.
#[inline(always)]
pub fn dot<L: Lanes>(a: &[f32], b: &[f32]) -> f32 {
    dot_stored::<L, f32>(a, b)
}

/// The inner product with floats as they are stored, in a fixed order.
#[inline(always)]
pub fn dot_stored<L: Lanes, S: Stored>(a: &[S], b: &[f32]) -> f32 {
    let (a4, a_tail) = a.as_chunks::<4>();
    let (b4, b_tail) = b.as_chunks::<4>();
    let mut sums = [L::splat(0.0); 4];
    for (i, (a, b)) in a4.iter().zip(b4).enumerate() {
        let product = L::mul(S::four::<L>(a), L::load(b));
        sums[i % 4] = L::add(sums[i % 4], product);
    }
    let tail: f32 = a_tail.iter().zip(b_tail).map(|(a, b)| a.value() * b).sum();
    total::<L>(sums) + tail
}

/// The sum of all lanes, in a fixed order.
#[inline(always)]
pub fn total<L: Lanes>(sums: [L::Float; 4]) -> f32 {
    let sum = L::add(L::add(sums[0], sums[1]), L::add(sums[2], sums[3]));
    let [s0, s1, s2, s3] = L::store(sum);
    (s0 + s1) + (s2 + s3)
}

/// `out += factor * x`, value by value.
#[inline(always)]
pub fn add_scaled<L: Lanes>(out: &mut [f32], factor: f32, x: &[f32]) {
    let (out4, out_tail) = out.as_chunks_mut::<4>();
    let (x4, x_tail) = x.as_chunks::<4>();
    let splat = L::splat(factor);
    for (out, x) in out4.iter_mut().zip(x4) {
        *out = L::store(L::add(L::load(out), L::mul(splat, L::load(x))));
    }
    for (out, x) in out_tail.iter_mut().zip(x_tail) {
        *out += factor * x;
    }
}

/// `e^x` to about `2e-7 + |x| * 8e-8` of its value, for `x` from -87 to 88; outside as at the border.
#[inline(always)]
pub fn exp<L: Lanes>(x: L::Float) -> L::Float {
    let x = L::mul(x, L::splat(std::f32::consts::LOG2_E));
    exp2::<L>(L::min(x, L::splat(127.0)))
}

/// `2^x` to about 2e-7 of its value, for `x` from -126 to 127; below as at -126.
///
/// `2^n * 2^r` with `|r| <= 1/2`, and for `2^r` the polynomial of degree 5 with the least greatest
/// relative error among those that are 1 at 0.
#[inline(always)]
pub fn exp2<L: Lanes>(x: L::Float) -> L::Float {
    #[expect(clippy::approx_constant, reason = "fitted, near ln(2) only")]
    const FACTORS: [f32; 5] = [9.671_523e-3, 5.550_734e-2, 2.402_224_2e-1, 6.931_47e-1, 1.0];
    let x = L::max(x, L::splat(-126.0));
    let shifted = L::add(x, L::splat(SHIFT));
    let r = L::sub(x, L::sub(shifted, L::splat(SHIFT)));
    let mut sum = L::splat(1.326_475_5e-3);
    for factor in FACTORS {
        sum = L::add(L::mul(sum, r), L::splat(factor));
    }
    L::mul(sum, L::power_of_two(shifted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials_are_as_close_as_they_say() {
        for step in -8700..=8800_i16 {
            let x = f32::from(step) / 100.0;
            let [value, ..] = Scalar::store(exp::<Scalar>(Scalar::splat(x)));
            let meant = f64::from(x).exp();
            let error = (f64::from(value) / meant - 1.0).abs();
            assert!(error < 2e-7 + f64::from(x.abs()) * 8e-8, "{x}: {error}");
            let [value, ..] = Scalar::store(exp2::<Scalar>(Scalar::splat(x)));
            let error = (f64::from(value) / f64::from(x).exp2() - 1.0).abs();
            assert!(error < 2e-7, "{x}: {error}");
        }
        let [least, ..] = Scalar::store(exp2::<Scalar>(Scalar::splat(f32::NEG_INFINITY)));
        assert!((0.0..2e-38).contains(&least));
        let [nan, ..] = Scalar::store(exp2::<Scalar>(Scalar::splat(f32::NAN)));
        assert!(nan.is_nan());
    }
}
