//! What a caller may choose for one answer, with its limits.

use crate::error::{Result, require};

/// Sampling and stopping of one answer. The default is greedy.
#[derive(Debug, Clone, PartialEq)]
pub struct GenerateOptions {
    /// Tokens to generate at most.
    pub max_tokens: usize,
    /// 0 is greedy: the most likely token, always.
    pub temperature: f64,
    /// Draw among the `top_k` most likely tokens; 0 is off.
    pub top_k: usize,
    /// Draw among the fewest tokens whose probabilities reach `top_p`; 1 is off.
    pub top_p: f64,
    /// Leave out tokens less likely than `min_p` times the most likely one; 0 is off.
    pub min_p: f64,
    /// Makes tokens of the last [`Self::PENALTY_WINDOW`] less likely; 1 is off.
    pub repetition_penalty: f64,
    /// Same model, prompt, options and seed: same text.
    pub seed: u64,
    /// The answer ends before the first of these strings. They are not looked for in
    /// reasoning.
    pub stop: Vec<String>,
    /// Go on after end-of-turn tokens, for benchmarks and golden texts.
    pub ignore_eos: bool,
}

impl Default for GenerateOptions {
    fn default() -> Self {
        Self {
            max_tokens: 512,
            temperature: 0.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            repetition_penalty: 1.0,
            seed: 0,
            stop: Vec::new(),
            ignore_eos: false,
        }
    }
}

impl GenerateOptions {
    /// How many of the latest tokens the repetition penalty looks at.
    pub const PENALTY_WINDOW: usize = 64;
    /// The largest seed: a transcript must carry it exactly through JavaScript's numbers.
    pub const MAX_SEED: u64 = (1 << 53) - 1;
    /// How many stop strings one answer may have.
    pub const MAX_STOPS: usize = 16;
    /// The longest stop string, in bytes.
    pub const MAX_STOP_BYTES: usize = 1024;

    /// Checks every limit, so that nothing below has to.
    ///
    /// # Errors
    /// `InvalidOption` that names the option and its limits.
    pub fn validate(&self) -> Result<()> {
        require(self.max_tokens >= 1, "maxTokens", "must be at least 1")?;
        in_range("temperature", self.temperature, 0.0, 100.0)?;
        in_range("topP", self.top_p, 0.0, 1.0)?;
        require(self.top_p > 0.0, "topP", "must be above 0; 1 is off")?;
        in_range("minP", self.min_p, 0.0, 1.0)?;
        in_range("repetitionPenalty", self.repetition_penalty, 0.1, 10.0)?;
        require(
            self.seed <= Self::MAX_SEED,
            "seed",
            "must be from 0 to 2^53 - 1",
        )?;
        require(
            self.stop.len() <= Self::MAX_STOPS,
            "stop",
            "has more than 16 strings",
        )?;
        let fits = |stop: &String| (1..=Self::MAX_STOP_BYTES).contains(&stop.len());
        require(
            self.stop.iter().all(fits),
            "stop",
            "each string must have 1 to 1024 bytes",
        )
    }
}

/// NaN is in no range.
fn in_range(name: &str, value: f64, low: f64, high: f64) -> Result<()> {
    require(
        (low..=high).contains(&value),
        name,
        &format!("must be from {low} to {high}, is {value}"),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn each_limit_names_its_option() {
        GenerateOptions::default().validate().unwrap();
        type Change = fn(&mut GenerateOptions);
        let cases: [(&str, Change); 11] = [
            ("maxTokens", |o| o.max_tokens = 0),
            ("temperature", |o| o.temperature = -0.1),
            ("temperature", |o| o.temperature = f64::NAN),
            ("temperature", |o| o.temperature = f64::INFINITY),
            ("topP", |o| o.top_p = 0.0),
            ("topP", |o| o.top_p = 1.1),
            ("minP", |o| o.min_p = 2.0),
            ("repetitionPenalty", |o| o.repetition_penalty = 0.0),
            ("seed", |o| o.seed = 1 << 53),
            ("stop", |o| o.stop = vec![String::new()]),
            ("stop", |o| o.stop = vec!["x".into(); 17]),
        ];
        for (name, spoil) in cases {
            let mut options = GenerateOptions::default();
            spoil(&mut options);
            let error = options.validate().unwrap_err();
            assert_eq!(error.code(), "invalid_option");
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
