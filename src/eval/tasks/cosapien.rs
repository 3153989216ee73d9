//! CoSApien: `prompt`, `scenario` (the whole config) and `type`; `id` and `config_id`, and
//! `helps` and `violates` (words for the rule-based judge), if there; `flip_of`, where a config
//! is another one with a stance turned, for the flip test.

use super::{Entry, Format};
use crate::error::{Error, Result};
use crate::eval::records::Record;
use crate::eval::sample::{Cues, Edit, EditKind, Sample, Scenario};
use crate::safety::{PromptType, SafetyConfig};

pub(super) struct CoSApien;

impl Format for CoSApien {
    fn entries(&self, record: &Record) -> Result<Vec<Entry>> {
        let config = config(record, "scenario")?;
        let title = config.text().lines().next().unwrap_or_default();
        let scenario = Scenario {
            id: record.opt_text("config_id")?.unwrap_or_default().to_owned(),
            title: title.chars().take(60).collect(),
            config: Some(config),
            edit: record.opt_text("flip_of")?.map(|of| Edit {
                of: of.to_owned(),
                kind: EditKind::Flip,
            }),
            ..Scenario::default()
        };
        let kind = record.opt_text("type")?;
        let sample = Sample {
            id: record.opt_text("id")?.unwrap_or_default().to_owned(),
            prompt: record.text("prompt")?.to_owned(),
            kind: kind.map(|name| kind_of(record, name)).transpose()?,
            cues: cues(record)?,
            ..Sample::default()
        };
        Ok(vec![Entry { scenario, sample }])
    }
}

/// What the columns `helps` and `violates` hold, where somebody added them.
fn cues(record: &Record) -> Result<Option<Cues>> {
    let texts = |column: &str| -> Result<Vec<String>> {
        match record.fields.contains_key(column) {
            true => Ok(record
                .texts(column)?
                .into_iter()
                .map(str::to_lowercase)
                .collect()),
            false => Ok(Vec::new()),
        }
    };
    let (helps, violates) = (texts("helps")?, texts("violates")?);
    let known = !helps.is_empty() || !violates.is_empty();
    Ok(known.then_some(Cues { helps, violates }))
}

/// The config in a column.
pub(super) fn config(record: &Record, column: &str) -> Result<SafetyConfig> {
    SafetyConfig::new(None, record.text(column)?).map_err(|error| match error {
        Error::InvalidSafetyConfig { detail } => {
            record.error(format!("column {column:?} is no safety config: {detail}"))
        }
        other => other,
    })
}

fn kind_of(record: &Record, name: &str) -> Result<PromptType> {
    // The demonstrations call small talk "unrelated".
    let known = match name.trim().to_lowercase().as_str() {
        "unrelated" => Some(PromptType::Safe),
        name => PromptType::parse(name),
    };
    known.ok_or_else(|| {
        record.error(format!(
            "type {name:?} is not known; known: allowed, disallowed, partial, safe, unrelated"
        ))
    })
}
