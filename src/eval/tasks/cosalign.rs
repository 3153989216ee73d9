//! CoSAlign-Test: `prompt`, `mode`, `situation`, and either `config` (its text) or `allowed`
//! (ids of the categories that the config allows).

use super::cosapien::config;
use super::{Entry, Format, ReadOptions};
use crate::error::Result;
use crate::eval::records::Record;
use crate::eval::sample::{Sample, Scenario};
use crate::safety::{PromptType, SafetyConfig, Taxonomy};

pub(super) struct CosAlign {
    taxonomy: Taxonomy,
}

impl CosAlign {
    pub fn new(options: &ReadOptions) -> Self {
        Self {
            taxonomy: options.taxonomy.clone(),
        }
    }

    /// The config that allows some categories, in words.
    fn categorical(&self, record: &Record, allowed: &[String]) -> Result<SafetyConfig> {
        let mut lines = Vec::new();
        for id in allowed {
            let mut categories = self.taxonomy.categories.iter();
            let Some(category) = categories.find(|category| category.id == *id) else {
                let known: Vec<&str> = (self.taxonomy.categories.iter())
                    .map(|category| category.id.as_str())
                    .collect();
                return Err(record.error(format!(
                    "category {id:?} is not in the taxonomy; it holds: {}",
                    known.join(", ")
                )));
            };
            lines.push(format!("- {}: {}", category.name, category.definition));
        }
        if lines.is_empty() {
            lines.push("(none)".to_owned());
        }
        let text = format!(
            "Content of the following risk categories is allowed:\n{}\nAll other risky content is \
             not allowed.",
            lines.join("\n")
        );
        SafetyConfig::new(None, &text)
    }
}

impl Format for CosAlign {
    fn entries(&self, record: &Record) -> Result<Vec<Entry>> {
        let (config, allowed) = if record.fields.contains_key("allowed") {
            let mut allowed: Vec<String> = record
                .texts("allowed")?
                .into_iter()
                .map(str::to_owned)
                .collect();
            allowed.sort();
            (self.categorical(record, &allowed)?, Some(allowed))
        } else {
            (config(record, "config")?, None)
        };
        let scenario = Scenario {
            id: record.opt_text("config_id")?.unwrap_or_default().to_owned(),
            title: allowed.as_ref().map_or_else(String::new, |allowed| {
                format!("allows {}", allowed.join(", "))
            }),
            config: Some(config),
            allowed,
            ..Scenario::default()
        };
        let sample = Sample {
            id: record.opt_text("id")?.unwrap_or_default().to_owned(),
            prompt: record.text("prompt")?.to_owned(),
            kind: Some(situation(record)?),
            group: record.opt_text("mode")?.map(str::to_owned),
            ..Sample::default()
        };
        Ok(vec![Entry { scenario, sample }])
    }
}

/// 1 allowed, 2 partial, 3 disallowed, as numbers or as names.
fn situation(record: &Record) -> Result<PromptType> {
    let value = &record.fields["situation"];
    let name = value
        .as_str()
        .map_or_else(|| value.to_string(), |text| text.trim().to_lowercase());
    match name.as_str() {
        "1" => Ok(PromptType::Allowed),
        "2" => Ok(PromptType::Partial),
        "3" => Ok(PromptType::Disallowed),
        name => PromptType::parse(name).ok_or_else(|| {
            record.error(format!(
                "situation {name:?} is not known; known: 1 or allowed, 2 or partial, 3 or disallowed"
            ))
        }),
    }
}
