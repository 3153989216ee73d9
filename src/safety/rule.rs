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
        let (mut heading, mut before) = (String::new(), String::new());
        let mut in_list = false;
        let show = move |span: Range<usize>| {
            let line = config[..span.start].rfind('\n').map_or(0, |at| at + 1);
            let number = config[line..span.start].trim();
            let text = config[span].trim();
            let begins = !number.contains(char::is_alphabetic);
            let item = item(text).or_else(|| (!number.is_empty()).then_some(text));
            let item = item.filter(|_| begins);
            let text = unmarked(item.unwrap_or(text));
            if begins {
                in_list = item.is_some() && !text.ends_with(':');
            }
            // What stands between semicolons belongs together, and so does a list item.
            let goes_on = match in_list {
                true => !begins,
                false => before.ends_with(';') && text.ends_with(';'),
            };
            let whole = match goes_on && before.len() < LONG {
                true => format!("{before} {text}"),
                false => text.to_owned(),
            };
            let shown = match in_list {
                true => format!("{heading}\n- {whole}"),
                false => format!("{before}\n{text}"),
            };
            if !in_list {
                text.clone_into(&mut heading);
            }
            before = whole;
            shown.trim_start().to_owned()
        };
        Self::spans(config).into_iter().map(show)
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

/// Bytes from which on what belongs together is left behind.
const LONG: usize = 400;

/// What stands behind the mark of a list item: `- wine`, `2) wine`, `(a) wine`.
fn item(text: &str) -> Option<&str> {
    let (mark, rest) = text.split_once(char::is_whitespace)?;
    let number = mark.trim_start_matches('(').strip_suffix(')');
    // `(no) wine` is a rule and no number.
    let is_number = |it: &str| {
        it.len() == 1
            || it.bytes().all(|byte| byte.is_ascii_digit())
            || it.bytes().all(|byte| b"ivx".contains(&byte))
    };
    let marks = ["-", "*", "+", "\u{2022}", "\u{2013}"];
    (marks.contains(&mark) || number.is_some_and(is_number)).then(|| rest.trim_start())
}

/// The text without Markdown's marks around it.
fn unmarked(text: &str) -> &str {
    match text.starts_with(['*', '_', '#']) {
        true => text.trim_matches(['*', '_', '#', ' ']),
        false => text,
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

    fn shown(config: &str) -> Vec<String> {
        Rule::shown(config).collect()
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
            shown(config),
            [
                "Be kind.",
                "Be kind.\nWine is fine;",
                "Wine is fine;\nbut no beer.",
                "but no beer.\nNot allowed:",
                "Not allowed:\n- gin",
                "Not allowed:\n- rum.",
                "Not allowed:\n- rum. Never!",
                "Not allowed:\n- tea",
                "tea\nThe rest is."
            ]
        );
        assert_eq!(shown("- gin"), ["- gin"]);
        assert_eq!(shown("No: wine; gin; tea.")[2], "No: wine; gin;\ntea.");
        assert!(shown(" . \n").is_empty());
    }

    #[test]
    fn a_sentence_stands_alone_but_behind_a_colon() {
        for (shown, alone) in [
            ("Wine? No.", "Wine? No."),
            ("Tea is fine.\nWine is not.", "Wine is not."),
            ("Wine was fine;\nthat ends today.", "that ends today."),
            ("Not here:\nwine.", "Not here:\nwine."),
            ("Not here:\n- wine", "Not here:\n- wine"),
        ] {
            assert_eq!(Rule::alone(shown), alone);
        }
    }

    #[test]
    fn lists_have_many_marks_and_headings() {
        let config = "Yes:\n- tea\n**No:**\n1) gin\r\n(b) rum\n\u{2013} ale\n2. Perhaps:\n\t+ mead\n*all* else";
        assert_eq!(
            shown(config),
            [
                "Yes:",
                "Yes:\n- tea",
                "tea\nNo:",
                "No:\n- gin",
                "No:\n- rum",
                "No:\n- ale",
                "ale\nPerhaps:",
                "Perhaps:\n- mead",
                "mead\nall* else"
            ]
        );
    }

    #[test]
    fn a_word_is_no_mark_and_a_picture_is_a_rule() {
        assert_eq!(
            shown("(ok) wine\n(no) gin"),
            ["(ok) wine", "(ok) wine\n(no) gin"]
        );
        assert_eq!(
            shown("No:\n- \u{1f377}\n(iv) gin\n- 7"),
            ["No:", "No:\n- \u{1f377}", "No:\n- gin"]
        );
    }

    #[test]
    fn what_belongs_together_has_an_end() {
        for config in [
            "a; ".repeat(20_000),
            "- ".to_owned() + &"a. ".repeat(20_000),
        ] {
            let shown = shown(&config);
            assert!(shown.len() == 20_000 && shown.iter().all(|rule| rule.len() < LONG + 10));
        }
    }
}
