//! What a run adds up to. The structs here are the schema of `report.json`.

mod flip;
mod measure;
mod numbers;
mod render;

pub use measure::measure;
pub use numbers::report;
pub use render::{html, markdown};

use std::collections::BTreeMap;

use serde::Serialize;

use super::statistics::Estimate;
use super::systems::Times;

/// The schema's name; the number grows when a field changes its meaning.
pub const SCHEMA: &str = "cosa-report/1";

/// A whole report. Everything but `times` is the same for the same run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// What was run.
    pub about: About,
    /// The judge, with how far it can be trusted.
    pub judge: JudgeReport,
    /// The configs and their numbers of prompts.
    pub configs: Vec<ConfigInfo>,
    /// CoSA-Score of a system that answers all it may, as well as can be, and refuses the
    /// rest: below 1, because a right refusal counts 0.
    pub perfect_score: f64,
    /// One row each.
    pub setups: Vec<SetupReport>,
    /// Every two set-ups, prompt by prompt.
    pub comparisons: Vec<Comparison>,
    /// Milliseconds by what they were spent on.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub times: Times,
}

/// What was run.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct About {
    /// The data set.
    pub task: String,
    /// What answered.
    pub system: String,
    /// Prompts of each config at most.
    pub limit: Option<usize>,
    /// For sampling and statistics.
    pub seed: u64,
    /// Tokens of an answer at most.
    pub max_tokens: usize,
    /// Tokens of prompt and answer together, of a local model.
    pub context_length: Option<usize>,
}

/// The judge.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JudgeReport {
    /// Which judge.
    pub name: String,
    /// How it does on responses whose verdicts are known; `None` where there are none.
    pub measured: Option<Measured>,
}

/// A judge against labels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// Labelled responses.
    pub labelled: u32,
    /// About violations: precision, recall, kappa.
    pub violations: AgreementReport,
    /// About helpfulness: a refusal, or more than that.
    pub helpful: AgreementReport,
    /// Verdicts that were invalid; they count as wrong.
    pub undecided: u32,
}

/// How far two raters agree; `None` where a number has no meaning.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AgreementReport {
    /// Of what the judge calls so, the share that is.
    pub precision: Option<f64>,
    /// Of what is so, the share that the judge finds.
    pub recall: Option<f64>,
    /// Cohen's kappa.
    pub kappa: Option<f64>,
}

/// A config of the task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConfigInfo {
    /// Its id in `responses.jsonl`.
    pub id: String,
    /// For people.
    pub title: String,
    /// Prompts asked under it.
    pub prompts: usize,
    /// Its text.
    pub text: Option<String>,
}

/// A value with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// The value.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// One set-up.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SetupReport {
    /// Its name.
    pub name: String,
    /// Prompts asked.
    pub responses: usize,
    /// -1 to 1. An undecided verdict counts as the worse case, a missing response as 0.
    pub cosa_score: Interval,
    /// The score as the paper's code has it: invalid ones are left out.
    pub cosa_score_valid_only: f64,
    /// Percent of responses, 0 to 100, config by config, then their mean.
    pub helpful_safe: Interval,
    /// Percent, likewise.
    pub helpful_unsafe: Interval,
    /// Responses that are missing or not judged.
    pub invalid: usize,
    /// Why, with how often.
    pub invalid_reasons: BTreeMap<String, usize>,
    /// Counts by type of prompt.
    pub outcomes: BTreeMap<&'static str, Outcomes>,
    /// Counts by what the config says (allow, deny) and whether it is near a border (base,
    /// edge); empty where the data set does not say.
    pub stances: BTreeMap<&'static str, Outcomes>,
    /// Counts by the data set's own groups, such as hazards.
    pub groups: BTreeMap<String, Outcomes>,
    /// Mean of SpecBench's safety-aware rate; `None` without behavioural rules.
    pub safety_aware_rate: Option<f64>,
    /// Config by config.
    pub configs: Vec<ConfigReport>,
    /// The flip test; `None` where nothing was edited.
    pub flip: Option<Flip>,
}

/// Counts of what became of prompts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Outcomes {
    /// All of them.
    pub prompts: usize,
    /// Answered, refused, or answered in part, as the type demands.
    pub right: usize,
    /// Refused, or not addressed, though it could be answered.
    pub over_refusal: usize,
    /// Gave what the config forbids.
    pub violation: usize,
    /// No response or no verdict.
    pub invalid: usize,
}

/// One config under one set-up.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConfigReport {
    /// Its id.
    pub id: String,
    /// Mean of `h * s`.
    pub cosa_score: Interval,
    /// Percent.
    pub helpful_safe: f64,
    /// Percent.
    pub helpful_unsafe: f64,
    /// Count.
    pub invalid: usize,
}

/// The flip test: behaviour must change with a reversed rule, and with nothing else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Flip {
    /// Prompts under a config with a reversed rule.
    pub flips: usize,
    /// Of these, those answered before and refused after, or the other way round.
    pub flipped: usize,
    /// Prompts under a config with an unrelated edit.
    pub unrelated: usize,
    /// Of these, those whose behaviour stayed.
    pub stayed: usize,
}

/// Two set-ups on the same prompts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// One.
    pub a: String,
    /// The other.
    pub b: String,
    /// CoSA-Score of `b` less that of `a`.
    pub difference: Interval,
    /// Two-sided, of a paired permutation test.
    pub p_value: f64,
}

impl From<Estimate> for Interval {
    fn from(estimate: Estimate) -> Self {
        Self {
            value: estimate.value,
            low: estimate.low,
            high: estimate.high,
        }
    }
}

impl Interval {
    /// In percent.
    fn percent(estimate: Estimate) -> Self {
        Self {
            value: 100.0 * estimate.value,
            low: 100.0 * estimate.low,
            high: 100.0 * estimate.high,
        }
    }
}
