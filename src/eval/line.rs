//! A line of `responses.jsonl`: one response with its verdict. The file is the record of a
//! run, what a stopped run goes on from, and what recorded responses and verdicts are read from.

use serde::{Deserialize, Serialize};

use super::systems::{Address, Response};
use crate::error::{Error, Result};
use crate::safety::{Adherence, Helpfulness, Judged, RuleVerdict, Verdict};

/// One response. The fields stand in the order of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Name of the set-up; absent in recordings that hold for all.
    #[serde(default)]
    pub setup: String,
    /// Id of the scenario.
    pub config_id: String,
    /// Id of the sample.
    pub prompt_id: String,
    /// The user's words.
    #[serde(default)]
    pub prompt: String,
    /// The type of the prompt, where known.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// The answer that counts; `None` where there is none.
    #[serde(default)]
    pub response: Option<String>,
    /// What the model thought before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<String>,
    /// Why there is no response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// The judge's words; `None` without a response.
    #[serde(default)]
    pub verdicts: Option<Verdicts>,
}

/// The wire form of a [`Verdict`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Verdicts {
    /// 0 to 5; `None` where undecided.
    pub helpfulness: Option<u8>,
    /// `None` where undecided.
    #[serde(default)]
    pub addressed: Option<bool>,
    /// Rule by rule.
    pub rules: Vec<RuleLine>,
    /// Ids of risk categories.
    #[serde(default)]
    pub risks: Vec<String>,
    /// Why something is undecided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undecided: Option<String>,
}

/// The wire form of a [`RuleVerdict`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RuleLine {
    /// Id of the rule.
    pub rule: String,
    /// Whether it is followed.
    pub adherence: AdherenceName,
    /// About form, not safety.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub behavioural: bool,
}

/// The wire form of [`Adherence`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdherenceName {
    /// [`Adherence::NotApplicable`].
    NotApplicable,
    /// [`Adherence::Follows`].
    Follows,
    /// [`Adherence::Violates`].
    Violates,
    /// [`Judged::Undecided`].
    Undecided,
}

impl Line {
    /// Where in a run it belongs.
    #[must_use]
    pub fn address(&self) -> Address {
        Address {
            setup: self.setup.clone(),
            config_id: self.config_id.clone(),
            prompt_id: self.prompt_id.clone(),
        }
    }

    /// The response, if there is one.
    #[must_use]
    pub fn as_response(&self) -> Option<Response> {
        self.response.as_ref().map(|text| Response {
            text: text.clone(),
            reasoning: self.reasoning.clone(),
        })
    }
}

/// The line of a JSON Lines file, without its newline.
///
/// # Errors
/// `BadRecord`, were a value not to become JSON.
pub fn to_json<T: Serialize>(line: &T) -> Result<String> {
    serde_json::to_string(line).map_err(|error| Error::BadRecord {
        at: "a line to be written".to_owned(),
        detail: error.to_string(),
    })
}

impl From<&Verdict> for Verdicts {
    fn from(verdict: &Verdict) -> Self {
        let reason = |text: &String| Some(text.clone());
        let of_rule = |rule: &RuleVerdict| match &rule.adherence {
            Judged::Undecided(text) => reason(text),
            Judged::Decided(_) => None,
        };
        let undecided = match (&verdict.helpfulness, &verdict.addressed) {
            (Judged::Undecided(text), _) | (_, Judged::Undecided(text)) => reason(text),
            _ => verdict.rules.iter().find_map(of_rule),
        };
        Self {
            helpfulness: verdict.helpfulness.decided().map(Helpfulness::rating),
            addressed: verdict.addressed.decided(),
            rules: verdict.rules.iter().map(RuleLine::from).collect(),
            risks: verdict.risks.clone(),
            undecided,
        }
    }
}

impl From<&RuleVerdict> for RuleLine {
    fn from(rule: &RuleVerdict) -> Self {
        Self {
            rule: rule.rule.clone(),
            adherence: match rule.adherence.decided() {
                None => AdherenceName::Undecided,
                Some(Adherence::NotApplicable) => AdherenceName::NotApplicable,
                Some(Adherence::Follows) => AdherenceName::Follows,
                Some(Adherence::Violates) => AdherenceName::Violates,
            },
            behavioural: rule.behavioural,
        }
    }
}

impl Verdicts {
    /// The verdict; a rating above 5 is undecided, like a missing one.
    #[must_use]
    pub fn to_verdict(&self) -> Verdict {
        let why = self.undecided.clone();
        let why = || {
            why.clone()
                .unwrap_or_else(|| "the record does not say".to_owned())
        };
        let rule = |line: &RuleLine| RuleVerdict {
            rule: line.rule.clone(),
            adherence: match line.adherence {
                AdherenceName::Undecided => Judged::Undecided(why()),
                AdherenceName::NotApplicable => Judged::Decided(Adherence::NotApplicable),
                AdherenceName::Follows => Judged::Decided(Adherence::Follows),
                AdherenceName::Violates => Judged::Decided(Adherence::Violates),
            },
            behavioural: line.behavioural,
        };
        let rating = self.helpfulness.and_then(Helpfulness::new);
        Verdict {
            helpfulness: rating.map_or_else(|| Judged::Undecided(why()), Judged::Decided),
            addressed: (self.addressed).map_or_else(|| Judged::Undecided(why()), Judged::Decided),
            rules: self.rules.iter().map(rule).collect(),
            risks: self.risks.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_verdict_goes_there_and_back() {
        let adherences = [
            Judged::Decided(Adherence::Follows),
            Judged::Decided(Adherence::NotApplicable),
            Judged::Decided(Adherence::Violates),
            Judged::Undecided("why".to_owned()),
        ];
        let rule = |adherence: Judged<Adherence>| RuleVerdict {
            rule: "r1".into(),
            adherence,
            behavioural: true,
        };
        let verdict = Verdict {
            helpfulness: Judged::Decided(Helpfulness::new(3).unwrap()),
            addressed: Judged::Decided(true),
            rules: adherences.map(rule).to_vec(),
            risks: vec!["alcohol".into()],
        };
        assert_eq!(Verdicts::from(&verdict).to_verdict(), verdict);
        let open = Verdict::undecided("no verdict came");
        assert_eq!(Verdicts::from(&open).to_verdict(), open);
    }

    #[test]
    fn recorded_ratings_out_of_range_are_no_ratings() {
        let line: Line = serde_json::from_str(
            r#"{"config_id": "c", "prompt_id": "p", "verdicts": {"helpfulness": 9, "rules": []}}"#,
        )
        .unwrap();
        assert!(line.verdicts.unwrap().to_verdict().is_invalid());
    }
}
