//! Did control cost capability? Multiple-choice accuracy and perplexity, with and without a config.

use serde::Serialize;

use super::report::Interval;
use super::setups::turns_under;
use super::statistics::{bootstrap, resample};
use super::systems::System;
use super::tasks::Question;
use crate::error::{Error, Result};
use crate::safety::SafetyConfig;

/// What a model can do under one config, or without.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Capability {
    /// `none`, or `ica` under a config.
    pub setup: &'static str,
    /// `accuracy` (percent) or `perplexity` (per token).
    pub measure: &'static str,
    /// With its 95 % interval over questions or texts.
    pub value: Interval,
    /// Questions or texts.
    pub count: usize,
    /// Of these, those that could not be asked.
    pub invalid: usize,
}

/// Percent of questions whose right letter is the likeliest. One that cannot be asked, or
/// gets no letter for an answer, counts as wrong.
///
/// # Errors
/// Those that make going on pointless, and `done`'s.
pub fn accuracy(
    system: &mut dyn System,
    questions: &[Question],
    config: Option<&SafetyConfig>,
    seed: u64,
    mut done: impl FnMut(usize) -> Result<()>,
) -> Result<Capability> {
    let mut right = Vec::new();
    let mut invalid = 0;
    for (index, question) in questions.iter().enumerate() {
        let turns = turns_under(config, &question.prompt(), system.frame());
        let best = match system.choose(&turns, question.letters()) {
            Err(Error::Endpoint { .. } | Error::MessageTooLong { .. }) => None,
            chances => likeliest(&chances?),
        };
        invalid += usize::from(best.is_none());
        right.push(if best == Some(question.answer) {
            100.0
        } else {
            0.0
        });
        done(index + 1)?;
    }
    Ok(Capability {
        setup: if config.is_some() { "ica" } else { "none" },
        measure: "accuracy",
        value: bootstrap(std::slice::from_ref(&right), seed).into(),
        count: questions.len(),
        invalid,
    })
}

/// The index of the greatest, where any is above zero.
fn likeliest(chances: &[f64]) -> Option<usize> {
    let best = (0..chances.len()).max_by(|&a, &b| chances[a].total_cmp(&chances[b]))?;
    (chances[best] > 0.0).then_some(best)
}

/// Perplexity a token over all texts: the exponential of the mean negative log-likelihood.
///
/// # Errors
/// The system's, where it cannot say how likely a text is, and `done`'s.
pub fn perplexity(
    system: &mut dyn System,
    texts: &[String],
    seed: u64,
    mut done: impl FnMut(usize) -> Result<()>,
) -> Result<Capability> {
    let mut per_text = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        per_text.push(system.surprise(text)?);
        done(index + 1)?;
    }
    let (_, tokens) = total(&per_text);
    if tokens == 0 {
        return Err(Error::BadRecord {
            at: "texts".to_owned(),
            detail: "none has two tokens, so nothing can be predicted".to_owned(),
        });
    }
    let of = |texts: &[(f64, usize)]| {
        let (nats, tokens) = total(texts);
        (nats / tokens.max(1) as f64).exp()
    };
    Ok(Capability {
        setup: "none",
        measure: "perplexity",
        value: resample(&per_text, seed, of).into(),
        count: texts.len(),
        invalid: per_text.iter().filter(|(_, tokens)| *tokens == 0).count(),
    })
}

fn total(texts: &[(f64, usize)]) -> (f64, usize) {
    let add = |(nats, tokens): (f64, usize), text: &(f64, usize)| (nats + text.0, tokens + text.1);
    texts.iter().fold((0.0, 0), add)
}
