//! Requests and rules as people type them.

use super::{Draw, Part};

/// Some users type in small letters, or leave out words, mostly short ones; none that is
/// measured does.
pub(super) fn hasty(words: &str, draw: &mut Draw) -> String {
    if draw.part() == Part::HeldOut {
        return words.to_owned();
    }
    let typed = match draw.below(24) {
        0 => words.trim_end_matches(['.', '?', '!']).to_lowercase(),
        1 => without(words, |word| word.len() <= 3 && draw.once_in(2)),
        2 => without(words, |_| draw.once_in(5)),
        3 => without(words, |_| draw.once_in(3)),
        _ => String::new(),
    };
    if typed.is_empty() {
        return words.to_owned();
    }
    typed
}

/// The words but for those that are left out.
fn without(words: &str, mut is_left_out: impl FnMut(&str) -> bool) -> String {
    let left = words.split(' ').filter(|word| !is_left_out(word));
    left.collect::<Vec<_>>().join(" ")
}

/// A rule as a model is shown it, in which the last line is typed as many people type rules: without its
/// last mark or with another one, in small letters, or with the words that decide in capitals.
pub(super) fn casual(shown: &str, draw: &mut Draw) -> String {
    let (before, sentence) = match shown.rfind('\n') {
        Some(at) => shown.split_at(at + 1),
        None => ("", shown),
    };
    let unmarked = sentence.trim_end_matches(['.', ';']);
    let typed = match draw.below(18) {
        0..3 => unmarked.to_owned(),
        3 => unmarked.to_lowercase(),
        4 => sentence.to_lowercase(),
        5 if unmarked.len() < sentence.len() => format!("{unmarked}!"),
        6 | 7 => emphasized(sentence),
        _ => sentence.to_owned(),
    };
    format!("{before}{typed}")
}

/// With the words that decide in capitals.
fn emphasized(sentence: &str) -> String {
    let word = |word: &str| {
        let bare = word.trim_matches(|char: char| !char.is_alphabetic());
        let decides = DECISIVE.iter().any(|it| bare.eq_ignore_ascii_case(it));
        if decides {
            word.to_uppercase()
        } else {
            word.to_owned()
        }
    };
    let words: Vec<String> = sentence.split(' ').map(word).collect();
    words.join(" ")
}

/// Words that people put into capitals.
const DECISIVE: [&str; 16] = [
    "not",
    "no",
    "never",
    "only",
    "except",
    "must",
    "always",
    "nothing",
    "all",
    "any",
    "nobody",
    "unless",
    "but",
    "don't",
    "cannot",
    "forbidden",
];

#[cfg(test)]
mod tests {
    use super::super::tests::draw;
    use super::*;

    #[test]
    fn rules_are_typed_in_many_ways() {
        let shown = "House rules:\n- Never talk about wine, except in cooking.";
        let typed = |number| casual(shown, &mut draw(number, Part::Learned));
        let mut ways: Vec<String> = (0..300).map(typed).collect();
        let as_written = ways.iter().filter(|way| *way == shown).count();
        assert!((130..200).contains(&as_written), "{as_written}");
        ways.sort_unstable();
        ways.dedup();
        let sentences = [
            "NEVER talk about wine, EXCEPT in cooking.",
            "Never talk about wine, except in cooking",
            "Never talk about wine, except in cooking!",
            "Never talk about wine, except in cooking.",
            "never talk about wine, except in cooking",
            "never talk about wine, except in cooking.",
        ];
        assert_eq!(ways, sentences.map(|it| format!("House rules:\n- {it}")));
    }
}
