//! The rules of a config as a model is shown them, one at a time.

use std::ops::Range;

use super::{Rule, digits, item};

/// Bytes from which on what belongs together is left behind.
pub(super) const LONG: usize = 400;

/// See [`Rule::shown`].
pub(super) fn shown(config: &str) -> impl Iterator<Item = String> {
    // The first line of a text in source code begins behind a quote.
    let lines = config.lines().skip(1);
    let indents = lines.filter(|line| !line.trim().is_empty()).map(indent);
    let margin = indents.min().unwrap_or(0);
    let mut shown = Shown::default();
    let show = move |span| shown.next(Sentence::new(config, span, margin));
    Rule::spans(config).into_iter().map(show)
}

/// Bytes of white space before a line.
fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

/// How far a list item is indented, and its mark with `1` for all digits and `a` or `A` for letters.
type Place = (usize, String);

/// A sentence, and how it stands in its line.
struct Sentence<'c> {
    /// Without what marks a list item.
    text: &'c str,
    /// Whether it is the first of its line.
    begins: bool,
    /// White space before its line, beyond that before all lines.
    indent: usize,
    /// Where it begins a list item.
    place: Option<Place>,
}

impl<'c> Sentence<'c> {
    fn new(config: &'c str, span: Range<usize>, margin: usize) -> Self {
        let start = config[..span.start].rfind('\n').map_or(0, |at| at + 1);
        let indent = indent(&config[start..]).saturating_sub(margin);
        let number = config[start..span.start].trim();
        let text = config[span].trim();
        let begins = !number.contains(char::is_alphabetic);
        let item = item(text).or_else(|| (!number.is_empty()).then_some(text));
        let item = item.or_else(|| dotted(config, start, text));
        let item = item.filter(|_| begins && !number.starts_with('#'));
        let place = item.map(|_| (indent, kind(first_word(&config[start..]))));
        let text = item.unwrap_or(text);
        // Markdown's marks around it.
        let marks = ['*', '_', '#'];
        let text = match number.starts_with(marks) || text.starts_with(marks) {
            true => text.trim_matches(['*', '_', '#', ' ']),
            false => text,
        };
        Self {
            text,
            begins,
            indent,
            place,
        }
    }
}

/// What stands behind a number such as `1.2` where the line above or below has one too: alone, it is
/// an amount.
fn dotted<'c>(config: &str, start: usize, text: &'c str) -> Option<&'c str> {
    let is_dotted = |line: &str| {
        let word = first_word(line);
        word.contains('.') && digits(word)
    };
    let above = config[..start].trim_end().rsplit('\n').next();
    let below = config[start..].split_once('\n').map(|(_, below)| below);
    let is_mark = is_dotted(text) && [above, below].into_iter().flatten().any(is_dotted);
    let (_, rest) = text.split_once(char::is_whitespace).filter(|_| is_mark)?;
    Some(rest.trim_start())
}

fn first_word(line: &str) -> &str {
    line.split_whitespace().next().unwrap_or_default()
}

fn kind(mark: &str) -> String {
    let mut kind: Vec<char> = mark.chars().take(8).collect();
    for char in &mut kind {
        *char = match *char {
            '0'..='9' => '1',
            upper if upper.is_uppercase() => 'A',
            lower if lower.is_alphabetic() => 'a',
            other => other,
        };
    }
    kind.dedup();
    kind.into_iter().collect()
}

/// A line above a list.
struct Heading {
    text: String,
    /// Where it is a list item itself.
    place: Option<Place>,
    /// Whether its list has the same marks as itself, no further indented.
    is_flat: bool,
}

impl Heading {
    /// Whether its list ends before an item at this place, which is a heading or not.
    fn ends_before(&self, item: &Place, is_heading: bool) -> bool {
        match &self.place {
            Some(place) if place == item => is_heading || !self.is_flat,
            Some((indent, _)) => item.0 < *indent,
            None => false,
        }
    }
}

/// What of the sentences before one it is shown with.
#[derive(Default)]
struct Shown {
    /// Those of the lists that are open, the outermost first.
    headings: Vec<Heading>,
    before: String,
    /// Whether that is a heading and a list item.
    is_behind_heading: bool,
    /// How far the list item is indented that the sentence before is of.
    item: Option<usize>,
}

impl Shown {
    fn next(&mut self, sentence: Sentence<'_>) -> String {
        let Sentence { text, place, .. } = sentence;
        let is_heading = text.ends_with(':');
        let is_further = self.item.is_some_and(|item| sentence.indent > item);
        let wrapped = is_further && place.is_none() && !is_heading;
        if sentence.begins && !wrapped {
            self.close(place.as_ref(), is_heading);
            self.item = place.as_ref().filter(|_| !is_heading).map(|place| place.0);
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
        let is_below = |it: &&Heading| in_list || place.is_some() && it.text.ends_with(':');
        let shown = match self.headings.last().filter(is_below) {
            Some(heading) => format!("{}\n- {whole}", heading.text),
            None if in_list => format!("- {whole}"),
            None => format!("{}\n{text}", self.before),
        };
        self.is_behind_heading = !in_list && place.is_some();
        if !in_list {
            let own = |it: &mut Heading| place.is_none() && it.place.is_none();
            self.headings.pop_if(own);
            self.headings.push(Heading {
                text: text.to_owned(),
                place,
                is_flat: false,
            });
        }
        self.before = whole;
        let lines: Vec<String> = shown.trim_start().lines().map(typed).collect();
        lines.join("\n")
    }

    /// Closes the lists that end before a line with an item at this place, or with none.
    fn close(&mut self, item: Option<&Place>, is_heading: bool) {
        let Some(item) = item else {
            self.headings.clear();
            return;
        };
        if let Some(heading) = self.headings.last_mut() {
            let is_alike = heading.place.as_ref() == Some(item);
            heading.is_flat |= self.is_behind_heading && is_alike && !is_heading;
        }
        while (self.headings)
            .pop_if(|heading| heading.ends_before(item, is_heading))
            .is_some()
        {}
    }
}

/// A line as it is typed on a keyboard: quotes and dashes without their curves and lengths, one space
/// between words, nothing that cannot be seen, and no line in capitals alone. Models that learned plain
/// text read hardly any other.
fn typed(line: &str) -> String {
    let mut typed = String::with_capacity(line.len());
    for char in line.chars() {
        match char {
            '\u{2018}'..='\u{201b}' => typed.push('\''),
            '\u{201c}'..='\u{201f}' => typed.push('"'),
            '\u{2010}'..='\u{2013}' => typed.push('-'),
            '\u{2014}' | '\u{2015}' => typed.push_str(" - "),
            '\u{2026}' => typed.push_str("..."),
            '\u{ad}' | '\u{200b}' | '\u{feff}' => {}
            other => typed.push(other),
        }
    }
    let words: Vec<&str> = typed.split_whitespace().collect();
    let typed = words.join(" ");
    let capitals = typed.chars().filter(|char| char.is_uppercase()).count();
    match capitals >= SHOUTED && !typed.contains(char::is_lowercase) {
        true => calm(&typed),
        false => typed,
    }
}

/// So many capitals, and no small letter, are no abbreviation.
const SHOUTED: usize = 5;

/// In small letters but for the first.
fn calm(line: &str) -> String {
    let small = line.to_lowercase();
    let first = small.find(char::is_alphabetic).unwrap_or_default();
    let (before, rest) = small.split_at(first);
    format!("{before}{}", capital(rest))
}

/// With a capital at its beginning.
#[must_use]
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().into_iter().flat_map(char::to_uppercase);
    first.chain(chars).collect()
}
