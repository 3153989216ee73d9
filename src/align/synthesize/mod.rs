//! Conversations under safety configs, put together from pieces that people wrote.
//!
//! [`content`] holds topics with their requests and answers, and the wordings of configs;
//! [`policy`] draws a config and knows what it allows; [`dialogue`] draws requests and
//! writes what a perfect follower says, its rationale first. The config is read sentence by
//! sentence, each by itself, and stands above the conversation as it was read. The rationale names
//! the topic of the request, repeats what was read of it, and says yes or no. [`dictionary`]
//! makes thousands of further topics out of nouns, so that rules cannot be learned by heart;
//! [`copies`] come before all that.
//! One piece in eight is held out: what is measured was never learned.

mod asking;
mod benchmark;
mod composed;
pub mod content;
pub mod copies;
pub mod dialogue;
pub mod dictionary;
mod lists;
mod naming;
mod parallel;
pub mod policy;
mod several;
mod templates;
mod typing;
mod writing;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

use crate::eval::statistics::{below, shuffle};

/// Which pieces are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Seven in eight.
    Learned,
    /// The others, as far as there are any.
    HeldOut,
}

/// Draws pieces of one part.
#[derive(Debug, Clone)]
pub struct Draw {
    random: ChaCha8Rng,
    part: Part,
    asks: Part,
    composes: bool,
    plain: bool,
}

impl Draw {
    /// The same seed draws the same.
    #[must_use]
    pub fn new(random: ChaCha8Rng, part: Part) -> Self {
        Self {
            random,
            part,
            asks: part,
            composes: false,
            plain: false,
        }
    }

    /// The same, with the wordings of requests drawn from this part: configs that were never
    /// learned can be measured alone.
    #[must_use]
    pub fn asking(self, asks: Part) -> Self {
        Self { asks, ..self }
    }

    /// The same, with every other rule composed of words for yes and no, and some of more than one topic
    /// or with more than a name in a list, where it is learned.
    #[must_use]
    pub fn composing(self, composes: bool) -> Self {
        Self { composes, ..self }
    }

    /// The same, with every rule in the plainest words, of either part.
    #[must_use]
    pub fn plainly(self, plain: bool) -> Self {
        Self { plain, ..self }
    }

    /// Whether rules are in the plainest words.
    pub(super) fn is_plain(&self) -> bool {
        self.plain
    }

    /// Whether a rule is to be composed.
    pub(super) fn composes(&mut self) -> bool {
        self.composes && self.part == Part::Learned && self.once_in(2)
    }

    /// Whether one of these forms is to be taken, in which more is said than of one topic: for learning
    /// alone, since no single stance in them can be turned.
    pub(super) fn combines(&mut self, forms: &[String]) -> bool {
        let can = self.composes && self.part == Part::Learned && !forms.is_empty();
        can && self.once_in(3)
    }

    /// The part that is drawn from.
    pub(super) fn part(&self) -> Part {
        self.part
    }

    /// A number below `end`, which is not zero.
    pub(super) fn below(&mut self, end: usize) -> usize {
        below(&mut self.random, end)
    }

    /// Puts the items into an order drawn by chance.
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        shuffle(items, &mut self.random);
    }

    /// True once in `times`.
    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of the items of this part, of all where the part has none, in one of its forms.
    pub(super) fn of(&mut self, items: &[String]) -> String {
        self.one(items, self.part)
    }

    /// The same of wordings of a request.
    pub(super) fn ask(&mut self, items: &[String]) -> String {
        self.one(items, self.asks)
    }

    /// However many numbers that takes, one is drawn from the chance of the whole: what comes
    /// behind stays as it is when other items take the place of these. And what is held out is
    /// drawn from itself alone, so that those draws stay as they are when more is learned.
    fn one<'i>(&mut self, items: &'i [String], part: Part) -> String {
        let random = &mut ChaCha8Rng::seed_from_u64(self.random.next_u64());
        let is_own = |item: &String| is_held_out(item) == (part == Part::HeldOut);
        let fits = |text: &String| part == Part::Learned || !is_learned(text, items);
        let mut some = |count: usize, item: &dyn Fn(usize) -> &'i String| {
            let tries = if count == 0 { 0 } else { TRIES };
            (0..tries).find_map(|_| {
                let item = item(below(random, count));
                is_own(item).then(|| form(item, random)).filter(fits)
            })
        };
        if part == Part::Learned
            && let Some(text) = some(items.len(), &|at| &items[at])
        {
            return text;
        }
        let own: Vec<&String> = items.iter().filter(|item| is_own(item)).collect();
        if let Some(text) = some(own.len(), &|at| own[at]) {
            return text;
        }
        let item = items.get(below(random, items.len()));
        form(item.map_or("", String::as_str), random)
    }

    /// Whether some of these wordings of a request belong to the part that is asked from.
    pub(super) fn can_ask(&self, items: &[String]) -> bool {
        let held_out = |item: &&String| is_held_out(item) && !is_learned(item, items);
        self.asks == Part::Learned || items.iter().any(|item| held_out(&item))
    }

    /// Whether a combination of these ids belongs to this part.
    pub(super) fn owns(&self, ids: &[&str]) -> bool {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        is_held_out(&ids.join("+")) == (self.part == Part::HeldOut)
    }
}

/// So often an item is drawn and looked at before all are.
const TRIES: usize = 16;

/// The text with one alternative of each `<a|b>` in it.
fn form(text: &str, random: &mut ChaCha8Rng) -> String {
    let mut parts = text.split('<');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (alternatives, rest) = part.split_once('>').unwrap_or((part, ""));
        let all: Vec<&str> = alternatives.split('|').collect();
        out += all[below(random, all.len())];
        out += rest;
    }
    out
}

/// Whether the text is the template with one alternative of each `<a|b>` in it.
fn is_form(template: &str, text: &str) -> bool {
    let Some((before, rest)) = template.split_once('<') else {
        return template == text;
    };
    let (alternatives, rest) = rest.split_once('>').unwrap_or((rest, ""));
    text.strip_prefix(before).is_some_and(|text| {
        let mut behind = alternatives
            .split('|')
            .filter_map(|it| text.strip_prefix(it));
        behind.any(|text| is_form(rest, text))
    })
}

/// Whether one of the items that are learned can say this: then it is not held out, whatever
/// the words that it came from.
fn is_learned(text: &str, items: &[String]) -> bool {
    let mut learned = items.iter().filter(|item| !is_held_out(item));
    learned.any(|item| is_form(item, text))
}

/// One text in eight, by its letters alone (FNV-1a).
fn is_held_out(text: &str) -> bool {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    (hash >> 32).is_multiple_of(8)
}

#[cfg(test)]
mod tests;
