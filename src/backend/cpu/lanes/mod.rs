//! The four-lane vector that every kernel is written over.

mod scalar;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd128;

pub use scalar::Scalar;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub use simd128::Simd128;

/// The best lanes of this build.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub type Best = Simd128;
/// The best lanes of this build.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub type Best = Scalar;

/// Four `f32` or `i32` lanes and the one integer product that the kernels need.
///
/// Every implementation gives the same bits: no fused multiply-add, no reordering.
pub trait Lanes: Copy + Default + std::fmt::Debug + 'static {
    /// Name of the instruction set.
    const NAME: &'static str;
    /// Four floats.
    type Float: Copy;
    /// Four integers.
    type Int: Copy;
    /// Eight 16-bit codes: a pair for each lane.
    type Pairs: Copy;

    /// `value` in every lane.
    fn splat(value: f32) -> Self::Float;
    /// Four floats from memory.
    fn load(values: &[f32; 4]) -> Self::Float;
    /// Four floats to memory.
    fn store(values: Self::Float) -> [f32; 4];
    /// `a + b`.
    fn add(a: Self::Float, b: Self::Float) -> Self::Float;
    /// `a * b`.
    fn mul(a: Self::Float, b: Self::Float) -> Self::Float;

    /// Zero in every lane.
    fn zero() -> Self::Int;
    /// Integers to floats, exact below 2²⁴.
    fn to_float(values: Self::Int) -> Self::Float;
    /// Sixteen codes as two vectors of pairs.
    fn pairs(codes: &[i8; 16]) -> [Self::Pairs; 2];
    /// Lane `r`: `acc[r] + codes[2r] * x[0] + codes[2r + 1] * x[1]`.
    fn dot_pair(acc: Self::Int, codes: Self::Pairs, x: [i16; 2]) -> Self::Int;
}

/// The inner product of two slices of equal length, in a fixed order.
#[inline]
pub fn dot<L: Lanes>(a: &[f32], b: &[f32]) -> f32 {
    let (a4, a_tail) = a.as_chunks::<4>();
    let (b4, b_tail) = b.as_chunks::<4>();
    let mut sums = [L::splat(0.0); 4];
    for (i, (a, b)) in a4.iter().zip(b4).enumerate() {
        let product = L::mul(L::load(a), L::load(b));
        sums[i % 4] = L::add(sums[i % 4], product);
    }
    let sum = L::add(L::add(sums[0], sums[1]), L::add(sums[2], sums[3]));
    let [s0, s1, s2, s3] = L::store(sum);
    let tail: f32 = a_tail.iter().zip(b_tail).map(|(a, b)| a * b).sum();
    (s0 + s1) + (s2 + s3) + tail
}

/// `out += factor * x`, value by value.
#[inline]
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
