//! Preference pairs: of two responses to a prompt under a config, the one with the lower error.

use std::collections::{BTreeMap, BTreeSet};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::configs::seed_of;
use super::records::{ConfigLine, LabelledLine, PairLine, TurnLine};
use crate::error::Result;
use crate::eval::statistics::below;
use crate::safety::{Frame, Reading, SafetyConfig, Taxonomy, summary, system_message};

/// The weights of the error score, and the frame that the model is trained with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairOptions {
    /// For each allowed risk in the response; 0.1 in the paper.
    pub alpha: f64,
    /// For each risk that is not allowed; 3 in the paper.
    pub beta: f64,
    /// Where the response does not deal with the request; 1 in the paper.
    pub gamma: f64,
    /// How configs are shown.
    pub frame: Frame,
    /// Same seed, same pairs.
    pub seed: u64,
}

impl Default for PairOptions {
    fn default() -> Self {
        Self {
            alpha: 0.1,
            beta: 3.0,
            gamma: 1.0,
            frame: Frame::default(),
            seed: 0,
        }
    }
}

/// The error of a response with risks `H` under a config that allows `A`:
/// `alpha * |H ∩ A| + beta * |H \ A| + gamma * [not addressed]`.
#[must_use]
pub fn error_score(response: &LabelledLine, allowed: &[String], options: PairOptions) -> f64 {
    let within = response
        .risks
        .iter()
        .filter(|risk| allowed.contains(risk))
        .count();
    let beyond = response.risks.len() - within;
    let unaddressed = f64::from(u8::from(!response.addressed));
    options.alpha * within as f64 + options.beta * beyond as f64 + options.gamma * unaddressed
}

/// The pairs of one config: responses are grouped by their risks and whether they address the
/// prompt; of every two groups with different errors, one response each, drawn by the seed.
/// Skipped where even the better one holds a risk that is not allowed (its error is `beta` or
/// more). A chosen response with reasoning must have been given under this very config: its
/// rationale names rules of the config that it was given under.
///
/// # Errors
/// `InvalidSafetyConfig` for a config that is none.
pub fn pairs(
    config: &ConfigLine,
    responses: &[LabelledLine],
    taxonomy: &Taxonomy,
    options: PairOptions,
) -> Result<Vec<PairLine>> {
    let prompt = prompt(config, taxonomy, options.frame)?;
    let groups = groups(config, responses, options);
    let mut random = ChaCha8Rng::from_seed(seed_of(options.seed, &config.id));
    let mut draw = |group: &[&LabelledLine]| {
        let line = group[below(&mut random, group.len())];
        vec![TurnLine {
            reasoning_content: line.reasoning.clone(),
            ..TurnLine::new("assistant", &line.response)
        }]
    };
    let mut found = Vec::new();
    for (better, (low, group)) in groups.iter().enumerate() {
        let own = |line: &&&LabelledLine| {
            line.reasoning.is_none() || line.config_id.as_ref() == Some(&config.id)
        };
        let chosen: Vec<&LabelledLine> = group.iter().filter(own).copied().collect();
        for (high, rejected) in &groups[better + 1..] {
            if low < high && *low < options.beta && !chosen.is_empty() {
                found.push(PairLine {
                    prompt: prompt.to_vec(),
                    chosen: draw(&chosen),
                    rejected: draw(rejected),
                    config_id: config.id.clone(),
                    errors: [*low, *high],
                });
            }
        }
    }
    Ok(found)
}

/// The config as a model is shown it in this frame, and what was asked under it.
fn prompt(config: &ConfigLine, taxonomy: &Taxonomy, frame: Frame) -> Result<[TurnLine; 2]> {
    let text = SafetyConfig::new(None, &config.config)?;
    let system = TurnLine {
        reasoning_content: (frame == Frame::Read).then(|| read(config, taxonomy)),
        ..TurnLine::new("system", system_message(&text, frame))
    };
    Ok([system, TurnLine::new("user", &config.prompt)])
}

/// What a model that reads it right is shown of the config.
fn read(config: &ConfigLine, taxonomy: &Taxonomy) -> String {
    let own = taxonomy.categories.iter();
    let allowed = own.filter(|category| config.allowed.contains(&category.id));
    let says = allowed.map(|category| format!("{} yes", category.name.to_lowercase()));
    let readings: Vec<Reading> = says.map(|says| Reading::certain(&says)).collect();
    summary(&readings)
}

/// Responses with the same risks that address the prompt alike, with their error; the least
/// error first.
fn groups<'a>(
    config: &ConfigLine,
    responses: &'a [LabelledLine],
    options: PairOptions,
) -> Vec<(f64, Vec<&'a LabelledLine>)> {
    let mut groups: BTreeMap<(BTreeSet<&str>, bool), Vec<&LabelledLine>> = BTreeMap::new();
    let own = responses
        .iter()
        .filter(|one| one.prompt_id == config.prompt_id);
    for response in own {
        let risks = response.risks.iter().map(String::as_str).collect();
        groups
            .entry((risks, response.addressed))
            .or_default()
            .push(response);
    }
    let error = |group: &[&LabelledLine]| error_score(group[0], &config.allowed, options);
    let mut scored: Vec<_> = groups
        .into_values()
        .map(|group| (error(&group), group))
        .collect();
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    scored
}

/// Contrast pairs: the same prompt and the same two answers under two configs that order them
/// differently, so that only the config can tell which is better.
#[must_use]
pub fn contrasts(pairs: &[PairLine]) -> Vec<&PairLine> {
    let answers = |pair: &PairLine| {
        let texts = [&pair.chosen[0].content, &pair.rejected[0].content];
        (pair.prompt[1].content.clone(), texts.map(Clone::clone))
    };
    let known: BTreeSet<_> = pairs.iter().map(answers).collect();
    let swapped = |pair: &&PairLine| {
        let (prompt, [chosen, rejected]) = answers(pair);
        known.contains(&(prompt, [rejected, chosen]))
    };
    pairs.iter().filter(swapped).collect()
}

#[cfg(test)]
mod tests;
