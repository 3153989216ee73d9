//! Finds the tokens that are matched as whole texts, before any merging.

use aho_corasick::automaton::Automaton as _;
use aho_corasick::nfa::noncontiguous::NFA; // the one automaton that the others are built from
use aho_corasick::{Input, MatchKind};

use crate::error::{Error, Result};

/// A piece of text as the matcher sees it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// Text without a match.
    Text(&'t str),
    /// The id of a matched token.
    Token(u32),
}

/// Leftmost-longest search for a fixed set of token texts, linear in the text.
#[derive(Debug)]
pub(super) struct Matcher {
    search: NFA,
    ids: Vec<u32>,
}

impl Matcher {
    /// A matcher for `tokens`; empty texts are left out, since they would match everywhere.
    pub fn new<'a>(tokens: impl Iterator<Item = (u32, &'a str)>) -> Result<Self> {
        let (ids, texts): (Vec<_>, Vec<_>) = tokens.filter(|(_, text)| !text.is_empty()).unzip();
        let search = NFA::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(texts)
            .map_err(|error| Error::Tokenizer {
                detail: format!("the control tokens cannot be searched for: {error}"),
            })?;
        Ok(Self { search, ids })
    }

    /// `text` as matched tokens and what stands between them.
    pub fn split<'t>(&self, text: &'t str) -> Vec<Piece<'t>> {
        let mut pieces = Vec::new();
        let mut rest = 0;
        let found = self.search.try_find_iter(Input::new(text));
        for found in found.into_iter().flatten() {
            if found.start() > rest {
                pieces.push(Piece::Text(&text[rest..found.start()]));
            }
            pieces.push(Piece::Token(self.ids[found.pattern().as_usize()]));
            rest = found.end();
        }
        if rest < text.len() {
            pieces.push(Piece::Text(&text[rest..]));
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn takes_the_longest_of_the_leftmost() {
        let matcher = Matcher::new([(7, "<a>"), (8, "<a><b>"), (9, "")].into_iter()).unwrap();
        let pieces = matcher.split("x<a><b><a>y");
        use Piece::{Text, Token};
        assert_eq!(pieces, [Text("x"), Token(8), Token(7), Text("y")]);
    }

    #[test]
    fn finds_nothing_without_tokens() {
        let matcher = Matcher::new(std::iter::empty()).unwrap();
        assert_eq!(matcher.split("<a>"), [Piece::Text("<a>")]);
        assert_eq!(matcher.split(""), []);
    }
}
