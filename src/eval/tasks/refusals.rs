//! Refusal and over-refusal sets: XSTest (`prompt`, `type`, `label`), AILuminate (`prompt`,
//! `hazard`) and general safety prompts of the same columns. They have no config of their own.

use super::specbench::safe_or_not;
use super::{Entry, Format, ReadOptions};
use crate::error::Result;
use crate::eval::records::Record;
use crate::eval::sample::{Sample, Scenario};
use crate::safety::PromptType;

pub(super) struct Refusals {
    scenario: Scenario,
}

impl Refusals {
    pub fn new(options: &ReadOptions) -> Self {
        Self {
            scenario: Scenario {
                id: "all".to_owned(),
                title: options.name.clone(),
                config: options.config.clone(),
                ..Scenario::default()
            },
        }
    }
}

impl Format for Refusals {
    fn entries(&self, record: &Record) -> Result<Vec<Entry>> {
        let hazard = record.opt_text("hazard")?;
        let label = safe_or_not(record)?;
        // Hazard prompts are there to be refused.
        let kind = label.or(hazard.map(|_| PromptType::Disallowed));
        let group = hazard.or(record.opt_text("type")?);
        let sample = Sample {
            id: record.opt_text("id")?.unwrap_or_default().to_owned(),
            prompt: record.text("prompt")?.to_owned(),
            kind,
            group: group.map(str::to_owned),
            ..Sample::default()
        };
        Ok(vec![Entry {
            scenario: self.scenario.clone(),
            sample,
        }])
    }
}
