//! Exercises in copying and in looking up: what finding a rule needs, without its meaning.
//!
//! A small model learns them far sooner than it learns to find rules, which is built on them.

use std::collections::BTreeMap;
use std::str::FromStr;

use super::Draw;
use super::content::Wording;
use super::policy::{rationale, say};
use crate::align::records::TurnLine;
use crate::error::{Error, Result};

/// What is exercised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exercise {
    /// The user's words are said again, twice.
    Copy,
    /// A rule on meaningless words is found and obeyed.
    Rules,
}

impl FromStr for Exercise {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "copy" => Ok(Self::Copy),
            "rules" => Ok(Self::Rules),
            _ => Err(Error::InvalidOption {
                name: "exercise".to_owned(),
                detail: "known: copy, rules".to_owned(),
            }),
        }
    }
}

/// The words of three to eight letters that come most often in texts, at most `count`; in
/// most vocabularies each is one token.
#[must_use]
pub fn frequent_words<'t>(texts: impl Iterator<Item = &'t str>, count: usize) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for text in texts {
        let words = text.split(|c: char| !c.is_alphanumeric());
        let is_plain = |word: &str| word.bytes().all(|byte| byte.is_ascii_lowercase());
        for word in words.filter(|word| (3..=8).contains(&word.len()) && is_plain(word)) {
            *counts.entry(word).or_default() += 1;
        }
    }
    let mut words: Vec<_> = counts.into_iter().collect();
    words.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let words = words.into_iter().take(count);
    words.map(|(word, _)| word.to_owned()).collect()
}

impl Exercise {
    /// One exercise on words drawn from `words`, of which there must be at least 24.
    #[must_use]
    pub fn draw(self, words: &[String], wording: &Wording, draw: &mut Draw) -> Vec<TurnLine> {
        match self {
            Self::Copy => copy(words, draw),
            Self::Rules => rules(words, wording, draw),
        }
    }
}

fn copy(words: &[String], draw: &mut Draw) -> Vec<TurnLine> {
    let count = 4 + draw.below(20);
    // Every word has a space before it, so that it is the same token everywhere.
    let text: String = distinct(words, count, draw)
        .iter()
        .map(|word| format!(" {word}"))
        .collect();
    let exchange = [
        TurnLine::new("user", text.clone()),
        TurnLine::new("assistant", text),
    ];
    [exchange.clone(), exchange].concat()
}

fn rules(words: &[String], wording: &Wording, draw: &mut Draw) -> Vec<TurnLine> {
    let count = 1 + draw.below(5);
    let all = distinct(words, 3 * count, draw);
    let rules: Vec<(Vec<&str>, bool)> = all
        .chunks(3)
        .map(|words| (words[..1 + draw.below(3)].to_vec(), draw.below(2) == 0))
        .collect();
    let sentences = rules.iter().map(|(words, allows)| {
        let templates = if *allows {
            &wording.allow
        } else {
            &wording.deny
        };
        draw.of(templates).replace("{T}", &words.join(" "))
    });
    // One sentence, one number: what else ends a sentence would count as another.
    let numbered = (1..).zip(sentences).map(|(number, sentence)| {
        let sentence = sentence
            .trim_end_matches('.')
            .replace(['.', '!', '?', ';'], ",");
        format!("{sentence}. ({number})")
    });
    let system = numbered.collect::<Vec<_>>().join(" ");
    let mut turns = vec![TurnLine::new("system", system)];
    for _ in 0..4 {
        let at = draw.below(rules.len());
        let (words, allows) = &rules[at];
        let word = words[draw.below(words.len())];
        let says = say(*allows);
        turns.push(TurnLine::new("user", format!("What about {word}?")));
        turns.push(TurnLine {
            reasoning_content: Some(rationale(word, at + 1, says, *allows)),
            ..TurnLine::new("assistant", format!("The answer is {says}."))
        });
    }
    turns
}

fn distinct<'w>(words: &'w [String], count: usize, draw: &mut Draw) -> Vec<&'w str> {
    let mut found: Vec<&str> = Vec::with_capacity(count);
    while found.len() < count.min(words.len()) {
        let word = &*words[draw.below(words.len())];
        if !found.contains(&word) {
            found.push(word);
        }
    }
    found
}
