//! From logits to one token id.

use candle_core::{Device, Tensor};
use candle_transformers::generation::{LogitsProcessor, Sampling};

use super::GenerateOptions;
use crate::error::{Error, Result};

/// Below this a temperature is greedy: nothing but the most likely token has any weight.
const GREEDY_BELOW: f64 = 1e-6;

/// Draws token ids; the same options and logits give the same ids.
pub struct Sampler {
    temperature: f64,
    min_p: f64,
    repetition_penalty: f32,
    /// `None` is greedy.
    processor: Option<LogitsProcessor>,
}

impl Sampler {
    /// A sampler for one answer. `options` are valid.
    #[must_use]
    pub fn new(options: &GenerateOptions) -> Self {
        let temperature = options.temperature;
        let k = options.top_k;
        let p = options.top_p;
        let sampling = match (k > 0, p < 1.0) {
            (false, false) => Sampling::All { temperature },
            (true, false) => Sampling::TopK { k, temperature },
            (false, true) => Sampling::TopP { p, temperature },
            (true, true) => Sampling::TopKThenTopP { k, p, temperature },
        };
        Self {
            temperature,
            min_p: options.min_p,
            repetition_penalty: options.repetition_penalty as f32,
            processor: (temperature >= GREEDY_BELOW)
                .then(|| LogitsProcessor::from_sampling(options.seed, sampling)),
        }
    }

    /// The next id, from one row of logits; `recent` are the latest ids of the context.
    /// The logits are changed in place.
    ///
    /// # Errors
    /// `NonFinite` where a logit is NaN or +infinity, or all are -infinity.
    pub fn sample(&mut self, logits: &mut [f32], recent: &[u32]) -> Result<u32> {
        check_finite(logits)?;
        self.penalize(logits, recent);
        let best = argmax(logits);
        let Some(processor) = &mut self.processor else {
            return Ok(best as u32);
        };
        // The softmax is over differences to the best logit: no temperature can overflow it.
        let max = logits[best];
        let floor = (self.temperature * self.min_p.ln()) as f32;
        for logit in logits.iter_mut() {
            *logit -= max;
            if *logit < floor {
                *logit = f32::NEG_INFINITY;
            }
        }
        Tensor::new(&*logits, &Device::Cpu)
            .and_then(|row| processor.sample(&row))
            .map_err(|error| Error::NonFinite {
                what: format!("the distribution of the next token ({error})"),
            })
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

fn check_finite(logits: &[f32]) -> Result<()> {
    let poisoned = logits.iter().any(|l| l.is_nan() || *l == f32::INFINITY);
    let empty = logits.iter().all(|l| *l == f32::NEG_INFINITY);
    if poisoned || empty {
        return Err(Error::NonFinite {
            what: "the logits of the next token".to_owned(),
        });
    }
    Ok(())
}

/// Index of the largest logit, the lowest index where several are equal.
fn argmax(logits: &[f32]) -> usize {
    let mut best = 0;
    for (id, logit) in logits.iter().enumerate() {
        if *logit > logits[best] {
            best = id;
        }
    }
    best
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
