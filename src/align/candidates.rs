//! Responses to prompts under configs, from any system: what pairs are made of.

use std::collections::BTreeSet;

use super::records::{CandidateLine, ConfigLine, Mode};
use crate::error::Result;
use crate::eval::setups::turns_under;
use crate::eval::systems::{Address, Ask, System, ask_all};
use crate::generate::GenerateOptions;
use crate::safety::{Frame, SafetyConfig};

/// What is asked: each prompt once without a config, and under each config of the modes
/// superset and not-superset. Those of `done` are left out.
#[must_use]
pub fn wanted(configs: &[ConfigLine], done: &[CandidateLine]) -> Vec<(ConfigLine, bool)> {
    let known: BTreeSet<(&str, Option<&str>)> = done
        .iter()
        .map(|line| (line.prompt_id.as_str(), line.config_id.as_deref()))
        .collect();
    let mut plain = BTreeSet::new();
    let mut wanted = Vec::new();
    for config in configs {
        let id = config.prompt_id.as_str();
        if plain.insert(id) && !known.contains(&(id, None)) {
            wanted.push((config.clone(), false));
        }
        let varied = matches!(config.mode, Mode::Superset | Mode::NotSuperset);
        if varied && !known.contains(&(id, Some(config.id.as_str()))) {
            wanted.push((config.clone(), true));
        }
    }
    wanted
}

/// Asks `system` for all that is wanted and gives each response to `keep`, as it comes.
/// Returns how many could not be had.
///
/// # Errors
/// The system's, where going on is pointless; `InvalidSafetyConfig`; `keep`'s.
pub fn ask(
    system: &mut dyn System,
    wanted: &[(ConfigLine, bool)],
    options: &GenerateOptions,
    mut keep: impl FnMut(CandidateLine) -> Result<()>,
) -> Result<usize> {
    let asks = asks(wanted, system.frame(), options)?;
    let mut failed = 0;
    ask_all(system, asks, |reply| {
        let (config, under) = &wanted[reply.key];
        match reply.response {
            Ok(response) if !response.text.trim().is_empty() => keep(CandidateLine {
                prompt_id: config.prompt_id.clone(),
                config_id: under.then(|| config.id.clone()),
                prompt: config.prompt.clone(),
                response: response.text,
                reasoning: response.reasoning,
            })?,
            _ => failed += 1,
        }
        Ok(())
    })?;
    Ok(failed)
}

fn asks(
    wanted: &[(ConfigLine, bool)],
    frame: Frame,
    options: &GenerateOptions,
) -> Result<Vec<Ask>> {
    let ask = |(key, (config, under)): (usize, &(ConfigLine, bool))| {
        let text = under.then(|| SafetyConfig::new(None, &config.config));
        Ok(Ask {
            key,
            address: Address {
                setup: "candidate".to_owned(),
                config_id: under.then(|| config.id.clone()).unwrap_or_default(),
                prompt_id: config.prompt_id.clone(),
            },
            turns: turns_under(text.transpose()?.as_ref(), &config.prompt, frame),
            options: options.clone(),
        })
    };
    wanted.iter().enumerate().map(ask).collect()
}

/// The lines without those whose prompt and response were there before.
#[must_use]
pub fn deduplicated(lines: &[CandidateLine]) -> Vec<CandidateLine> {
    let mut seen = BTreeSet::new();
    let fresh = |line: &&CandidateLine| {
        seen.insert((line.prompt_id.clone(), line.response.trim().to_lowercase()))
    };
    lines.iter().filter(fresh).cloned().collect()
}
