//! Edited configs, for the flip test.

use serde::Deserialize;

use super::{File, kind};
use crate::error::Result;
use crate::eval::sample::{Cues, Edit, EditKind, Sample, Scenario};
use crate::safety::SafetyConfig;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EditEntry {
    id: String,
    kind: String,
    find: String,
    replace: String,
    prompts: Vec<EditedPrompt>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EditedPrompt {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    helps: Option<Vec<String>>,
    #[serde(default)]
    violates: Option<Vec<String>>,
}

/// The scenario that an edit makes of another.
pub(super) fn edited(
    file: &File,
    scenario: &Scenario,
    edit: &EditEntry,
) -> Result<Scenario, String> {
    if file.config.matches(&edit.find).count() != 1 {
        return Err(format!(
            "edit {}: its \"find\" must be in the config once",
            edit.id
        ));
    }
    let text = file.config.replace(&edit.find, &edit.replace);
    let kind_of_edit = match edit.kind.as_str() {
        "flip" => EditKind::Flip,
        "unrelated" => EditKind::Unrelated,
        other => return Err(format!("edit {}: kind {other:?} is not known", edit.id)),
    };
    let samples = edited_samples(scenario, edit)?;
    let config = SafetyConfig::new(None, &text).map_err(|error| error.to_string())?;
    Ok(Scenario {
        id: format!("{}/{}", file.id, edit.id),
        title: format!("{}, edited", file.title),
        config: Some(config),
        rules: Vec::new(), // those of the file say what the config said before
        edit: Some(Edit {
            of: file.id.clone(),
            kind: kind_of_edit,
        }),
        exemplars: scenario.exemplars.clone(),
        samples,
        ..Scenario::default()
    })
}

/// The prompts of an edit, with what is wanted now; those that a limit left out are left out.
fn edited_samples(scenario: &Scenario, edit: &EditEntry) -> Result<Vec<Sample>, String> {
    let mut samples = Vec::new();
    for prompt in &edit.prompts {
        let Some(before) = scenario
            .samples
            .iter()
            .find(|sample| sample.id == prompt.id)
        else {
            continue;
        };
        let cues = before.cues.clone().unwrap_or_default();
        samples.push(Sample {
            kind: Some(kind(&prompt.id, &prompt.kind).map_err(|error| error.to_string())?),
            cues: Some(Cues {
                helps: prompt.helps.clone().unwrap_or(cues.helps),
                violates: prompt.violates.clone().unwrap_or(cues.violates),
            }),
            ..before.clone()
        });
    }
    Ok(samples)
}
