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
        let mut shown = Shown::default();
        let show = move |span| shown.next(Sentence::new(config, span));
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

/// A sentence, and how it stands in its line.
struct Sentence<'c> {
    /// Without what marks a list item.
    text: &'c str,
    /// Whether it is the first of its line.
    begins: bool,
    /// White space before its line.
    indent: usize,
    /// What kind of mark there is, where it begins a list item: `1` for all digits, `a` for all letters.
    mark: Option<char>,
}

impl<'c> Sentence<'c> {
    fn new(config: &'c str, span: Range<usize>) -> Self {
        let start = config[..span.start].rfind('\n').map_or(0, |at| at + 1);
        let line = config[start..].trim_start_matches([' ', '\t']);
        let number = config[start..span.start].trim();
        let text = config[span].trim();
        let begins = !number.contains(char::is_alphabetic);
        let item = item(text).or_else(|| (!number.is_empty()).then_some(text));
        let item = item.filter(|_| begins);
        let mark = line
            .chars()
            .find(|&char| char != '(')
            .map(|char| match char {
                '0'..='9' => '1',
                char if char.is_alphabetic() => 'a',
                char => char,
            });
        Self {
            text: unmarked(item.unwrap_or(text)),
            begins,
            indent: config.len() - start - line.len(),
            mark: item.and(mark),
        }
    }
}

/// What of the sentences before one it is shown with.
#[derive(Default)]
struct Shown {
    /// The lines above the lists that are open, the outermost first; of one that is an item itself, how
    /// far it is indented, with the kind of its mark.
    headings: Vec<(String, Option<(usize, char)>)>,
    before: String,
    /// How far the list item is indented that the sentence before is of.
    item: Option<usize>,
}

impl Shown {
    fn next(&mut self, sentence: Sentence<'_>) -> String {
        let Sentence { text, indent, .. } = sentence;
        let is_heading = text.ends_with(':');
        let is_further = self.item.is_some_and(|item| indent > item);
        let wrapped = is_further && sentence.mark.is_none() && !is_heading;
        let place = sentence.mark.map(|mark| (indent, mark));
        if sentence.begins && !wrapped {
            self.close(place);
            self.item = place.filter(|_| !is_heading).map(|(indent, _)| indent);
        }
        let in_list = self.item.is_some();
        // What stands between semicolons belongs together, and so does a list item.
        let goes_on = match in_list {
            true => !sentence.begins || wrapped,
            false => self.before.ends_with(';') && text.ends_with(';'),
        };
        let whole = match goes_on && self.before.len() < LONG {
            true => format!("{} {text}", self.before),
            false => text.to_owned(),
        };
        let shown = match self.headings.last() {
            Some((heading, _)) if in_list || place.is_some() => format!("{heading}\n- {whole}"),
            None if in_list => format!("- {whole}"),
            _ => format!("{}\n{text}", self.before),
        };
        if !in_list {
            self.headings.push((text.to_owned(), place));
        }
        self.before = whole;
        shown.trim_start().to_owned()
    }

    /// Closes the lists that end before a line with an item at this place, or with none.
    fn close(&mut self, item: Option<(usize, char)>) {
        let goes_on = |heading: Option<(usize, char)>| match (heading, item) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(heading), Some(item)) => item.0 >= heading.0 && item != heading,
        };
        while self
            .headings
            .pop_if(|(_, heading)| !goes_on(*heading))
            .is_some()
        {}
    }
}

/// Letters and pictures do; marks and numbers alone do not.
fn says_something(char: char) -> bool {
    char.is_alphabetic() || char >= '\u{1f000}'
}

/// Bytes from which on what belongs together is left behind.
const LONG: usize = 400;

/// What stands before a list item that has no number.
const MARKS: &str = "-*+·•‣–—⁃∙■□▪▫►▶○●◦";

/// What stands behind the mark of a list item: `- wine`, `2) wine`, `(a) wine`, `b. wine`, `1.2 wine`.
fn item(text: &str) -> Option<&str> {
    let (mark, rest) = text.split_once(char::is_whitespace)?;
    let number = mark.trim_start_matches('(').strip_suffix([')', '.']);
    let is_dotted = mark.contains('.') && digits(mark);
    let mut chars = mark.chars();
    let is_mark = matches!((chars.next(), chars.next()), (Some(one), None) if MARKS.contains(one));
    (is_mark || is_dotted || number.is_some_and(is_number)).then(|| rest.trim_start())
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

/// The text without Markdown's marks around it.
fn unmarked(text: &str) -> &str {
    match text.starts_with(['*', '_', '#']) {
        true => text.trim_matches(['*', '_', '#', ' ']),
        false => text,
    }
}

/// Cuts behind the ends of sentences; an abbreviation may cut too early, never lose text. Quotes,
/// brackets and Markdown's marks behind an end belong to it; the letter of a list item is none.
fn sentences(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, mark) in line.match_indices(['.', '!', ';']) {
        let behind = &line[at + mark.len()..];
        let rest =
            behind.trim_start_matches(['"', '\'', '\u{201d}', '\u{2019}', ')', ']', '*', '_']);
        let label = line[..at].trim_start();
        let is_label = mark == "." && !digits(label) && is_number(label);
        if rest.starts_with(char::is_whitespace) && !is_label {
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
