//! What a model reads in a safety config, rule by rule: frame [`Frame::Read`].
//!
//! [`Frame::Read`]: crate::safety::Frame::Read

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::{ChatModel, prompt};
use crate::backend::Backend;
use crate::error::{Error, Result};
use crate::generate::{Context, most_likely};
use crate::safety::{Fit, Meaning, Names, Reading, Rule, SafetyConfig, amends, continues, leads};
use crate::text::{Message, Role};

/// Configs that are known with what was read in each of their rules: a config stands in every
/// prompt, and is read once.
#[derive(Default)]
pub struct ConfigReader {
    known: Mutex<HashMap<String, Vec<Reading>>>,
}

impl ConfigReader {
    /// What is shown of a config has, with some tokens of answer for each rule, at most so many
    /// times those of the context: reading takes time, twice as much where a sentence is read
    /// with the one before it too, and more where much may be meant.
    pub const MOST_CONTEXTS: usize = 8;
    /// Tokens of a usual reading.
    const USUAL: usize = 8;
    /// Tokens of a reading at most.
    const LONGEST: usize = 48;
    /// What is less likely is not gone after, but where all is.
    const LEAST: f64 = 0.04;
    /// Tokens that are less likely are not even looked at.
    const FAINTEST: f64 = 0.0005;
    /// How likely it must be that a name is spelled as it stands, beside that it is not, to be meant.
    const SPELLED: f64 = 0.1;
    /// Configs that are kept at most.
    const MOST_KNOWN: usize = 64;

    /// What `model` may say of each rule of the text `config`, one at a time: so none is
    /// read in the light of others, but where it goes on with the one before it, and what users
    /// write is not even there.
    ///
    /// # Errors
    /// `ConfigTooLong` as a whole, or where a sentence does not fit the context; the
    /// template's, the tokenizer's and the model's.
    pub fn read<B: Backend>(&self, model: &ChatModel<B>, config: &str) -> Result<Vec<Reading>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(readings) = known.get(config) {
            return Ok(readings.clone());
        }
        if config.len() > SafetyConfig::MAX_BYTES {
            SafetyConfig::new(None, config)?;
        }
        let available = Self::MOST_CONTEXTS * model.context_length();
        let mut shown = Vec::new();
        let mut needed = 0;
        for rule in Rule::shown(config) {
            needed += model.tokenizer.encode_text(&rule)?.len() + Self::USUAL;
            if needed > available {
                return Err(Error::ConfigTooLong { needed, available });
            }
            shown.push(rule);
        }
        let mut context = Context::new(&model.transformer);
        let mut readings: Vec<Reading> = Vec::new();
        for rule in &shown {
            let before = readings.last().map_or("", Reading::says);
            readings.push(read_behind(model, before, rule, &mut context)?);
        }
        if known.len() == Self::MOST_KNOWN {
            known.clear();
        }
        known.insert(config.to_owned(), readings.clone());
        Ok(readings)
    }
}

/// What the model says of one rule behind another, which was read like `before`. A sentence is
/// easily taken for the one before it, so what is read with that counts only where it goes on
/// with it: as its exception, or where by itself it says nothing.
fn read_behind<B: Backend>(
    model: &ChatModel<B>,
    before: &str,
    rule: &str,
    context: &mut Context<B>,
) -> Result<Reading> {
    let alone = Rule::alone(rule);
    if alone == rule || !leads(before) {
        return read(model, alone, context);
    }
    let both = read(model, rule, context)?;
    if amends(before, both.says()) {
        return Ok(both);
    }
    let alone = read(model, alone, context)?;
    let goes_on = alone.says() == "-" && continues(before, both.says());
    Ok(if goes_on { both } else { alone })
}

/// All that the model may say of one rule. `context` is that of the rule before, which may begin
/// alike.
fn read<B: Backend>(model: &ChatModel<B>, rule: &str, context: &mut Context<B>) -> Result<Reading> {
    let prompt = prompt::render(model, &[Message::new(Role::System, rule)])?.ids;
    let needed = prompt.len();
    let available = model.context_length().saturating_sub(ConfigReader::LONGEST);
    if needed > available {
        return Err(Error::ConfigTooLong { needed, available });
    }
    let names = Names::new(&model.info.topics, rule);
    let (mut logits, mut meanings) = (Vec::new(), Vec::new());
    // What has been begun, and how likely it is. The last one shares most with what the context holds.
    let mut begun = vec![(prompt, 1.0)];
    while let Some((ids, likely)) = begun.pop() {
        let held = context.keep_prefix_of(&ids);
        context.prefill(&model.transformer, &ids[held..], Some(&mut logits))?;
        let least = ConfigReader::LEAST / likely;
        let next = next(model, &names, &ids[needed..], &logits, least)?;
        if next.unfit >= least {
            // What it would say is no reading.
            meanings.push(Meaning::new("", likely * next.unfit));
        }
        for (id, share) in next.tokens {
            let likely = likely * share;
            if model.tokenizer.stop_tokens().contains(&id) {
                meanings.push(Meaning::new(&text(model, &ids[needed..]), likely));
            } else if ids.len() < needed + ConfigReader::LONGEST {
                begun.push(([&ids[..], &[id]].concat(), likely));
            }
        }
    }
    Ok(Reading::new(meanings))
}

