//! What a model reads in a safety config, rule by rule: frame [`Frame::Read`].
//!
//! [`Frame::Read`]: crate::safety::Frame::Read

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::{ChatModel, prompt};
use crate::backend::Backend;
use crate::error::{Error, Result};
use crate::generate::{Context, most_likely};
use crate::safety::{Meaning, Reading, Rule, SafetyConfig, amends, continues, leads};
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
    let (transformer, tokenizer) = (&model.transformer, &model.tokenizer);
    let (mut logits, mut meanings) = (Vec::new(), Vec::new());
    // What has been begun, and how likely it is. The last one shares most with what the context holds.
    let mut begun = vec![(prompt, 1.0)];
    while let Some((ids, likely)) = begun.pop() {
        let held = context.keep_prefix_of(&ids);
        context.prefill(transformer, &ids[held..], Some(&mut logits))?;
        for (id, share) in most_likely(&logits, ConfigReader::LEAST / likely)? {
            let likely = likely * share;
            if tokenizer.stop_tokens().contains(&id) {
                let said = ids[needed..].iter().map(|&id| tokenizer.token_bytes(id));
                // Words cut in two are none.
                let says = String::from_utf8(said.collect::<Vec<_>>().concat()).unwrap_or_default();
                meanings.push(Meaning::new(&says, likely));
            } else if ids.len() < needed + ConfigReader::LONGEST {
                begun.push(([&ids[..], &[id]].concat(), likely));
            }
        }
    }
    Ok(Reading::new(meanings))
}
