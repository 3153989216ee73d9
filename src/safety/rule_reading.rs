//! What people are told of a reading.

use serde::Serialize;

use super::reading::{OTHERS, Statement, statement, statements, summary};
use super::{Meaning, Reading, Rule};

/// What people are told of a reading that says nothing.
const NOT_UNDERSTOOD: &str = "not understood";

/// How a model reads a config, and what it is told of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigReading {
    /// Every sentence and list item; none where the model is shown the text itself.
    pub rules: Vec<RuleReading>,
    /// What all of them say together, which answers are made by ([`summary`]): `wine no except port,
    /// else yes.` Empty where there are none.
    pub told: String,
}

impl ConfigReading {
    /// The `readings` of the text `config`; a rationale behind them says what decides.
    #[must_use]
    pub fn new(config: &str, readings: &[Reading], rationale: &str) -> Self {
        Self {
            rules: RuleReading::all(config, readings, rationale),
            told: summary(readings),
        }
    }
}

/// A rule as the model read it before it answered: a policy owner can see what was understood.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleReading {
    /// The sentence or list item of the config.
    pub rule: String,
    /// What the model took it to say: `wine no except port`; `else` stands for all other topics.
    /// `-` where it is no rule, `not understood` where what it said is not of this form.
    pub read_as: String,
    /// How likely the model found these words, as [`Meaning::probability`].
    pub probability: f64,
    /// Whether it was sure of what they say ([`Reading::is_sure`]); else that allows nothing.
    pub sure: bool,
    /// What else it may say ([`Reading::alternatives`]): where it is not sure, what one of these denies is
    /// denied, and else what one denies that says something of another topic.
    pub alternatives: Vec<Meaning>,
    /// Whether the answer was decided by it.
    pub decides: bool,
}

impl RuleReading {
    /// Every rule of the text `config` as its `readings` say; a rationale behind them says what
    /// decides, in the same words: `About wine no except port. This is port. So yes.`
    #[must_use]
    pub fn all(config: &str, readings: &[Reading], rationale: &str) -> Vec<Self> {
        let counted: Vec<_> = readings.iter().map(Reading::counted).collect();
        let has = |said: &str| {
            counted
                .iter()
                .flat_map(|it| &it.said)
                .any(|it| it.whole == said)
        };
        let clauses = rationale.split("About ").skip(1).map(decisive);
        let decisive: Vec<_> = clauses
            .filter_map(|it| statement(it).map(|it| (has(it.whole), it)))
            .collect();
        // Where rules on a topic contradict each other, or one is not sure, what decides is said by
        // none of them.
        let decides = |said: &Statement<'_>| {
            decisive.iter().any(|(whole, it)| match whole {
                true => it.whole == said.whole,
                false => it.topic != OTHERS && it.topic == said.topic,
            })
        };
        let denies = |topic: &&str| {
            decisive
                .iter()
                .any(|(_, it)| it.topic == *topic && !it.allows)
        };
        let rules = Rule::split(config).into_iter().zip(readings).zip(&counted);
        let read = rules.map(|((rule, reading), counted)| Self {
            rule: rule.text,
            read_as: statements(reading.says())
                .map_or(NOT_UNDERSTOOD, |_| reading.says())
                .to_owned(),
            probability: reading.probability(),
            sure: reading.is_sure(),
            alternatives: reading.alternatives(),
            decides: counted.said.iter().any(decides) || counted.denied.iter().any(denies),
        });
        read.collect()
    }
}

/// What a clause says of its topic, as a reading does: where it has no rule, what holds for
/// all such stands behind its name.
fn decisive(clause: &str) -> &str {
    let said = clause.split('.').next().unwrap_or_default();
    match said.find(" else ") {
        Some(at) => &said[at + 1..],
        None => said,
    }
}
