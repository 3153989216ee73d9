//! Rules put together from words for yes and no, and sentences around them.

use serde::Deserialize;

use super::Draw;
use super::parallel::Parallel;
use crate::safety::capital;

/// Words and sentences, as their file tells; for learning alone.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Composed {
    pub(super) allowed: Vec<String>,
    pub(super) forbidden: Vec<String>,
    pub(super) allow: Vec<String>,
    pub(super) forbid: Vec<String>,
    pub(super) says: Vec<String>,
    pub(super) negates: Vec<String>,
    pub(super) except: Vec<String>,
    pub(super) only: Vec<String>,
    pub(super) but: Vec<String>,
    pub(super) others: Vec<String>,
}

impl Composed {
    /// A sentence that allows or denies `{T}`.
    pub(super) fn rule(&self, allows: bool, draw: &mut Draw) -> String {
        capital(&self.clause(allows, draw)) + "."
    }

    /// One that says so of everything without a rule.
    pub(super) fn default(&self, allows: bool, draw: &mut Draw) -> String {
        let others = draw.of(&self.others);
        capital(&self.clause(allows, draw).replace("{T}", &others)) + "."
    }

    /// One that allows or denies `{T}`, and says the opposite of `{S}`.
    pub(super) fn exception(&self, allows: bool, draw: &mut Draw) -> String {
        let sentence = match draw.below(3) {
            0 => {
                let whole = draw.of(&self.only);
                self.fill(&whole, !allows, draw)
            }
            1 => {
                let part = self.clause(!allows, draw).replace("{T}", "{S}");
                let whole = draw.of(&self.but).replace("{N}", &part);
                whole.replace("{M}", &self.clause(allows, draw))
            }
            _ => {
                let whole = draw.of(&self.except);
                whole.replace("{M}", &self.clause(allows, draw))
            }
        };
        capital(&sentence) + "."
    }

    /// Sentences that differ in a word alone.
    pub(super) fn parallel(&self, draw: &mut Draw) -> Parallel {
        let clause = draw.of(&self.says);
        let [yes, no] = [true, false].map(|allows| self.fill(&clause, allows, draw));
        let except = draw.of(&self.except);
        let whole = |text: &str| capital(text) + ".";
        Parallel {
            allow: whole(&yes),
            deny: whole(&no),
            allow_except: whole(&except.replace("{M}", &yes)),
            deny_except: whole(&except.replace("{M}", &no)),
            others: draw.of(&self.others),
        }
    }

    fn clause(&self, allows: bool, draw: &mut Draw) -> String {
        let negated = draw.once_in(4);
        let clause = draw.of(if negated { &self.negates } else { &self.says });
        self.fill(&clause, allows != negated, draw)
    }

    /// The text with a word of this stance in each place for one.
    fn fill(&self, text: &str, allows: bool, draw: &mut Draw) -> String {
        let (adjectives, verbs) = match allows {
            true => (&self.allowed, &self.allow),
            false => (&self.forbidden, &self.forbid),
        };
        let text = text.replace("{adjective}", &draw.of(adjectives));
        text.replace("{verb}", &draw.of(verbs))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::super::Part;
    use super::super::tests::{content, draw};
    use super::*;

    fn composed() -> Composed {
        content().wording.composed.unwrap()
    }

    #[test]
    fn every_piece_is_whole() {
        let composed = composed();
        let times = |text: &String, place: &str| text.matches(place).count();
        let worded =
            |text: &String| (times(text, "{adjective}") > 0) != (times(text, "{verb}") > 0);
        for text in composed.says.iter().chain(&composed.negates) {
            assert!(times(text, "{T}") == 1 && worded(text), "{text}");
        }
        for text in &composed.only {
            assert!(times(text, "{S}") == 1 && worded(text), "{text}");
        }
        for text in &composed.except {
            assert!(times(text, "{M}") == 1 && times(text, "{S}") == 1, "{text}");
        }
        for text in &composed.but {
            assert!(times(text, "{M}") == 1 && times(text, "{N}") == 1, "{text}");
        }
        let Composed {
            allowed,
            forbidden,
            allow,
            forbid,
            others,
            ..
        } = &composed;
        for word in [allowed, forbidden, allow, forbid, others]
            .into_iter()
            .flatten()
        {
            assert!(!word.contains(['{', '}']), "{word}");
        }
        assert!(allowed.iter().all(|word| !forbidden.contains(word)));
        assert!(allow.iter().all(|word| !forbid.contains(word)));
    }

    /// Words of which the polarity of a sentence can be told.
    fn plain() -> Composed {
        let list = |words: &[&str]| words.iter().map(|it| (*it).to_owned()).collect();
        Composed {
            allowed: list(&["good"]),
            forbidden: list(&["bad"]),
            allow: list(&["greet"]),
            forbid: list(&["shun"]),
            says: list(&["{T} is {adjective}", "{verb} {T}"]),
            negates: list(&["{T} is not {adjective}", "not {verb} {T}"]),
            except: list(&["{M} except {S}"]),
            only: list(&["only {S} is {adjective} in {T}"]),
            but: list(&["{M}; {N}"]),
            others: list(&["the rest"]),
        }
    }

    /// Whether this sentence allows what it is about.
    fn allows(sentence: &str) -> bool {
        let sentence = sentence.to_lowercase();
        let good = sentence.contains("good") || sentence.contains("greet");
        good != sentence.contains("not ")
    }

    #[test]
    fn sentences_say_what_they_are_drawn_to_say() {
        let composed = plain();
        let mut seen = [0; 3];
        for number in 0..400 {
            let draw = &mut draw(number, Part::Learned);
            let wanted = number % 2 == 0;
            assert_eq!(allows(&composed.rule(wanted, draw)), wanted);
            let default = composed.default(wanted, draw);
            assert!(allows(&default) == wanted && default.to_lowercase().contains("the rest"));
            let exception = composed.exception(wanted, draw).to_lowercase();
            if let Some((whole, part)) = exception.split_once(';') {
                assert!(whole.contains("{t}") && part.contains("{s}"), "{exception}");
                assert!(
                    allows(whole) == wanted && allows(part) != wanted,
                    "{exception}"
                );
                seen[0] += 1;
            } else if exception.starts_with("only") {
                assert_ne!(allows(&exception), wanted, "{exception}");
                seen[1] += 1;
            } else {
                let whole = exception.strip_suffix(" except {s}.").unwrap();
                assert_eq!(allows(whole), wanted, "{exception}");
                seen[2] += 1;
            }
        }
        assert!(seen.iter().all(|&count| count > 50), "{seen:?}");
    }
}
