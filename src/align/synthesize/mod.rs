//! Conversations under safety configs, put together from pieces that people wrote.
//!
//! [`content`] holds topics with their requests and answers, and the wordings of configs;
//! [`policy`] draws a config and knows what it allows; [`dialogue`] draws requests and
//! writes what a perfect follower says, its rationale first. The rationale reads the config
//! sentence by sentence, names the topic of the request, repeats what was read of it, and says
//! yes or no. [`dictionary`] makes thousands of further topics out of nouns, so that rules
//! cannot be learned by heart; [`copies`] come before all that.
//! One piece in eight is held out: what is measured was never learned.

mod asking;
mod benchmark;
pub mod content;
pub mod copies;
pub mod dialogue;
pub mod dictionary;
mod naming;
pub mod policy;
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
}

impl Draw {
    /// The same seed draws the same.
    #[must_use]
    pub fn new(random: ChaCha8Rng, part: Part) -> Self {
        Self {
            random,
            part,
            asks: part,
        }
    }

    /// The same, with the wordings of requests drawn from this part: configs that were never
    /// learned can be measured alone.
    #[must_use]
    pub fn asking(self, asks: Part) -> Self {
        Self { asks, ..self }
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

    fn one(&mut self, items: &[String], part: Part) -> String {
        let held_out = part == Part::HeldOut;
        let own = items.iter().filter(|item| is_held_out(item) == held_out);
        let own: Vec<&String> = own.collect();
        let item = match own.len() {
            0 if items.is_empty() => "",
            0 => &items[self.below(items.len())],
            count => own[self.below(count)],
        };
        self.form(item)
    }

    /// The text with one alternative of each `<a|b>` in it. However many there are, one number
    /// is drawn: what comes behind stays as it is when another text takes this one's place.
    fn form(&mut self, text: &str) -> String {
        let mut random = ChaCha8Rng::seed_from_u64(self.random.next_u64());
        let mut parts = text.split('<');
        let mut out = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (alternatives, rest) = part.split_once('>').unwrap_or((part, ""));
            let all: Vec<&str> = alternatives.split('|').collect();
            out += all[below(&mut random, all.len())];
            out += rest;
        }
        out
    }

    /// Whether a combination of these ids belongs to this part.
    pub(super) fn owns(&self, ids: &[&str]) -> bool {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        is_held_out(&ids.join("+")) == (self.part == Part::HeldOut)
    }
}

/// One text in eight, by its letters alone (FNV-1a).
fn is_held_out(text: &str) -> bool {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    (hash >> 32).is_multiple_of(8)
}

#[cfg(test)]
mod tests;
