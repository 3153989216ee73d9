//! The names that a reading of a rule can use: those that a model knows, and the words of the rule.

use super::{OTHERS, statement};
use crate::safety::KnownTopic;

/// How what is read of a rule so far can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// With a name as the rule has it, and with none that is known.
    Copied,
    /// With a name that is known, or with what stands around names.
    Known,
    /// In no way: its last name stands nowhere.
    Unfit,
}

/// The names that a reading of one rule can use.
pub struct Names<'a> {
    known: &'a [KnownTopic],
    rule: &'a str,
    /// The rule in small letters.
    small: String,
}

impl<'a> Names<'a> {
    /// The `known` topics and their parts, and what stands in the `rule`; all, where none is known.
    #[must_use]
    pub fn new(known: &'a [KnownTopic], rule: &'a str) -> Self {
        Self {
            known,
            rule,
            small: rule.to_lowercase(),
        }
    }

    /// Whether all that is `said` is read of the rule.
    #[must_use]
    pub fn allow(&self, said: &str) -> bool {
        self.known.is_empty() || said == "-" || said.split(", ").all(|whole| self.allow_one(whole))
    }

    /// How a reading that begins like this can go on.
    #[must_use]
    pub fn fit(&self, begun: &str) -> Fit {
        let (before, last) = begun.rsplit_once(", ").unwrap_or(("-", begun));
        if self.known.is_empty() {
            Fit::Known
        } else if self.allow(before) {
            self.fit_one(last)
        } else {
            Fit::Unfit
        }
    }

    fn allow_one(&self, whole: &str) -> bool {
        statement(whole).is_some_and(|said| {
            let is_part =
                |part| self.parts(said.topic).any(|it| it == part) || self.has(part, true);
            self.is_topic(said.topic) && said.except.is_none_or(is_part)
        })
    }

    fn fit_one(&self, last: &str) -> Fit {
        let said = last.strip_suffix(',').unwrap_or(last);
        if "-".starts_with(last) || self.allow_one(said) {
            return Fit::Known;
        }
        if let Some((said, part)) = last.split_once(" except ") {
            let topic = statement(said).map_or("", |it| it.topic);
            return match self.is_topic(topic) {
                true => self.fit_name(part, self.parts(topic)),
                false => Fit::Unfit,
            };
        }
        // Behind a name, some of what may follow on it.
        let begins = |end: &str| {
            let mut names = (1..end.len()).filter_map(|cut| last.strip_suffix(&end[..cut]));
            names.any(|name| self.is_topic(name))
        };
        if [" yes except ", " no except "].into_iter().any(begins) {
            return Fit::Known;
        }
        self.fit_name(last, self.topics())
    }

    fn fit_name<'n>(&self, begun: &str, mut known: impl Iterator<Item = &'n str>) -> Fit {
        if known.any(|name| name.starts_with(begun)) || begun.is_empty() {
            Fit::Known
        } else if self.has(begun, false) {
            Fit::Copied
        } else {
            Fit::Unfit
        }
    }

    fn is_topic(&self, name: &str) -> bool {
        self.topics().any(|topic| topic == name) || self.has(name, true)
    }

    fn topics(&self) -> impl Iterator<Item = &str> {
        let known = self.known.iter().map(|topic| &*topic.name);
        known.chain([OTHERS])
    }

    fn parts(&self, topic: &str) -> impl Iterator<Item = &str> {
        let known = self.known.iter().find(|it| it.name == topic);
        known
            .into_iter()
            .flat_map(|it| &it.parts)
            .map(|part| &**part)
    }

    /// Whether the rule has these words, or, where not `whole`, words that begin like this; written as
    /// there or in small letters.
    fn has(&self, words: &str, whole: bool) -> bool {
        let stands = |rule: &str| {
            let mut places = rule.match_indices(words);
            places.any(|(at, _)| {
                let (before, behind) = (&rule[..at], &rule[at + words.len()..]);
                let is_cut = whole && behind.starts_with(char::is_alphanumeric);
                !is_cut && !before.ends_with(char::is_alphanumeric)
            })
        };
        !words.is_empty() && (stands(self.rule) || stands(&self.small))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn known() -> Vec<KnownTopic> {
        let texts = ["wine: port, ice wine", "red meat"].map(str::to_owned);
        KnownTopic::parse_all(&texts).unwrap()
    }

    /// Each beginning of a reading is looked at, as tokens may end anywhere.
    fn fits(reading: &str, rule: &str) -> bool {
        let known = known();
        let names = Names::new(&known, rule);
        let begins = reading.char_indices().map(|(at, _)| &reading[..at]);
        begins
            .chain([reading])
            .all(|it| names.fit(it) != Fit::Unfit)
            && names.allow(reading)
    }

    #[test]
    fn names_are_known_or_stand_in_the_rule() {
        let rule = "Never mention Gorp's T-shirts, Éclairs or cider made of apples.";
        for reading in [
            "-",
            "else no",
            "wine no",
            "wine no except ice wine, red meat yes",
            "wine yes except apples",
            "Gorp no",
            "T-shirts no, cider no except apples",
            "t-shirts no, else yes",
            "Éclairs no",
            "éclairs yes except cider",
            "cider made of apples no",
        ] {
            assert!(fits(reading, rule), "{reading}");
        }
        for reading in [
            "",
            "gor no",
            "gORP no",
            "orp no",
            "cid no, wine no",
            "wine no except por",
            "red meat no except port",
            "cider no except pears",
            "wine no, gorps no",
            "else no except apples",
            "wine maybe",
            "wine no -",
        ] {
            assert!(!fits(reading, rule), "{reading}");
        }
    }

    #[test]
    fn copies_are_told_from_what_is_known() {
        let known = known();
        let names = Names::new(&known, "Answer on wheat.");
        let of = |begun: &str| names.fit(begun);
        assert_eq!([of("wh"), of("wheat"), of("a")], [Fit::Copied; 3]);
        assert_eq!(
            [of("w"), of("wheat "), of("wheat yes"), of("")],
            [Fit::Known; 4]
        );
        assert_eq!([of("whi"), of("heat"), of("wh yes")], [Fit::Unfit; 3]);
        assert_eq!(of("wine no except wh"), Fit::Copied);
    }

    #[test]
    fn where_no_topic_is_known_any_name_may_be() {
        let names = Names::new(&[], "Never.");
        assert!(names.fit("gorp") == Fit::Known && names.allow("gorp no"));
    }
}
