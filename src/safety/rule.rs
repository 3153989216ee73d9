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

    /// The rules as a model is shown them, which reads one at a time: a list item with the heading
    /// of its list in a line before, any other with the sentence before it, since it may go on
    /// with that.
    #[must_use]
    pub fn shown(config: &str) -> Vec<String> {
        let (mut heading, mut before) = (String::new(), String::new());
        let mut in_item = false;
        let show = |span: Range<usize>| {
            let line = config[..span.start].rfind('\n').map_or(0, |at| at + 1);
            let marker = config[line..span.start].trim();
            let text = config[span].trim();
            let begins = !marker.contains(char::is_alphabetic);
            if begins {
                in_item = !marker.is_empty() || text.starts_with(BULLETS);
            }
            let text = text.trim_start_matches(BULLETS);
            let shown = match begins && in_item {
                true => format!("{heading}\n- {text}"),
                false => format!("{before}\n{text}"),
            };
            if !in_item {
                text.clone_into(&mut heading);
            }
            text.clone_into(&mut before);
            shown.trim_start().to_owned()
        };
        Self::spans(config).into_iter().map(show).collect()
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
    fn each_rule_is_shown_with_the_line_that_it_may_need() {
        let config = "Be kind. Wine is fine; but no beer.\n\nNot allowed:\n1. gin\n- rum. Never!\n* tea\nThe rest is.";
        assert_eq!(
            Rule::shown(config),
            [
                "Be kind.",
                "Be kind.\nWine is fine;",
                "Wine is fine;\nbut no beer.",
                "but no beer.\nNot allowed:",
                "Not allowed:\n- gin",
                "Not allowed:\n- rum.",
                "rum.\nNever!",
                "Not allowed:\n- tea",
                "tea\nThe rest is."
            ]
        );
        assert_eq!(Rule::shown("- gin"), ["- gin"]);
        assert!(Rule::shown(" . \n").is_empty());
    }
}
