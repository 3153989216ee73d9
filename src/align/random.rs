//! Numbers drawn for weights.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore as _;

/// Normally distributed numbers around zero, by the method of Box and Muller.
pub(in crate::align) fn normal(random: &mut ChaCha8Rng, count: usize, deviation: f32) -> Vec<f32> {
    let mut unit = || (random.next_u32() as f32 + 0.5) / 4_294_967_296.0;
    let mut draw = || {
        let radius = (-2.0 * libm::logf(unit().max(f32::MIN_POSITIVE))).sqrt();
        radius * libm::cosf(std::f32::consts::TAU * unit()) * deviation
    };
    (0..count).map(|_| draw()).collect()
}
