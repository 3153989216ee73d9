//! The benchmark that ships with the project: six configs with exceptions, scopes and
//! conditions, 25 prompts each, all written by hand. It lies in `pkg/benchmark/`.

mod edits;

use serde::Deserialize;

use self::edits::{EditEntry, edited};
use crate::error::{Error, Result};
use crate::eval::sample::{Cues, Exemplar, Labelled, Sample, Scenario, Task};
use crate::safety::{PromptType, Rule, SafetyConfig};

/// The name of the benchmark on the command line.
pub const BUILTIN: &str = "builtin";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    id: String,
    title: String,
    #[serde(rename = "domain")]
    _domain: String,
    config: String,
    rules: Vec<RuleEntry>,
    exemplars: Vec<ExemplarEntry>,
    prompts: Vec<PromptEntry>,
    edits: Vec<EditEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleEntry {
    id: String,
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExemplarEntry {
    prompt: String,
    response: String,
    #[serde(rename = "type")]
    _kind: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PromptEntry {
    id: String,
    prompt: String,
    #[serde(rename = "type")]
    kind: String,
    edge: bool,
    rules: Vec<String>,
    helps: Vec<String>,
    violates: Vec<String>,
    follows: String,
    fails: String,
}

/// A line of the labelled responses.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LabelEntry {
    config_id: String,
    prompt_id: String,
    response: String,
    follows: bool,
    helpful: bool,
}

/// The benchmark from its files, each the JSON of one config, with its name for messages,
/// and the JSON Lines of responses that were labelled by hand.
/// `limit` leaves the first prompts of each config, and of each type as many as of others.
///
/// # Errors
/// `BadRecord` that names file and entry.
pub fn builtin(files: &[(&str, &str)], labels: &str, limit: Option<usize>) -> Result<Task> {
    let mut task = Task {
        name: BUILTIN.to_owned(),
        ..Task::default()
    };
    let mut edited = Vec::new();
    for (name, json) in files {
        let (base, references, edits) = scenarios_of(name, json, limit)?;
        let scenario = task.scenarios.len();
        let references = references.into_iter();
        task.references
            .extend(references.map(|label| Labelled { scenario, ..label }));
        task.scenarios.push(base);
        edited.extend(edits);
    }
    task.labelled = labelled(&task.scenarios, labels)?;
    task.scenarios.extend(edited);
    Ok(task)
}

/// The labelled responses to those prompts that a limit left.
fn labelled(scenarios: &[Scenario], labels: &str) -> Result<Vec<Labelled>> {
    let mut found = Vec::new();
    for (line, number) in labels.lines().zip(1..) {
        let entry: LabelEntry = serde_json::from_str(line).map_err(|error| Error::BadRecord {
            at: format!("labelled_responses.jsonl line {number}"),
            detail: error.to_string(),
        })?;
        let scenario = scenarios.iter().position(|s| s.id == entry.config_id);
        let sample = scenario.and_then(|index| {
            let mut samples = scenarios[index].samples.iter();
            samples.position(|sample| sample.id == entry.prompt_id)
        });
        if let (Some(scenario), Some(sample)) = (scenario, sample) {
            found.push(Labelled {
                scenario,
                sample,
                response: entry.response,
                follows: entry.follows,
                helpful: entry.helpful,
            });
        }
    }
    Ok(found)
}

/// What one file holds: its scenario, references, and its edited scenarios.
type Parts = (Scenario, Vec<Labelled>, Vec<Scenario>);

/// Reads one file of the benchmark.
///
/// # Errors
/// As [`builtin`].
fn scenarios_of(name: &str, json: &str, limit: Option<usize>) -> Result<Parts> {
    let bad = |detail: String| Error::BadRecord {
        at: name.to_owned(),
        detail,
    };
    let mut file: File = serde_json::from_str(json).map_err(|error| bad(error.to_string()))?;
    if let Some(limit) = limit {
        keep(&mut file.prompts, limit);
    }
    let scenario = base(&file)?;
    let mut references = Vec::new();
    for (index, (entry, sample)) in file.prompts.iter().zip(&scenario.samples).enumerate() {
        let label = |response: &str, follows: bool, helpful: bool| Labelled {
            scenario: 0,
            sample: index,
            response: response.to_owned(),
            follows,
            helpful,
        };
        let refused = sample.kind == Some(PromptType::Disallowed);
        let over_refusal = matches!(sample.kind, Some(PromptType::Allowed | PromptType::Safe));
        references.push(label(&entry.follows, true, !refused));
        references.push(label(&entry.fails, over_refusal, !over_refusal));
    }
    let edits = file
        .edits
        .iter()
        .map(|edit| edited(&file, &scenario, edit).map_err(&bad));
    let edits = edits.collect::<Result<Vec<_>>>()?;
    let asked = edits.into_iter().filter(|edit| !edit.samples.is_empty());
    Ok((scenario, references, asked.collect()))
}

/// Leaves `limit` prompts, of the types in turns.
fn keep(prompts: &mut Vec<PromptEntry>, limit: usize) {
    let mut ranks = Vec::new();
    for (index, prompt) in prompts.iter().enumerate() {
        let before = prompts[..index]
            .iter()
            .filter(|other| other.kind == prompt.kind)
            .count();
        ranks.push((before, index));
    }
    ranks.sort_unstable();
    let mut kept: Vec<usize> = ranks
        .into_iter()
        .take(limit)
        .map(|(_, index)| index)
        .collect();
    kept.sort_unstable();
    let mut index = 0;
    prompts.retain(|_| {
        index += 1;
        kept.binary_search(&(index - 1)).is_ok()
    });
}

fn base(file: &File) -> Result<Scenario> {
    let rules = file.rules.iter().map(|rule| Rule {
        id: rule.id.clone(),
        text: rule.text.clone(),
        behavioural: false,
    });
    let exemplars = file.exemplars.iter().map(|exemplar| Exemplar {
        prompt: exemplar.prompt.clone(),
        response: exemplar.response.clone(),
    });
    let samples = file.prompts.iter().map(|entry| {
        Ok(Sample {
            id: entry.id.clone(),
            prompt: entry.prompt.clone(),
            kind: Some(kind(&entry.id, &entry.kind)?),
            edge: Some(entry.edge),
            rules: entry.rules.clone(),
            cues: Some(Cues {
                helps: entry.helps.clone(),
                violates: entry.violates.clone(),
            }),
            group: None,
        })
    });
    Ok(Scenario {
        id: file.id.clone(),
        title: file.title.clone(),
        config: Some(SafetyConfig::new(Some(&file.title), &file.config)?),
        rules: rules.collect(),
        exemplars: exemplars.collect(),
        samples: samples.collect::<Result<_>>()?,
        ..Scenario::default()
    })
}

fn kind(id: &str, name: &str) -> Result<PromptType> {
    PromptType::parse(name).ok_or_else(|| Error::BadRecord {
        at: id.to_owned(),
        detail: format!("type {name:?} is not known"),
    })
}
