//! Exercises in copying: a small model that copies learns far sooner to find a rule and to say
//! what it reads there.

use std::collections::BTreeMap;

use super::Draw;
use crate::align::records::TurnLine;

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

/// The user's words, of which there must be at least 24 to draw from, are said again, twice.
#[must_use]
pub fn draw(words: &[String], draw: &mut Draw) -> Vec<TurnLine> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::align::synthesize::Part;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng as _;

    #[test]
    fn copies_are_said_again() {
        let text = "abc abc abc bcd bcd Def ghij2 a tooooolong";
        assert_eq!(frequent_words([text].into_iter(), 2), ["abc", "bcd"]);
        let words: Vec<String> = (0..40).map(|n| format!("w{}", "x".repeat(2 + n))).collect();
        let mut draw = Draw::new(ChaCha8Rng::seed_from_u64(7), Part::Learned);
        for _ in 0..50 {
            let turns = super::draw(&words, &mut draw);
            assert_eq!(turns.len(), 4);
            assert!(turns.iter().all(|turn| turn.content == turns[0].content));
        }
    }
}