/// What may come behind what is `said`, as far as it is at `least` so likely.
fn next<B: Backend>(
    model: &ChatModel<B>,
    names: &Names<'_>,
    said: &[u32],
    logits: &[f32],
    least: f64,
) -> Result<Next> {
    let begun = text(model, said);
    let is_stop = |id: &u32| model.tokenizer.stop_tokens().contains(id);
    let fit = |id: u32| match is_stop(&id) {
        true if names.allow(&begun) => Fit::Known,
        true => Fit::Unfit,
        false => names.fit(&text(model, &[said, &[id]].concat())),
    };
    let found = most_likely(logits, ConfigReader::FAINTEST)?.into_iter();
    let found: Vec<_> = found.map(|(id, share)| (id, share, fit(id))).collect();
    let copies = names.fit(&begun) == Fit::Copied;
    Ok(Next::of(&found, least, copies))
}

/// What may come next in a reading.
#[derive(Debug, PartialEq)]
struct Next {
    /// Tokens that it can go on with, and how likely.
    tokens: Vec<(u32, f64)>,
    /// How likely it is that it goes on to be none.
    unfit: f64,
}

impl Next {
    /// Of the tokens that were `found`, those that fit and are at `least` so likely, or the likeliest. A small
    /// model cannot always spell a name that it copies: where it has begun one, with what fits not it means what
    /// does, if that is at all likely.
    fn of(found: &[(u32, f64, Fit)], least: f64, copies: bool) -> Self {
        let share_of = |kind: Fit| -> f64 {
            let such = found.iter().filter(|it| it.2 == kind);
            such.map(|it| it.1).sum()
        };
        let (copied, mut unfit) = (share_of(Fit::Copied), share_of(Fit::Unfit));
        let mut factor = 1.0;
        if copies && copied >= ConfigReader::SPELLED * unfit {
            factor += unfit / copied.max(f64::MIN_POSITIVE);
            unfit = 0.0;
        }
        let fitting = found.iter().filter(|it| it.2 != Fit::Unfit);
        let mut tokens: Vec<_> = fitting
            .map(|&(id, share, fit)| match fit {
                Fit::Copied => (id, share * factor),
                _ => (id, share),
            })
            .collect();
        let likeliest = tokens.iter().max_by(|a, b| a.1.total_cmp(&b.1)).copied();
        tokens.retain(|it| it.1 >= least);
        if tokens.is_empty() && unfit < least {
            tokens.extend(likeliest);
        }
        Self { tokens, unfit }
    }
}

/// The text of tokens; empty where it ends within a character.
fn text<B: Backend>(model: &ChatModel<B>, ids: &[u32]) -> String {
    let bytes = ids.iter().map(|&id| model.tokenizer.token_bytes(id));
    let text = String::from_utf8(bytes.collect::<Vec<_>>().concat()).unwrap_or_default();
    text.trim_start().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_begun_is_spelled_as_it_stands() {
        let found = [
            (1, 0.25, Fit::Copied),
            (2, 0.5, Fit::Unfit),
            (3, 0.25, Fit::Known),
        ];
        let spelled = Next {
            tokens: vec![(1, 0.75), (3, 0.25)],
            unfit: 0.0,
        };
        assert_eq!(Next::of(&found, 0.1, true), spelled);
        let unknown = Next {
            tokens: vec![(1, 0.25), (3, 0.25)],
            unfit: 0.5,
        };
        assert_eq!(Next::of(&found, 0.1, false), unknown);
    }

    #[test]
    fn what_is_hardly_likely_is_not_meant() {
        let found = [(1, 0.01, Fit::Copied), (2, 0.9, Fit::Unfit)];
        let none = Next {
            tokens: Vec::new(),
            unfit: 0.9,
        };
        assert_eq!(Next::of(&found, 0.04, true), none);
    }

    #[test]
    fn of_many_that_are_unlikely_one_is_gone_after() {
        let found = [
            (1, 0.01, Fit::Known),
            (2, 0.02, Fit::Known),
            (3, 0.02, Fit::Known),
        ];
        assert_eq!(Next::of(&found, 0.04, false).tokens.len(), 1);
        assert_eq!(Next::of(&found, 0.02, false).tokens, [(2, 0.02), (3, 0.02)]);
    }
}
