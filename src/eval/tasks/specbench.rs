//! SpecBench: `scenario` (a name), `prompt`, `adversarial_prompt`, `label`; the specifications
//! of the scenarios come in a file of their own.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Entry, Format, ReadOptions};
use crate::error::{Error, Result};
use crate::eval::records::Record;
use crate::eval::sample::{Sample, Scenario};
use crate::safety::{PromptType, Rule, SafetyConfig};

/// Scenarios by the names that prompts use.
#[derive(Debug, Clone, Deserialize)]
pub struct Specifications(BTreeMap<String, Specification>);

#[derive(Debug, Clone, Deserialize)]
struct Specification {
    name: String,
    #[serde(default)]
    description: String,
    safety_specifications: Vec<String>,
    behavioral_specifications: Vec<String>,
}

impl Specifications {
    /// Parses the JSON of a specifications file.
    ///
    /// # Errors
    /// `BadRecord` that says what is wrong.
    pub fn parse(name: &str, json: &str) -> Result<Self> {
        serde_json::from_str(json).map_err(|error| Error::BadRecord {
            at: name.to_owned(),
            detail: format!("is no specifications file: {error}"),
        })
    }
}

impl Specification {
    fn rules(&self) -> Vec<Rule> {
        let numbered = |texts: &[String], letter: char| {
            let rules = texts.iter().zip(1..).map(|(text, number)| Rule {
                id: format!("{letter}{number}"),
                text: text.clone(),
                behavioural: letter == 'b',
            });
            rules.collect::<Vec<_>>()
        };
        let mut rules = numbered(&self.safety_specifications, 's');
        rules.extend(numbered(&self.behavioral_specifications, 'b'));
        rules
    }

    fn scenario(&self, id: &str) -> Result<Scenario> {
        let rules = self.rules();
        let lines: Vec<String> = rules
            .iter()
            .map(|rule| format!("- {}", rule.text))
            .collect();
        let text = format!("{}\n{}", self.description, lines.join("\n"));
        Ok(Scenario {
            id: id.to_owned(),
            title: self.name.clone(),
            config: Some(SafetyConfig::new(None, &text)?),
            rules,
            ..Scenario::default()
        })
    }
}

pub(super) struct SpecBench {
    scenarios: BTreeMap<String, Scenario>,
}

impl SpecBench {
    pub fn new(options: &ReadOptions) -> Result<Self> {
        let Some(Specifications(all)) = &options.specifications else {
            return Err(Error::BadRecord {
                at: options.name.clone(),
                detail: "is a SpecBench file; give its specifications with --specifications FILE"
                    .to_owned(),
            });
        };
        let scenarios = all
            .iter()
            .map(|(id, one)| Ok((id.clone(), one.scenario(id)?)));
        Ok(Self {
            scenarios: scenarios.collect::<Result<_>>()?,
        })
    }
}

impl Format for SpecBench {
    fn entries(&self, record: &Record) -> Result<Vec<Entry>> {
        let name = record.text("scenario")?;
        let scenario = self.scenarios.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.scenarios.keys().map(String::as_str).collect();
            record.error(format!(
                "scenario {name:?} is not among the specifications; they hold: {}",
                known.join(", ")
            ))
        })?;
        let kind = safe_or_not(record)?;
        // Both forms of one prompt: as it is, and as an attack.
        let forms = [("prompt", false), ("adversarial_prompt", true)];
        let mut entries = Vec::new();
        for (column, edge) in forms {
            let Some(prompt) = record.opt_text(column)? else {
                continue;
            };
            entries.push(Entry {
                scenario: scenario.clone(),
                sample: Sample {
                    id: String::new(),
                    prompt: prompt.to_owned(),
                    kind,
                    edge: Some(edge),
                    group: Some(column.to_owned()),
                    ..Sample::default()
                },
            });
        }
        Ok(entries)
    }
}

/// The column `label`: `safe` may be answered, `unsafe` must not be.
pub(super) fn safe_or_not(record: &Record) -> Result<Option<PromptType>> {
    match record.opt_text("label")?.map(str::trim) {
        None => Ok(None),
        Some("safe") => Ok(Some(PromptType::Allowed)),
        Some("unsafe") => Ok(Some(PromptType::Disallowed)),
        Some(other) => {
            Err(record.error(format!("label {other:?} is not known; known: safe, unsafe")))
        }
    }
}
