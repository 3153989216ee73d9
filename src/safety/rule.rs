//! One rule of a safety config, for judges that look at one at a time.

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
            text: config[span].trim_start_matches(BULLETS).trim().to_owned(),
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
                if sentence.chars().any(char::is_alphabetic) {
                    spans.push(start..end);
                }
                start += sentence.len();
            }
        }
        spans
    }

    /// The config with each rule's number behind it, as ` (1)`: there a model has read the
    /// whole rule, and can refer to it by one word.
    #[must_use]
    pub fn numbered(config: &str) -> String {
        let mut text = String::with_capacity(config.len() + 64);
        let mut start = 0;
        for (number, span) in (1..).zip(Self::spans(config)) {
            text.push_str(&config[start..span.end]);
            text.push_str(&format!(" ({number})"));
            start = span.end;
        }
        text.push_str(&config[start..]);
        text
    }
}

/// What may stand before a list item.
const BULLETS: [char; 4] = ['-', '*', '\u{2022}', ' '];

/// Cuts behind the ends of sentences; an abbreviation may cut too early, never lose text.
fn sentences(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, mark) in line.match_indices(['.', '!', ';']) {
        let end = at + mark.len();
        if line[end..].starts_with(char::is_whitespace) {
            found.push(&line[start..end]);
            start = end;
        }
    }
    found.push(&line[start..]);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(config: &str) -> Vec<String> {
        Rule::split(config).into_iter().map(|r| r.text).collect()
    }

    #[test]
    fn sentences_and_list_items_become_rules() {
        assert_eq!(
            texts("Wine is fine. Beer is not!\n\n- Ask first;  then tell 3.5 units.\n*  \n"),
            [
                "Wine is fine.",
                "Beer is not!",
                "Ask first;",
                "then tell 3.5 units."
            ]
        );
        assert_eq!(Rule::split("a. b")[1].id, "r2");
        assert_eq!(texts("a.\r\nb"), ["a.", "b"]);
        assert_eq!(texts("Wine? No. Beer?"), ["Wine? No.", "Beer?"]);
        assert_eq!(texts(" . \n"), Vec::<String>::new());
    }

    #[test]
    fn numbers_stand_behind_the_rules_and_nothing_else_changes() {
        let config = "Be kind: \n1. Wine is fine. Beer is not!\n\n- Ask; tell 3.5 \u{e9}. \n*  \n";
        let numbered = Rule::numbered(config);
        assert_eq!(
            numbered,
            "Be kind: (1) \n1. Wine is fine. (2) Beer is not! (3)\n\n- Ask; (4) tell 3.5 \u{e9}. (5) \n*  \n"
        );
        for number in 1..=5 {
            assert_eq!(numbered.matches(&format!(" ({number})")).count(), 1);
        }
        assert_eq!(Rule::numbered(""), "");
        assert_eq!(Rule::numbered(" . \n"), " . \n");
    }
}
