//! Responses to prompts under configs, from any system: what pairs are made of.

use std::collections::{BTreeMap, BTreeSet};

use super::records::{CandidateLine, ConfigLine, Mode};
use crate::error::{Error, Result};
use crate::eval::setups::turns_under;
use crate::eval::systems::{Address, Ask, System, ask_all};
use crate::generate::GenerateOptions;
use crate::safety::{Frame, SafetyConfig};

/// One answer that is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'c> {
    config: &'c ConfigLine,
    /// Whether the prompt stands under the config, not alone.
    under: bool,
    draw: u64,
}

impl Wanted<'_> {
    fn config_id(&self) -> Option<&str> {
        self.under.then_some(self.config.id.as_str())
    }
}

/// What is asked: each prompt without a config, and under each config of the modes superset
/// and not-superset, `draws` times each. Those of `done` are left out.
#[must_use]
pub fn wanted<'c>(
    configs: &'c [ConfigLine],
    draws: u64,
    done: &[CandidateLine],
) -> Vec<Wanted<'c>> {
    let known: BTreeSet<(&str, Option<&str>, u64)> = done
        .iter()
        .map(|line| (&*line.prompt_id, line.config_id.as_deref(), line.draw))
        .collect();
    let mut plain = BTreeSet::new();
    let mut wanted = Vec::new();
    for config in configs {
        let varied = matches!(config.mode, Mode::Superset | Mode::NotSuperset);
        for under in [false, true] {
            let fresh = match under {
                false => plain.insert(&config.prompt_id),
                true => varied,
            };
            let asks = (0..draws).map(|draw| Wanted {
                config,
                under,
                draw,
            });
            wanted.extend(asks.filter(|one| {
                fresh && !known.contains(&(&config.prompt_id, one.config_id(), one.draw))
            }));
        }
    }
    wanted
}

/// Whether what is `done` answers these prompts.
///
/// # Errors
/// `BadRecord` for an answer to another prompt that had the same id.
pub fn check(configs: &[ConfigLine], done: &[CandidateLine]) -> Result<()> {
    let known = configs.iter().map(|it| (&*it.prompt_id, &*it.prompt));
    let known: BTreeMap<&str, &str> = known.collect();
    let differs = |line: &&CandidateLine| {
        let prompt = known.get(&*line.prompt_id);
        prompt.is_some_and(|prompt| *prompt != line.prompt)
    };
    done.iter().find(differs).map_or(Ok(()), |line| {
        Err(Error::BadRecord {
            at: format!("the answer to prompt {:?}", line.prompt_id),
            detail: "the prompt has another text now; give another --out, or move the file away"
                .to_owned(),
        })
    })
}

/// Asks `system` for all that is wanted and gives each response to `keep`, as it comes.
/// Returns how many could not be had.
///
/// # Errors
/// The system's, where going on is pointless; `InvalidSafetyConfig`; `keep`'s.
pub fn ask(
    system: &mut dyn System,
    wanted: &[Wanted<'_>],
    options: &GenerateOptions,
    mut keep: impl FnMut(CandidateLine) -> Result<()>,
) -> Result<usize> {
    let frame = system.frame();
    let asks = wanted.iter().enumerate();
    let asks: Result<Vec<Ask>> = asks
        .map(|(key, one)| of(key, one, frame, options))
        .collect();
    let mut failed = 0;
    ask_all(system, asks?, |reply| {
        let one = &wanted[reply.key];
        match reply.response {
            Ok(response) if !response.text.trim().is_empty() => keep(CandidateLine {
                prompt_id: one.config.prompt_id.clone(),
                config_id: one.config_id().map(str::to_owned),
                draw: one.draw,
                prompt: one.config.prompt.clone(),
                response: response.text,
                reasoning: response.reasoning,
            })?,
            _ => failed += 1,
        }
        Ok(())
    })?;
    Ok(failed)
}

fn of(key: usize, one: &Wanted<'_>, frame: Frame, options: &GenerateOptions) -> Result<Ask> {
    let config = one.config;
    let text = one.under.then(|| SafetyConfig::new(None, &config.config));
    Ok(Ask {
        key,
        address: Address {
            setup: "candidate".to_owned(),
            config_id: one.config_id().unwrap_or_default().to_owned(),
            prompt_id: config.prompt_id.clone(),
        },
        turns: turns_under(text.transpose()?.as_ref(), &config.prompt, frame),
        options: GenerateOptions {
            seed: options.seed.wrapping_add(one.draw),
            ..options.clone()
        },
    })
}

/// The lines without those whose prompt and response were there before. A rationale names the
/// rules of its config, so that responses with one are told apart by their configs too.
#[must_use]
pub fn deduplicated(lines: &[CandidateLine]) -> Vec<CandidateLine> {
    let mut seen = BTreeSet::new();
    let fresh = |line: &&CandidateLine| {
        let config = line.config_id.clone().filter(|_| line.reasoning.is_some());
        let response = line.response.trim().to_lowercase();
        seen.insert((line.prompt_id.clone(), config, response))
    };
    lines.iter().filter(fresh).cloned().collect()
}
