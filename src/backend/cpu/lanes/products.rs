//! What processors and browsers of one vector type differ in: how codes meet activations.

/// See [`super::Lanes`].
pub trait Products: Copy + Default + std::fmt::Debug + Send + Sync + 'static {
    /// Name of the instruction set.
    const NAME: &'static str;
    /// The 128-bit vector of integers.
    type Vector: Copy;
    /// [`super::Lanes::Sum`].
    type Sum: Copy;
    /// Whether the processor has the instructions.
    fn is_there() -> bool {
        true
    }
    /// [`super::Lanes::vectorize`].
    #[inline(always)]
    fn vectorize<R>(job: impl FnOnce() -> R) -> R {
        job()
    }
    /// [`super::Lanes::widen_signed`].
    fn widen_signed(bytes: &[i8; 8]) -> Self::Vector;
    /// [`super::Lanes::quad`], from four activation codes in each 32-bit lane.
    fn quad(x: Self::Vector) -> Self::Vector;
    /// [`super::Lanes::start`], from both values in each 32-bit lane.
    fn start(values: Self::Vector) -> Self::Sum;
    /// [`super::Lanes::dot`].
    fn dot(sum: Self::Sum, codes: Self::Vector, x: Self::Vector) -> Self::Sum;
    /// [`super::Lanes::finish`].
    fn finish(sum: Self::Sum, factors: Self::Vector) -> Self::Vector;
}
