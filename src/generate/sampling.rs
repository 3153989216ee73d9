//! From logits to one token id.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

use super::GenerateOptions;
use crate::error::{Error, Result};

/// Below this a temperature is greedy: nothing but the most likely token has any weight.
const GREEDY_BELOW: f64 = 1e-6;

/// Logits that are looked through together.
const RUN: usize = 1024;

/// Draws token ids; the same options and logits give the same ids.
pub struct Sampler {
    temperature: f64,
    top_k: usize,
    top_p: f64,
    min_p: f64,
    repetition_penalty: f32,
    /// A generator whose numbers are the same on every machine and in every version.
    random: ChaCha8Rng,
    candidates: Vec<Candidate>,
}

/// A token with its probability relative to the most likely one's.
#[derive(Clone, Copy)]
struct Candidate {
    id: u32,
    weight: f64,
}

impl Sampler {
    /// A sampler for one answer. `options` are valid.
    #[must_use]
    pub fn new(options: &GenerateOptions) -> Self {
        Self {
            temperature: options.temperature,
            top_k: options.top_k,
            top_p: options.top_p,
            min_p: options.min_p,
            repetition_penalty: options.repetition_penalty as f32,
            random: ChaCha8Rng::seed_from_u64(options.seed),
            candidates: Vec::new(),
        }
    }

    /// The next id, from one row of logits; `recent` are the latest ids of the context.
    /// The logits are changed in place.
    ///
    /// # Errors
    /// `NonFinite` where a logit is NaN or +infinity, or all are -infinity.
    pub fn sample(&mut self, logits: &mut [f32], recent: &[u32]) -> Result<u32> {
        self.penalize(logits, recent);
        let best = highest(logits)?;
        if self.temperature < GREEDY_BELOW {
            return Ok(best as u32);
        }
        self.weigh(logits, f64::from(logits[best]));
        self.keep_top_k();
        self.keep_top_p();
        Ok(self.draw().unwrap_or(best as u32))
    }

    /// Candidates are the tokens that `min_p` leaves. Weights come from differences to the
    /// best logit, so no temperature can overflow them.
    fn weigh(&mut self, logits: &[f32], best: f64) {
        self.candidates.clear();
        for (id, logit) in (0..).zip(logits) {
            let weight = libm::exp((f64::from(*logit) - best) / self.temperature);
            if weight > 0.0 && weight >= self.min_p {
                self.candidates.push(Candidate { id, weight });
            }
        }
    }

    fn keep_top_k(&mut self) {
        if (1..self.candidates.len()).contains(&self.top_k) {
            self.candidates
                .select_nth_unstable_by(self.top_k - 1, by_weight);
            self.candidates.truncate(self.top_k);
        }
    }

    fn keep_top_p(&mut self) {
        if self.top_p >= 1.0 {
            return;
        }
        self.candidates.sort_unstable_by(by_weight);
        let enough = self.top_p * self.candidates.iter().map(|c| c.weight).sum::<f64>();
        let mut sum = 0.0;
        let below = |candidate: &&Candidate| {
            sum += candidate.weight;
            sum < enough
        };
        let below = self.candidates.iter().take_while(below).count();
        self.candidates.truncate(below + 1);
    }

    /// A candidate by its weight; `None` where there is none.
    fn draw(&mut self) -> Option<u32> {
        // The selection above leaves an order that is not told; ids give one.
        self.candidates
            .sort_unstable_by_key(|candidate| candidate.id);
        let total: f64 = self.candidates.iter().map(|c| c.weight).sum();
        let unit = (self.random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let mut left = unit * total;
        let drawn = self.candidates.iter().find(|candidate| {
            left -= candidate.weight;
            left < 0.0
        });
        drawn
            .or(self.candidates.last())
            .map(|candidate| candidate.id)
    }

    /// Each recent id once, however often it occurs (Keskar et al., CTRL, 2019).
    fn penalize(&self, logits: &mut [f32], recent: &[u32]) {
        if self.repetition_penalty == 1.0 {
            return;
        }
        let start = recent.len().saturating_sub(GenerateOptions::PENALTY_WINDOW);
        let mut ids = recent[start..].to_vec();
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            let Some(logit) = logits.get_mut(id as usize) else {
                continue;
            };
            if *logit > 0.0 {
                *logit /= self.repetition_penalty;
            } else {
                *logit *= self.repetition_penalty;
            }
        }
    }
}

/// The most likely first; of equals, the lower id.
fn by_weight(a: &Candidate, b: &Candidate) -> std::cmp::Ordering {
    b.weight.total_cmp(&a.weight).then(a.id.cmp(&b.id))
}

