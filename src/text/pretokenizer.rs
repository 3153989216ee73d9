//! Cuts text into the pieces within which byte-level BPE may merge.
//!
//! The patterns are llama.cpp's (`llm_tokenizer_bpe`), with one change: `\s+(?!\S)|\s+`
//! is written `\s+` and the last white space before a word is handed back in code. The
//! result is the same, and without look-ahead the search is linear in the text.

use std::sync::Arc;

use regex_automata::Input;
use regex_automata::hybrid::regex::{Cache, Regex}; // `regex` itself brings five more engines
use regex_automata::util::pool::Pool;

use crate::error::{Error, Result};

const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+";
const LLAMA3: &str = r"'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+";
const QWEN2: &str = r"'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+";
const SMOLLM: [&str; 2] = [r"\p{N}", GPT2];
const DEFAULT: [&str; 4] = [r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", r"[0-9][0-9][0-9]"];

/// The names of `tokenizer.ggml.pre` that are known, for the error that lists them.
const KNOWN: &str = "default, gpt-2, llama-bpe, qwen2, smollm";

/// The patterns of one `tokenizer.ggml.pre`, and what else that name implies.
#[derive(Debug)]
pub(super) struct PreTokenizer {
    steps: Vec<Step>,
    /// Whether a piece that is a token as a whole is taken without merging.
    pub whole_pieces: bool,
    /// Whether a prompt starts with BOS where the file does not say.
    pub add_bos: bool,
}

#[derive(Debug)]
struct Step {
    regex: Arc<Regex>,
    /// States of the search, built as texts need them: dear to find anew for every text.
    caches: Pool<Cache, Box<dyn Fn() -> Cache + Send + Sync>>,
    /// White space that ends in a line break was matched by the pattern's own branch.
    keeps_line_breaks: bool,
}

impl PreTokenizer {
    /// The pre-tokenizer called `name` in `tokenizer.ggml.pre`.
    pub fn named(name: &str) -> Result<Self> {
        let llama3 = matches!(name, "llama-bpe" | "llama3" | "llama-v3");
        let patterns: &[&str] = match name {
            "default" => &DEFAULT,
            "gpt-2" | "phi-2" => &[GPT2],
            "llama-bpe" | "llama3" | "llama-v3" | "smaug-bpe" | "dbrx" => &[LLAMA3],
            "qwen2" | "deepseek-r1-qwen" => &[QWEN2],
            "smollm" => &SMOLLM,
            _ => {
                return Err(Error::Tokenizer {
                    detail: format!("pre-tokenizer {name:?} is not supported; known: {KNOWN}"),
                });
            }
        };
        let steps = patterns.iter().map(|pattern| Step::new(pattern));
        Ok(Self {
            steps: steps.collect::<Result<_>>()?,
            whole_pieces: llama3,
            add_bos: llama3,
        })
    }

    /// The pieces of `text`, in order; together they are `text`.
    pub fn split<'t>(&self, text: &'t str) -> Vec<&'t str> {
        let mut pieces = vec![text];
        for step in &self.steps {
            let mut finer = Vec::with_capacity(pieces.len());
            for piece in pieces {
                step.split(piece, &mut finer);
            }
            pieces = finer;
        }
        pieces
    }
}

impl Step {
    fn new(pattern: &str) -> Result<Self> {
        let regex = Regex::new(pattern).map_err(|error| Error::Tokenizer {
            detail: format!("pre-tokenizer pattern: {error}"),
        })?;
        let regex = Arc::new(regex);
        let searched = Arc::clone(&regex);
        Ok(Self {
            regex,
            caches: Pool::new(Box::new(move || searched.create_cache())),
            keeps_line_breaks: pattern.contains(r"\s*[\r\n]+"),
        })
    }

    fn split<'t>(&self, text: &'t str, pieces: &mut Vec<&'t str>) {
        let mut cache = self.caches.get();
        let mut at = 0;
        while let Some(found) = self.regex.find(&mut cache, Input::new(text).range(at..)) {
            if found.start() > at {
                pieces.push(&text[at..found.start()]);
            }
            let end = found.end() - self.handed_back(&text[found.range()], &text[found.end()..]);
            pieces.push(&text[found.start()..end]);
            at = end;
        }
        if at < text.len() {
            pieces.push(&text[at..]);
        }
    }

    /// How many bytes of the white space `found` belong to the word after it.
    fn handed_back(&self, found: &str, rest: &str) -> usize {
        let Some(last) = found.chars().next_back() else {
            return 0;
        };
        let by_branch = self.keeps_line_breaks && matches!(last, '\r' | '\n');
        let alone = found.len() == last.len_utf8();
        if rest.is_empty() || alone || by_branch || !found.chars().all(char::is_whitespace) {
            return 0;
        }
        last.len_utf8()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn split<'t>(name: &str, text: &'t str) -> Vec<&'t str> {
        PreTokenizer::named(name).unwrap().split(text)
    }

    #[test]
    fn the_last_space_goes_with_the_word() {
        assert_eq!(split("gpt-2", "a   b"), ["a", "  ", " b"]);
        assert_eq!(split("gpt-2", "a\n\n\nb  "), ["a", "\n\n", "\n", "b", "  "]);
        assert_eq!(split("qwen2", "a \n\n  b"), ["a", " \n\n", " ", " b"]);
        assert_eq!(split("qwen2", "a\t\tb"), ["a", "\t", "\tb"]);
    }

    #[test]
    fn digits_are_grouped_by_family() {
        assert_eq!(split("llama-bpe", " 12345"), [" ", "123", "45"]);
        assert_eq!(split("qwen2", "123"), ["1", "2", "3"]);
        assert_eq!(split("smollm", "a  12"), ["a", "  ", "1", "2"]);
        assert_eq!(split("default", "a 1234."), ["a", " ", "123", "4", "."]);
    }

    #[test]
    fn an_unknown_name_is_named() {
        let error = PreTokenizer::named("tekken").unwrap_err().to_string();
        assert!(
            error.contains("tekken") && error.contains("qwen2"),
            "{error}"
        );
    }
}
