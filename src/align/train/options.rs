//! What a training run is asked to do.

use std::path::PathBuf;

use super::optimizer::Method;
use crate::error::{Result, require};

/// Steps, batches and rates of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainOptions {
    /// How weights are moved.
    pub optimizer: Method,
    /// Steps of the optimizer.
    pub steps: u64,
    /// Tokens of one pass at most, padding included: what memory allows.
    pub batch_tokens: usize,
    /// Passes whose gradients make one step.
    pub accumulate: usize,
    /// The highest learning rate.
    pub learning_rate: f64,
    /// The share of it that is left at the end of the cosine.
    pub final_share: f64,
    /// Steps in which the rate rises.
    pub warm_up: u64,
    /// Of matrices.
    pub weight_decay: f64,
    /// The length at which gradients are clipped.
    pub clip: f64,
    /// Same seed, same weights.
    pub seed: u64,
    /// Steps from one checkpoint to the next.
    pub checkpoint_every: u64,
    /// Where checkpoints go; without one, nothing can be resumed.
    pub checkpoint: Option<PathBuf>,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self {
            optimizer: Method::AdamW,
            steps: 1000,
            batch_tokens: 4096,
            accumulate: 1,
            learning_rate: 1e-3,
            final_share: 0.1,
            warm_up: 100,
            weight_decay: 0.1,
            clip: 1.0,
            seed: 0,
            checkpoint_every: 200,
            checkpoint: None,
        }
    }
}

impl TrainOptions {
    /// The learning rate of a step, the first being 0.
    #[must_use]
    pub fn rate(&self, step: u64) -> f64 {
        if step < self.warm_up {
            return self.learning_rate * (step + 1) as f64 / self.warm_up as f64;
        }
        let rest = (self.steps - self.warm_up).max(1);
        let done = (step - self.warm_up) as f64 / rest as f64;
        let cosine = 0.5 * (1.0 + libm::cos(std::f64::consts::PI * done));
        self.learning_rate * (self.final_share + (1.0 - self.final_share) * cosine)
    }

    /// Whether a run can be begun with them.
    pub(super) fn validate(&self) -> Result<()> {
        require(self.steps > 0, "steps", "must be above zero")?;
        require(
            self.warm_up <= self.steps,
            "warm-up",
            "must be at most the steps",
        )?;
        require(self.accumulate > 0, "accumulate", "must be above zero")?;
        let rate = self.learning_rate;
        require(
            rate.is_finite() && rate > 0.0,
            "learning rate",
            "must be above zero",
        )?;
        require(
            (0.0..=1.0).contains(&self.final_share),
            "final share",
            "must be from 0 to 1",
        )?;
        require(self.clip > 0.0, "clip", "must be above zero")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_then_falls_as_a_cosine() {
        let options = TrainOptions {
            steps: 110,
            warm_up: 10,
            learning_rate: 1.0,
            final_share: 0.2,
            ..TrainOptions::default()
        };
        assert!((options.rate(0) - 0.1).abs() < 1e-12);
        assert!((options.rate(9) - 1.0).abs() < 1e-12);
        assert!((options.rate(10) - 1.0).abs() < 1e-12);
        assert!(
            (options.rate(60) - 0.6).abs() < 1e-12,
            "half-way between 1 and 0.2"
        );
        assert!((options.rate(110) - 0.2).abs() < 1e-12);
    }

    #[test]
    fn a_share_is_a_share() {
        for (final_share, fits) in [(0.0, true), (1.0, true), (-0.1, false), (f64::NAN, false)] {
            let options = TrainOptions {
                final_share,
                ..TrainOptions::default()
            };
            assert_eq!(options.validate().is_ok(), fits, "{final_share}");
        }
    }
}
