//! How a model read a safety config, by its own rationale.

use serde::Serialize;

use super::{Frame, Rule, SafetyConfig};

/// A rule as the model read it before it answered: a policy owner can see what was understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleReading {
    /// The sentence or list item of the config.
    pub rule: String,
    /// What the model took it to say: `wine no except port`; `else` stands for all other topics.
    pub read_as: String,
    /// Whether the answer was decided by it.
    pub decides: bool,
}

impl RuleReading {
    /// The rules of `config` that a rationale read, in the order in which it did.
    ///
    /// In the frame `Numbered` it reads the sentences by their numbers, then says what decides
    /// in the same words:
    /// `1 - 2 wine no except port 3 else yes. About wine no except port. This is port. So yes.`
    /// Numbers that no sentence has are passed over; what is not of this form has no readings.
    #[must_use]
    pub fn all(config: &SafetyConfig, rationale: &str, frame: Frame) -> Vec<Self> {
        if frame != Frame::Numbered {
            return Vec::new();
        }
        let mut parts = rationale.split("About ");
        let read = read_by_number(parts.next().unwrap_or_default());
        let decisive: Vec<Vec<&str>> = parts.filter_map(decisive).collect();
        // Each is read once.
        let mut rules: Vec<_> = Rule::split(config.text()).into_iter().map(Some).collect();
        let readings = read.into_iter().filter_map(|(number, words)| {
            let rule = rules.get_mut(number.checked_sub(1)?)?.take()?;
            let decides = |says: &Vec<&str>| words.windows(says.len()).any(|window| window == says);
            (words != ["-"]).then(|| Self {
                rule: rule.text,
                read_as: words.join(" "),
                decides: decisive.iter().any(decides),
            })
        });
        readings.collect()
    }
}

/// The numbers, each with the words behind it.
fn read_by_number(text: &str) -> Vec<(usize, Vec<&str>)> {
    let mut read: Vec<(usize, Vec<&str>)> = Vec::new();
    for word in text.split([' ', '.']).filter(|word| !word.is_empty()) {
        match (word.parse(), read.last_mut()) {
            (Ok(number), _) => read.push((number, Vec::new())),
            (Err(_), Some((_, words))) => words.push(word),
            (Err(_), None) => {}
        }
    }
    read
}

/// The words of a clause that stand in the reading as well.
fn decisive(clause: &str) -> Option<Vec<&str>> {
    let mut words: Vec<&str> = clause.split('.').next()?.split(' ').collect();
    // What holds for every topic without a rule stands behind the topic.
    if let Some(at) = words.iter().position(|word| *word == "else") {
        words.drain(..at);
    }
    (!words.contains(&"")).then_some(words)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn read(rationale: &str) -> Vec<(String, String, bool)> {
        let config = SafetyConfig::new(None, "No spoilers.\n- Wine is fine.").unwrap();
        let readings = RuleReading::all(&config, rationale, Frame::Numbered);
        let fields = readings.into_iter();
        fields.map(|it| (it.rule, it.read_as, it.decides)).collect()
    }

    #[test]
    fn rules_are_read_and_some_decide() {
        let both = read(
            "1 films no music yes 2 wine no except port. About wine no except port. \
             This is port. So yes. About films no. So no.",
        );
        let fine = |rule: &str, read_as: &str, decides| (rule.into(), read_as.into(), decides);
        assert_eq!(
            both,
            [
                fine("No spoilers.", "films no music yes", true),
                fine("Wine is fine.", "wine no except port", true)
            ]
        );
        let all = "1 - 2 else yes. About music else yes. So yes.";
        assert_eq!(read(all), [fine("Wine is fine.", "else yes", true)]);
        let none = "1 films no 2 -. About tea harmless. So yes.";
        assert_eq!(read(none), [fine("No spoilers.", "films no", false)]);
        // Another topic whose words begin alike.
        let other = read("1 wine bars no. About wine yes. So yes.");
        assert_eq!(other, [fine("No spoilers.", "wine bars no", false)]);
    }

    #[test]
    fn what_is_not_of_this_form_reads_nothing() {
        for odd in [
            "0 wine no. About wine no.",
            "3 wine no. About wine no.",
            "99999999999999999999 wine no. About wine no.",
            "wine no. About wine no.",
            "No rules. About wine. So yes.",
            "About",
            "About ",
            "",
        ] {
            assert!(read(odd).is_empty(), "{odd}");
        }
        let twice = read("1 wine no 1 wine yes. About ");
        assert_eq!(twice.len(), 1);
        assert!(!twice[0].2);
        let config = SafetyConfig::new(None, "Wine is fine.").unwrap();
        assert!(RuleReading::all(&config, "1 wine yes", Frame::Plain).is_empty());
    }
}
