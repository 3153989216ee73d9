//! From logits to one token id.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

use super::GenerateOptions;
use crate::backend::cpu::lanes::{self, Best, Lanes as _};
use crate::error::{Error, Result};

/// Below this a temperature is greedy: nothing but the most likely token has any weight.
const GREEDY_BELOW: f64 = 1e-6;

/// Logits that are looked through together.
const RUN: usize = 1024;

/// Tokens with less weight are never drawn; an impossible one has half of it.
const LEAST: f32 = 2.0 * f32::MIN_POSITIVE;

/// Where a weight's bits say between which powers of two it lies.
const EXPONENT: u32 = f32::MANTISSA_DIGITS - 1;

/// Draws token ids; the same options and logits give the same ids.
pub struct Sampler {
    temperature: f64,
    top_k: usize,
    top_p: f64,
    min_p: f64,
    repetition_penalty: f32,
    /// A generator whose numbers are the same on every machine and in every version.
    random: ChaCha8Rng,
    /// Each token's probability relative to the most likely one's, and a few impossible tokens.
    weights: Vec<f32>,
    /// The tokens of which one is drawn.
    candidates: Vec<Candidate>,
}

/// A token that may be drawn, and its weight.
#[derive(Clone, Copy)]
struct Candidate {
    id: u32,
    weight: f32,
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
            weights: Vec::new(),
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
        if self.temperature < GREEDY_BELOW || self.top_k == 1 {
            return Ok(best as u32);
        }
        self.weigh(logits, logits[best]);
        let sum = self.choose();
        self.narrow(sum);
        Ok(self.draw().unwrap_or(best as u32))
    }

    /// Weights come from differences to the best logit, so no temperature can overflow them. With the
    /// same bits on every machine, and in vectors, since vocabularies are large.
    fn weigh(&mut self, logits: &[f32], best: f32) {
        let temperature = self.temperature as f32;
        let power = |logit: &f32| (logit - best) / temperature;
        self.weights.clear();
        self.weights.extend(logits.iter().map(power));
        // Whole vectors; what is added is impossible.
        let whole = logits.len().next_multiple_of(4);
        self.weights.resize(whole, f32::NEG_INFINITY);
        for powers in self.weights.as_chunks_mut::<4>().0 {
            *powers = Best::store(lanes::exp::<Best>(Best::load(powers)));
        }
    }

    /// Candidates are the tokens that `min_p` leaves, without those that are too unlikely for `top_k` or
    /// `top_p` by a factor of two or more, which need not be sorted then. Returns the sum of the
    /// weights that `top_p` is a share of; `None` where it is of what `top_k` leaves.
    fn choose(&mut self) -> Option<f64> {
        let least = (self.min_p as f32).max(LEAST);
        // How many weights lie between two powers of two, and their sum.
        let (mut counts, mut sums) = ([0; 256], [0.0; 256]);
        for &weight in self.weights.iter().filter(|&&weight| weight >= least) {
            let octave = (weight.to_bits() >> EXPONENT) as usize;
            counts[octave] += 1;
            sums[octave] += f64::from(weight);
        }
        let (count, sum): (usize, f64) = (counts.iter().sum(), sums.iter().sum());
        let limited = (1..count).contains(&self.top_k);
        // All that `top_k` leaves is needed to tell a share of it.
        let off = limited || self.top_p >= 1.0;
        let enough = if off { f64::INFINITY } else { self.top_p * sum };
        let (mut above, mut mass) = (0, 0.0);
        let is_last = |&octave: &usize| {
            above += counts[octave];
            mass += sums[octave];
            mass >= enough || limited && above >= self.top_k
        };
        let last = (0..counts.len()).rev().find(is_last).unwrap_or(0);
        let least = least.max(f32::from_bits((last as u32) << EXPONENT));
        let chosen = (0..).zip(&self.weights);
        let chosen = chosen.filter(|&(_, &weight)| weight >= least);
        self.candidates.clear();
        self.candidates
            .extend(chosen.map(|(id, &weight)| Candidate { id, weight }));
        (!limited).then_some(sum)
    }

    /// Leaves the candidates that `top_k` and `top_p` leave, as [`Self::choose`] has them.
    fn narrow(&mut self, sum: Option<f64>) {
        if sum.is_some() && self.top_p >= 1.0 {
            return;
        }
        // In their own place, and of less code than other ways to sort.
        let heap = BinaryHeap::from(std::mem::take(&mut self.candidates));
        self.candidates = heap.into_sorted_vec();
        if sum.is_none() {
            self.candidates.truncate(self.top_k);
        }
        if self.top_p < 1.0 {
            let all = || self.candidates.iter().map(Candidate::weight).sum();
            let mut left = self.top_p * sum.unwrap_or_else(all);
            let below = |candidate: &&Candidate| {
                left -= candidate.weight();
                left > 0.0
            };
            let below = self.candidates.iter().take_while(below).count();
            self.candidates.truncate(below + 1);
        }
    }

    /// A candidate by its weight; `None` where there is none.
    fn draw(&mut self) -> Option<u32> {
        let total: f64 = self.candidates.iter().map(Candidate::weight).sum();
        let unit = (self.random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let mut left = unit * total;
        let drawn = self.candidates.iter().find(|candidate| {
            left -= candidate.weight();
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

impl Candidate {
    fn weight(&self) -> f64 {
        f64::from(self.weight)
    }
}

/// The most likely first; of equals, the lower id.
impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_weight = other.weight.total_cmp(&self.weight);
        by_weight.then(self.id.cmp(&other.id))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Candidate {}

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
mod tests;
