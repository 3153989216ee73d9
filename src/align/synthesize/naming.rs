//! What rules and requests call a topic, or a part of one.

use super::content::{Scope, Topic, Wording};
use super::{Draw, Part, is_held_out};

/// So many names of a topic, the first of them, are drawn more often than the others.
const USUAL: usize = 40;

impl Topic {
    /// A name of it, oftener a usual one.
    pub(super) fn usual_name(&self, wording: &Wording, draw: &mut Draw) -> String {
        let is_plain = draw.part() == Part::Learned && !self.plain.is_empty();
        if is_plain && draw.once_in(3) {
            return draw.of(&self.plain);
        }
        let usual = self.names.len().min(USUAL);
        match draw.below(2) {
            0 => draw.of(&self.names[..usual]),
            _ => self.any_name(wording, draw),
        }
    }

    /// Its shortest name, or a usual one.
    pub(super) fn plain_name(&self, wording: &Wording, draw: &mut Draw) -> String {
        match is_short(&self.name, draw) {
            true => self.name.clone(),
            false => self.usual_name(wording, draw),
        }
    }

    /// A name of it.
    pub(super) fn any_name(&self, wording: &Wording, draw: &mut Draw) -> String {
        called(&self.names, &self.words, wording, draw)
    }
}

impl Scope {
    /// Its name, or a phrase for it.
    pub(super) fn plain_phrase(&self, wording: &Wording, draw: &mut Draw) -> String {
        match is_short(&self.name, draw) {
            true => self.name.clone(),
            false => self.phrase(wording, draw),
        }
    }

    /// A phrase for it.
    pub(super) fn phrase(&self, wording: &Wording, draw: &mut Draw) -> String {
        called(&self.phrases, &self.words, wording, draw)
    }
}

/// Whether this name stands for the longer ones.
fn is_short(name: &str, draw: &mut Draw) -> bool {
    draw.is_plain() || draw.once_in(2) && !is_held_out(name)
}

/// One of the names; for learning, every other time words of the field in their place, if it has
/// some: so more words come than anybody puts into names. What is measured is as it was written.
fn called(names: &[String], words: &[String], wording: &Wording, draw: &mut Draw) -> String {
    if draw.part() == Part::HeldOut || words.len() < PLACES.len() || !draw.once_in(2) {
        return draw.of(names);
    }
    let mut at: Vec<usize> = (0..words.len()).collect();
    draw.shuffle(&mut at);
    let template = draw.of(&wording.naming);
    PLACES.iter().zip(at).fold(template, |name, (place, at)| {
        name.replace(place, &words[at])
    })
}

/// Places of words in templates.
const PLACES: [&str; 3] = ["{1}", "{2}", "{3}"];

#[cfg(test)]
mod tests {
    use super::super::tests::{content, draw, topic};
    use super::*;

    #[test]
    fn names_are_made_of_words_for_learning_alone() {
        let content = content();
        let words = ["zarf", "zebu", "zinc", "zoon"].map(str::to_owned);
        let sea = Topic {
            words: words.to_vec(),
            ..topic("sea", &["xea"], Vec::new())
        };
        let named = |part: Part| -> Vec<String> {
            let names = (0..100).map(|at| sea.any_name(&content.wording, &mut draw(at, part)));
            names.collect()
        };
        let learned = named(Part::Learned);
        let made = |name: &&String| words.iter().any(|word| name.contains(word));
        assert!((30..70).contains(&learned.iter().filter(made).count()));
        let whole = |name: &String| !name.contains(['{', '}', '<', '>', '|']);
        assert!(learned.iter().all(whole), "{learned:?}");
        assert!(named(Part::HeldOut).iter().all(|name| name == "xea"));
    }

    #[test]
    fn plain_names_are_for_learning_alone() {
        let wording = content().wording;
        let plain = (0..40).map(|at| format!("water {at}")).collect();
        let sea = Topic {
            plain,
            ..topic("sea", &["xea"], Vec::new())
        };
        let plain = |part: Part| {
            let names = (0..100).map(|at| sea.usual_name(&wording, &mut draw(at, part)));
            names.filter(|name| name.starts_with("water ")).count()
        };
        assert!((20..50).contains(&plain(Part::Learned)));
        assert_eq!(plain(Part::HeldOut), 0);
    }
}
