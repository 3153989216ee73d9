//! How sure a number is: bootstrap intervals and paired tests, the same for the same seed.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

use crate::safety::cosa_score;

/// Resamples of a bootstrap.
const RESAMPLES: usize = 2000;

/// Sign patterns of a paired test.
const PERMUTATIONS: usize = 5000;

/// A value with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The value.
    pub value: f64,
    /// 2.5th percentile of the resamples.
    pub low: f64,
    /// 97.5th percentile of the resamples.
    pub high: f64,
}

/// The score of values by config, with the interval that comes from the choice of prompts:
/// each config's prompts are drawn anew, with replacement; the configs stay. One prompt less is
/// drawn than there are: the spread of `n` values about their own mean is too small by one in
/// `n` (Rao and Wu, 1988). Of a single prompt nothing can be told.
#[must_use]
pub fn bootstrap(configs: &[Vec<f64>], seed: u64) -> Estimate {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let less = |config: &Vec<f64>| vec![0.0; config.len().saturating_sub(1).max(1)];
    let mut drawn: Vec<Vec<f64>> = configs.iter().map(less).collect();
    let scores = (0..RESAMPLES)
        .map(|_| {
            for (target, source) in drawn.iter_mut().zip(configs) {
                for value in target {
                    *value = source[below(&mut random, source.len())];
                }
            }
            cosa_score(&drawn)
        })
        .collect();
    estimate(cosa_score(configs), scores)
}

/// Any statistic of a list, with the interval that comes from the choice of its items.
#[must_use]
pub fn resample<T: Copy>(items: &[T], seed: u64, statistic: impl Fn(&[T]) -> f64) -> Estimate {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let values = (0..RESAMPLES)
        .map(|_| {
            let draw = |_| items[below(&mut random, items.len())];
            statistic(&(0..items.len()).map(draw).collect::<Vec<_>>())
        })
        .collect();
    estimate(statistic(items), values)
}

/// A value and the middle 95 % of its resamples.
fn estimate(value: f64, mut resamples: Vec<f64>) -> Estimate {
    resamples.sort_by(f64::total_cmp);
    Estimate {
        value,
        low: resamples[RESAMPLES / 40],
        high: resamples[RESAMPLES - 1 - RESAMPLES / 40],
    }
}

/// How often a difference at least this large would come if each prompt's two values were
/// exchanged by chance: the two-sided p-value of a paired permutation test. `differences`
/// are by config, one for each prompt.
#[must_use]
pub fn paired_p_value(differences: &[Vec<f64>], seed: u64) -> f64 {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    // Sums of the same numbers in another order may differ in the last bits.
    let observed = cosa_score(differences).abs() - 1e-12;
    let mut signed = differences.to_vec();
    let extreme = (0..PERMUTATIONS).filter(|_| {
        for (target, source) in signed.iter_mut().zip(differences) {
            for (value, &difference) in target.iter_mut().zip(source) {
                let flip = random.next_u32() & 1 == 1;
                *value = if flip { -difference } else { difference };
            }
        }
        cosa_score(&signed).abs() >= observed
    });
    (extreme.count() + 1) as f64 / (PERMUTATIONS + 1) as f64
}

/// A number from 0 to `end - 1`, of which there is at least one; the bias of at most `end / 2^64` is below all notice.
pub(crate) fn below(random: &mut ChaCha8Rng, end: usize) -> usize {
    ((u128::from(random.next_u64()) * end as u128) >> 64) as usize
}

/// Puts items into a random order.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn shuffle<T>(items: &mut [T], random: &mut ChaCha8Rng) {
    for end in (1..items.len()).rev() {
        items.swap(end, below(random, end + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_hold_the_value_and_shrink_with_more_prompts() {
        let config = |n: usize| (0..n).map(|i| (i % 2) as f64).collect::<Vec<_>>();
        let few = bootstrap(&[config(20), config(20)], 1);
        let many = bootstrap(&[config(400), config(400)], 1);
        for estimate in [few, many] {
            assert_eq!(estimate.value, 0.5);
            assert!(estimate.low < 0.5 && estimate.high > 0.5);
        }
        // Standard error of a share of one half over 40 prompts: 0.079.
        assert!((few.high - few.low - 2.0 * 1.96 * 0.079).abs() < 0.05);
        assert!(many.high - many.low < (few.high - few.low) / 3.0);
        // Sixty configs of five prompts: the root of 0.3 / 5 / 60, not of 0.24 / 5 / 60.
        let five = bootstrap(&vec![vec![0.0, 0.0, 1.0, 1.0, 1.0]; 60], 1);
        assert!(
            (five.high - five.low - 2.0 * 1.96 * 0.0316).abs() < 0.006,
            "{five:?}"
        );
        assert_eq!(few, bootstrap(&[config(20), config(20)], 1), "same seed");
        let sure = bootstrap(&[vec![1.0; 9]], 3);
        assert_eq!((sure.low, sure.high), (1.0, 1.0));
        let nothing = bootstrap(&[], 3);
        assert_eq!((nothing.low, nothing.value, nothing.high), (0.0, 0.0, 0.0));
    }

    #[test]
    fn a_ratio_is_resampled_as_a_whole() {
        // Twenty short texts of 5 nats a token, one long one of 2: the mean a token is near 2.
        let mut texts = vec![(50.0, 10.0); 20];
        texts.push((20_000.0, 10_000.0));
        let ratio = |texts: &[(f64, f64)]| {
            texts.iter().map(|t| t.0).sum::<f64>() / texts.iter().map(|t| t.1).sum::<f64>()
        };
        let estimate = resample(&texts, 1, ratio);
        assert!(estimate.low <= estimate.value && estimate.value <= estimate.high);
        assert!((estimate.value - 2.06).abs() < 0.01 && estimate.low < 2.1);
    }

    #[test]
    fn p_values_of_known_cases() {
        // Ten differences of one sign: 2 of 1024 patterns are as extreme.
        let p = paired_p_value(&[vec![1.0; 10]], 7);
        assert!((0.0005..0.005).contains(&p), "{p}");
        assert_eq!(paired_p_value(&[vec![0.0; 10]], 7), 1.0, "no difference");
        let balanced = paired_p_value(&[vec![1.0, -1.0, 1.0, -1.0]], 7);
        assert!(balanced > 0.9, "{balanced}");
    }

    #[test]
    fn draws_are_in_range_and_reach_all() {
        let mut random = ChaCha8Rng::seed_from_u64(0);
        let mut seen = [0; 5];
        (0..500).for_each(|_| seen[below(&mut random, 5)] += 1);
        assert!(seen.iter().all(|&count| count > 50), "{seen:?}");
    }
}
