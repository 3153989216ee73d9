//! One rule of a safety config, for judges that look at one at a time.

mod shown;

pub use shown::capital;

use std::ops::Range;

/// What a config says, cut into sentences that can be judged alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The name that verdicts cite, unique within its config.
    pub id: String,
    /// One sentence.
    pub text: String,
    /// About the form of an answer, not its safety: it does not count in CoSA-Score.
    pub behavioural: bool,
}

impl Rule {
    /// The numbered rules of a free-form config: one a sentence or list item.
    ///
    /// A sentence ends in `.`, `!` or `;` before white space, or with its line; a question
    /// (`Wine? No.`) goes on to its answer.
    #[must_use]
    pub fn split(config: &str) -> Vec<Self> {
        let rules = Self::spans(config).into_iter().enumerate();
        let rule = |(index, span): (usize, Range<usize>)| Self {
            id: format!("r{}", index + 1),
            text: unlisted(&config[span]).to_owned(),
            behavioural: false,
        };
        rules.map(rule).collect()
    }

    /// Where the rules stand in the config, in bytes, white space behind them left out.
    #[must_use]
    pub fn spans(config: &str) -> Vec<Range<usize>> {
        let mut spans = Vec::new();
        let mut start = 0;
        for line in config.split_inclusive('\n') {
            for sentence in sentences(line) {
                let end = start + sentence.trim_end().len();
                if sentence.chars().any(says_something) {
                    spans.push(start..end);
                }
                start += sentence.len();
            }
        }
        spans
    }

    /// The rules as a model is shown them, which reads one at a time: a list item, up to the end
    /// of the sentence, with the heading of its list in a line before; any other sentence with the
    /// one before it, since it may go on with that.
    pub fn shown(config: &str) -> impl Iterator<Item = String> {
        shown::shown(config)
    }

    /// Of a rule as it is shown, the sentence without the one before it, unless that ends in a
    /// colon; a list item stands below its heading.
    #[must_use]
    pub fn alone(shown: &str) -> &str {
        match shown.split_once('\n') {
            Some((before, sentence)) if !before.ends_with(':') && !sentence.starts_with("- ") => {
                sentence
            }
            _ => shown,
        }
    }
}

/// Letters and pictures do; marks and numbers alone do not.
fn says_something(char: char) -> bool {
    char.is_alphabetic() || char >= '\u{1f000}'
}

/// What stands before a list item that has no number.
const MARKS: &str = "-*+·•‣–—⁃∙■□▪▫►▶○●◦";

/// What stands behind the mark of a list item: `- wine`, `2) wine`, `(a) wine`, `b. wine`.
fn item(text: &str) -> Option<&str> {
    let (mark, rest) = text.split_once(char::is_whitespace)?;
    let number = mark.trim_start_matches('(').strip_suffix([')', '.']);
    let mut chars = mark.chars();
    let is_mark = matches!((chars.next(), chars.next()), (Some(one), None) if MARKS.contains(one));
    (is_mark || number.is_some_and(is_number)).then(|| rest.trim_start())
}

/// Whether it can be the number of a list item; `(no) wine` is a rule and no number.
fn is_number(text: &str) -> bool {
    let is_roman = text.bytes().all(|byte| b"ivxIVX".contains(&byte));
    text.len() == 1 || !text.is_empty() && (digits(text) || is_roman)
}

/// Digits, and dots between them.
fn digits(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    text.starts_with(|first: char| first.is_ascii_digit()) && text.bytes().all(known)
}

/// The text without marks of list items before it.
fn unlisted(text: &str) -> &str {
    let is_mark = |char: char| char == ' ' || MARKS.contains(char);
    text.trim_start_matches(is_mark).trim()
}

/// Cuts behind the ends of sentences; an abbreviation may cut too early, never lose text. Quotes,
/// brackets and Markdown's marks behind an end belong to it, unless the sentence goes on behind them;
/// the letter of a list item is none.
fn sentences(line: &str) -> Vec<&str> {
    let closing = ['"', '\'', '\u{201d}', '\u{2019}', ')', ']', '*', '_'];
    let mut found = Vec::new();
    let mut start = 0;
    for (at, mark) in line.match_indices(['.', '!', ';']) {
        let behind = &line[at + mark.len()..];
        let rest = behind.trim_start_matches(closing);
        if !rest.starts_with(char::is_whitespace) {
            continue;
        }
        let is_closed = rest.len() < behind.len() && line[start..at].contains(char::is_alphabetic);
        let goes_on = is_closed && rest.trim_start().starts_with(char::is_lowercase);
        let label = line[start..at].trim_start();
        let is_label = found.is_empty() && mark == "." && !digits(label) && is_number(label);
        if !goes_on && !is_label {
            let end = line.len() - rest.len();
            found.push(&line[start..end]);
            start = end;
        }
    }
    found.push(&line[start..]);
    found
}

#[cfg(test)]
mod tests;
