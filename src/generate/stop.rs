//! Stop strings, found also where one is split across pieces.

/// Passes text on, except what may be the beginning of a stop string.
#[derive(Debug, Default)]
pub struct StopFilter {
    stops: Vec<String>,
    held: String,
    stopped: bool,
}

impl StopFilter {
    /// Ends the text before the first of `stops`. Empty strings are ignored.
    #[must_use]
    pub fn new(stops: &[String]) -> Self {
        Self {
            stops: stops.iter().filter(|s| !s.is_empty()).cloned().collect(),
            ..Self::default()
        }
    }

    /// The text that is certain after `piece`. After a stop string it is always empty.
    pub fn push(&mut self, piece: &str) -> String {
        if self.stopped {
            return String::new();
        }
        self.held.push_str(piece);
        let found = self.stops.iter().filter_map(|stop| self.held.find(stop));
        if let Some(start) = found.min() {
            self.stopped = true;
            self.held.truncate(start);
            return std::mem::take(&mut self.held);
        }
        let keep = held_back(&self.held, self.stops.iter().map(String::as_str));
        let rest = self.held.split_off(self.held.len() - keep);
        std::mem::replace(&mut self.held, rest)
    }

    /// Whether a stop string was found.
    #[must_use]
    pub fn stopped(&self) -> bool {
        self.stopped
    }

    /// What was held back, once it is certain that nothing follows.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }
}

/// Length of the longest suffix of `text` that is a proper beginning of one of `patterns`.
pub(super) fn held_back<'a>(text: &str, patterns: impl Iterator<Item = &'a str>) -> usize {
    let longest = |pattern: &str| {
        let limit = text.len().min(pattern.len().saturating_sub(1));
        (1..=limit)
            .rev()
            .find(|&len| text.as_bytes().ends_with(&pattern.as_bytes()[..len]))
            // A pattern's first bytes can end inside a character only if the text does too,
            // and text is whole characters, so the cut is on a border of both.
            .unwrap_or(0)
    };
    patterns.map(longest).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(stops: &[&str], pieces: &[&str]) -> (String, bool) {
        let stops: Vec<String> = stops.iter().map(|s| (*s).to_owned()).collect();
        let mut filter = StopFilter::new(&stops);
        let mut text: String = pieces.iter().map(|piece| filter.push(piece)).collect();
        text += &filter.finish();
        (text, filter.stopped())
    }

    #[test]
    fn every_split_of_a_text_stops_at_the_same_place() {
        let text = "one two ENDé three";
        for border in (0..=text.len()).filter(|&at| text.is_char_boundary(at)) {
            let (a, b) = text.split_at(border);
            assert_eq!(run(&["ENDé"], &[a, b]), ("one two ".into(), true));
            assert_eq!(run(&["ENDx"], &[a, b]), (text.into(), false));
        }
        let letters: Vec<String> = text.chars().map(String::from).collect();
        let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
        assert_eq!(run(&["ENDé", "o E"], &letters), ("one tw".into(), true));
    }

    #[test]
    fn a_repeated_beginning_is_not_lost() {
        assert_eq!(
            run(&["aab"], &["a", "a", "a", "b", "c"]),
            ("a".into(), true)
        );
        assert_eq!(run(&["aab"], &["aa"]), ("aa".into(), false));
    }

    #[test]
    fn nothing_is_held_without_need() {
        let mut filter = StopFilter::new(&["\nUser:".to_owned()]);
        assert_eq!(filter.push("Hello"), "Hello");
        assert_eq!(filter.push(" you\nUs"), " you");
        assert_eq!(filter.push("e it\n"), "\nUse it");
        assert_eq!(filter.finish(), "\n");
    }
}