/// Index of the largest logit, the lowest index where several are equal.
///
/// # Errors
/// `NonFinite` where a logit is NaN or +infinity, or all are -infinity.
pub(super) fn highest(logits: &[f32]) -> Result<usize> {
    // A run at a time, and only the best one value by value: vocabularies are large.
    let (mut best, mut start, mut is_nan) = (f32::NEG_INFINITY, 0, false);
    for (number, run) in logits.chunks(RUN).enumerate() {
        let (eights, rest) = run.as_chunks::<8>();
        let mut high = [f32::NEG_INFINITY; 8];
        let mut nan = [false; 8];
        for eight in eights {
            for ((high, nan), &logit) in high.iter_mut().zip(&mut nan).zip(eight) {
                *high = if logit > *high { logit } else { *high };
                *nan |= logit.is_nan();
            }
        }
        let high = high
            .iter()
            .chain(rest)
            .copied()
            .fold(f32::NEG_INFINITY, f32::max);
        is_nan |= nan.contains(&true) || rest.iter().any(|logit| logit.is_nan());
        if high > best {
            (best, start) = (high, number * RUN);
        }
    }
    let at = logits[start..].iter().position(|&logit| logit == best);
    match at {
        Some(at) if best.is_finite() && !is_nan => Ok(start + at),
        _ => Err(Error::NonFinite {
            what: "the logits of the next token".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn options(change: impl Fn(&mut GenerateOptions)) -> GenerateOptions {
        let mut options = GenerateOptions {
            temperature: 1.0,
            ..GenerateOptions::default()
        };
        change(&mut options);
        options
    }

    /// The ids drawn in 200 draws from fixed logits.
    fn drawn(options: &GenerateOptions, logits: &[f32]) -> Vec<u32> {
        let mut sampler = Sampler::new(options);
        let draw = |_| sampler.sample(&mut logits.to_vec(), &[]).unwrap();
        (0..200).map(draw).collect()
    }

    fn distinct(mut ids: Vec<u32>) -> Vec<u32> {
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    const LOGITS: [f32; 5] = [0.0, 2.0, 1.0, 1.9, -1.0];

    #[test]
    fn greedy_takes_the_lowest_of_equals() {
        let mut greedy = Sampler::new(&GenerateOptions::default());
        let mut row = [1.0, 3.0, f32::NEG_INFINITY, 3.0];
        assert_eq!(greedy.sample(&mut row, &[]).unwrap(), 1);
    }

    #[test]
    fn the_seed_decides() {
        let one = drawn(&options(|o| o.seed = 1), &LOGITS);
        assert_eq!(one, drawn(&options(|o| o.seed = 1), &LOGITS));
        assert_ne!(one, drawn(&options(|o| o.seed = 2), &LOGITS));
    }

    #[test]
    fn tokens_come_as_often_as_their_probability_says() {
        let mut sampler = Sampler::new(&options(|o| o.temperature = 2.0));
        let mut counts = [0.0; 5];
        for _ in 0..20_000 {
            counts[sampler.sample(&mut LOGITS.to_vec(), &[]).unwrap() as usize] += 1.0;
        }
        let weights = LOGITS.map(|logit| (f64::from(logit) / 2.0).exp());
        let total: f64 = weights.iter().sum();
        for (count, weight) in counts.into_iter().zip(weights) {
            assert!(
                (count / 20_000.0 - weight / total).abs() < 0.015,
                "{counts:?}"
            );
        }
    }

    #[test]
    fn each_filter_leaves_what_it_should() {
        let ids = |change: fn(&mut GenerateOptions)| distinct(drawn(&options(change), &LOGITS));
        assert_eq!(ids(|o| o.temperature = 5.0), [0, 1, 2, 3, 4]);
        assert_eq!(ids(|o| o.top_k = 2), [1, 3]);
        assert_eq!(ids(|o| o.top_k = 1), [1]);
        assert_eq!(ids(|o| o.top_p = 0.01), [1]);
        assert_eq!(ids(|o| o.min_p = 0.5), [1, 3]);
        assert_eq!(ids(|o| o.min_p = 1.0), [1]);
        assert_eq!(ids(|o| (o.top_k, o.top_p) = (3, 0.6)), [1, 3]);
        assert_eq!(ids(|o| o.temperature = 1e-5), [1]);
    }

    #[test]
    fn the_penalty_counts_an_id_once_in_its_window() {
        let mut greedy = Sampler::new(&GenerateOptions {
            repetition_penalty: 2.0,
            ..GenerateOptions::default()
        });
        assert_eq!(greedy.sample(&mut LOGITS.to_vec(), &[1, 1, 99]).unwrap(), 3);
        let mut row = LOGITS.to_vec();
        greedy.sample(&mut row, &[4, 4]).unwrap();
        assert_eq!(row[4], -2.0);
        let mut long = vec![1];
        long.extend([0; GenerateOptions::PENALTY_WINDOW]);
        assert_eq!(greedy.sample(&mut LOGITS.to_vec(), &long).unwrap(), 1);
    }

    #[test]
    fn the_highest_is_found_wherever_it_stands() {
        for len in [1, 7, 8, RUN - 1, RUN, RUN + 1, 3 * RUN + 13] {
            for at in [0, len / 2, len.saturating_sub(9), len - 1] {
                let mut row = vec![f32::NEG_INFINITY; len];
                row[at] = -5.0;
                assert_eq!(highest(&row).unwrap(), at, "{len}");
                row[at..].fill(2.0);
                assert_eq!(highest(&row).unwrap(), at, "{len}");
                for broken in [f32::NAN, -f32::NAN, f32::INFINITY] {
                    row[at] = broken;
                    assert!(highest(&row).is_err(), "{len} {at} {broken}");
                }
            }
        }
    }

    #[test]
    fn broken_logits_are_an_error() {
        for row in [
            vec![0.0, f32::NAN],
            vec![f32::INFINITY, 0.0],
            vec![f32::NEG_INFINITY; 2],
            vec![],
        ] {
            for options in [GenerateOptions::default(), options(|_| ())] {
                let error = Sampler::new(&options).sample(&mut row.clone(), &[]);
                assert_eq!(error.unwrap_err().code(), "non_finite");
            }
        }
    }
}
