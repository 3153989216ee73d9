//! The CoSA domain: what a safety config is, what judges say of a response, and what their
//! verdicts add up to.
//!
//! Pure: no I/O, no tensors, no clock, no randomness. Paper: "Controllable Safety
//! Alignment", arXiv 2410.08968. Deliberately absent: who may set a config (that is
//! [`crate::guard`]), how text becomes tokens, and how verdicts come about ([`crate::eval`]).

mod agreement;
mod config;
mod known_topic;
mod prompt;
mod reading;
mod rule;
mod rule_reading;
mod score;
mod taxonomy;
mod verdict;

pub use agreement::Agreement;
pub use config::SafetyConfig;
pub use known_topic::KnownTopic;
pub use prompt::{Frame, system_message};
pub use reading::{
    Fit, Meaning, Names, OTHERS, Reading, amends, continues, leads, only_topic, summary,
};
pub use rule::{Rule, capital};
pub use rule_reading::{ConfigReading, RuleReading};
pub use score::{Outcome, PromptType, cosa_score, mean, safety_aware_rate};
pub use taxonomy::{RiskCategory, Taxonomy};
pub use verdict::{Adherence, Helpfulness, Judged, RuleVerdict, Verdict};
