//! How a model read a safety config, rule by rule.
//!
//! A reading is what the model says of one rule as [`Rule::shown`] shows it: statements, with
//! `, ` between them, such as `wine no except port`, or `else yes` for all topics without a rule;
//! `-` where it says nothing of a topic.

use serde::Serialize;

use super::Rule;

/// A rule as the model read it before it answered: a policy owner can see what was understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleReading {
    /// The sentence or list item of the config.
    pub rule: String,
    /// What the model took it to say: `wine no except port`; `else` stands for all other topics.
    /// `-` where it is no rule, `not understood` where what it said is not of this form.
    pub read_as: String,
    /// Whether the answer was decided by it.
    pub decides: bool,
}

impl RuleReading {
    /// Every rule of the text `config` as its `readings` say; a rationale behind them says what
    /// decides, in the same words: `About wine no except port. This is port. So yes.`
    #[must_use]
    pub fn all(config: &str, readings: &[String], rationale: &str) -> Vec<Self> {
        let decisive: Vec<&str> = rationale.split("About ").skip(1).map(decisive).collect();
        let rules = Rule::split(config).into_iter().zip(readings);
        let read = rules.map(|(rule, reading)| {
            let said = statements(reading);
            Self {
                rule: rule.text,
                read_as: said.as_ref().map_or(NOT_UNDERSTOOD, |_| reading).to_owned(),
                decides: said
                    .is_some_and(|said| said.iter().any(|it| decisive.contains(&it.whole))),
            }
        });
        read.collect()
    }
}

/// What all `readings` of a config say together, as the model is shown it: each topic once, and
/// all others at the end.
///
/// A topic is as it was read last, since an exception may stand behind its rule; but where one
/// rule denies it and another allows it, the one that denies counts. All others are refused also
/// where nothing was read of them, and where any rule was not understood.
#[must_use]
pub fn summary<'r>(readings: impl IntoIterator<Item = &'r str>) -> String {
    let mut all: Vec<Statement<'_>> = Vec::new();
    let mut understood = true;
    for reading in readings {
        let said = statements(reading);
        understood &= said.is_some();
        for said in said.into_iter().flatten() {
            let denies = |known: &Statement<'_>| known.topic == said.topic && !known.allows;
            if said.allows && all.iter().any(denies) {
                continue;
            }
            all.retain(|known| known.topic != said.topic);
            all.push(said);
        }
    }
    let others = all.iter().position(|said| said.topic == OTHERS);
    let allowed = others.is_some_and(|at| all.remove(at).allows);
    let others = if allowed && understood { "yes" } else { "no" };
    let said = all.iter().map(|said| format!("{}, ", said.whole));
    said.collect::<String>() + OTHERS + " " + others + "."
}

/// The only topic that this reading says something of.
#[must_use]
pub fn only_topic(reading: &str) -> Option<&str> {
    match &statements(reading)?[..] {
        [said] if said.topic != OTHERS => Some(said.topic),
        _ => None,
    }
}

/// Whether a sentence that is read like this with the one before it, which was read like
/// `before`, goes on with that: it says of the same topic what is excepted.
#[must_use]
pub fn amends(before: &str, reading: &str) -> bool {
    let topic = only_topic(reading);
    topic.is_some() && topic == only_topic(before) && reading.contains(" except ")
}

/// What a reading calls the topics without a rule.
pub const OTHERS: &str = "else";

/// What people are told of a reading that says nothing.
const NOT_UNDERSTOOD: &str = "not understood";

/// What is said of one topic.
struct Statement<'r> {
    whole: &'r str,
    topic: &'r str,
    allows: bool,
}

/// What a reading says; `None` where any of it is not of this form.
fn statements(reading: &str) -> Option<Vec<Statement<'_>>> {
    let statements = reading.split(", ").filter(|&said| said != "-");
    statements.map(statement).collect()
}

fn statement(whole: &str) -> Option<Statement<'_>> {
    let (said, except) = match whole.split_once(" except ") {
        Some((said, except)) => (said, Some(except)),
        None => (whole, None),
    };
    let (topic, says) = said.rsplit_once(' ')?;
    let allows = match says {
        "yes" => true,
        "no" => false,
        _ => return None,
    };
    let understood = match topic {
        // A request cannot be known for a part of all other topics.
        OTHERS => except.is_none(),
        _ => is_name(topic) && except.is_none_or(is_name),
    };
    understood.then_some(Statement {
        whole,
        topic,
        allows,
    })
}

/// Whether it can be the name of a topic or a part: words with a space between, none of which is
/// one of a statement. Where a comma was forgotten, two statements look like one.
pub(super) fn is_name(text: &str) -> bool {
    let said = ["", "yes", "no", "except", OTHERS, "-"];
    let is_word = |word: &str| !said.iter().any(|it| word.eq_ignore_ascii_case(it));
    !text.contains([',', '.', '\n']) && text.split(' ').all(is_word)
}

/// What a clause says of its topic, as a reading does: where it has no rule, what holds for
/// all such stands behind its name.
fn decisive(clause: &str) -> &str {
    let said = clause.split('.').next().unwrap_or_default();
    match said.find(" else ") {
        Some(at) => &said[at + 1..],
        None => said,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(readings: [&str; 2], rationale: &str) -> Vec<(String, String, bool)> {
        let readings = readings.map(str::to_owned);
        let all = RuleReading::all("No spoilers.\n- Wine is fine.", &readings, rationale);
        let fields = all.into_iter();
        fields.map(|it| (it.rule, it.read_as, it.decides)).collect()
    }

    #[test]
    fn rules_are_read_and_some_decide() {
        let fine = |rule: &str, read_as: &str, decides| (rule.into(), read_as.into(), decides);
        assert_eq!(
            read(
                ["films no, music yes", "wine no except port"],
                "About wine no except port. This is port. So yes. About films no. So no.",
            ),
            [
                fine("No spoilers.", "films no, music yes", true),
                fine("Wine is fine.", "wine no except port", true)
            ]
        );
        let all = read(["-", "else yes"], "About music else yes. So yes.");
        let nothing = fine("No spoilers.", "-", false);
        assert_eq!(all, [nothing, fine("Wine is fine.", "else yes", true)]);
        let none = read(["films no", "-"], "About tea harmless. So yes.");
        assert_eq!(none[0], fine("No spoilers.", "films no", false));
        // Another topic whose words begin alike.
        let other = read(["wine bars no", "-"], "About wine yes. So yes.");
        assert_eq!(other[0], fine("No spoilers.", "wine bars no", false));
    }

    #[test]
    fn what_is_not_understood_is_told_and_opens_nothing() {
        for odd in [
            "",
            "wine",
            "yes",
            "wine maybe",
            "except port",
            ", .",
            "no",
            "else yes except wine",
            "wine no gin yes",
            "wine no,gin yes",
            "wine no yes",
            "else  yes",
            "Else yes",
            "wine no,  yes",
            "wine no except ",
            "wine no except port no",
        ] {
            let told = read([odd, "else yes"], "About wine no.");
            assert_eq!(told[0].1, "not understood", "{odd}");
            assert_eq!(summary([odd, "else yes"]), "else no.");
            assert_eq!(summary([odd, "wine no"]), "wine no, else no.");
        }
        assert!(read(["-", "-"], "").iter().all(|told| told.1 == "-"));
        assert_eq!(summary(["-", "-"]), "else no.");
    }

    #[test]
    fn the_last_word_on_a_topic_counts() {
        let all = summary(["else yes", "wine no, gin yes", "-", "wine no except port"]);
        assert_eq!(all, "gin yes, wine no except port, else yes.");
        let all = summary(["gin yes", "else yes", "gin yes except sloe gin"]);
        assert_eq!(all, "gin yes except sloe gin, else yes.");
    }

    #[test]
    fn an_exception_goes_on_with_its_rule() {
        assert!(amends("wine yes", "wine yes except port"));
        assert!(amends("wine no except sherry", "wine yes except port"));
        for (before, reading) in [
            ("gin yes", "wine yes except port"),
            ("wine yes", "wine yes"),
            ("-", "wine yes except port"),
            ("wine yes, gin no", "wine yes except port"),
            ("wine yes", "wine yes except port, gin no"),
            ("else yes", "else yes"),
            ("wine", "wine"),
        ] {
            assert!(!amends(before, reading), "{before} / {reading}");
        }
    }

    #[test]
    fn where_rules_contradict_each_other_the_denial_counts() {
        for all in [["else yes", "else no"], ["else no", "else yes"]] {
            assert_eq!(summary(all), "else no.");
        }
        for all in [["wine no", "wine yes"], ["wine yes except port", "wine no"]] {
            assert_eq!(summary(all), "wine no, else no.");
        }
        let all = summary([
            "wine no except port, gin no",
            "wine yes",
            "gin no, wine yes",
        ]);
        assert_eq!(all, "wine no except port, gin no, else no.");
    }

    #[test]
    fn others_are_refused_where_nothing_was_read_of_them() {
        assert_eq!(summary(["wine no", "gin no"]), "wine no, gin no, else no.");
        assert_eq!(summary([]), "else no.");
    }
}
