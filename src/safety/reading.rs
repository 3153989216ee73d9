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
    pub read_as: String,
    /// Whether the answer was decided by it.
    pub decides: bool,
}

impl RuleReading {
    /// The rules of the text `config` of which its `readings` say something, in order; a rationale
    /// behind them says what decides, in the same words:
    /// `About wine no except port. This is port. So yes.`
    #[must_use]
    pub fn all(config: &str, readings: &[String], rationale: &str) -> Vec<Self> {
        let decisive: Vec<&str> = rationale.split("About ").skip(1).map(decisive).collect();
        let rules = Rule::split(config).into_iter().zip(readings);
        let read = rules.filter_map(|(rule, reading)| {
            let said: Vec<&str> = statements(reading).map(|said| said.whole).collect();
            (!said.is_empty()).then(|| Self {
                rule: rule.text,
                read_as: said.join(", "),
                decides: said.iter().any(|said| decisive.contains(said)),
            })
        });
        read.collect()
    }
}

/// What all `readings` of a config say together, as the model is shown it: each topic once, as
/// it was read last, since an exception may stand behind its rule, and all others at the end.
///
/// Where nothing was read of these they are refused, unless the rules forbid and nothing else.
#[must_use]
pub fn summary<'r>(readings: impl IntoIterator<Item = &'r str>) -> String {
    let mut all: Vec<Statement<'_>> = Vec::new();
    for said in readings.into_iter().flat_map(statements) {
        all.retain(|known| known.topic != said.topic);
        all.push(said);
    }
    let others = all.iter().position(|said| said.topic == OTHERS);
    let others = match others.map(|at| all.remove(at).allows) {
        Some(allows) => allows,
        None => !all.is_empty() && all.iter().all(|said| !said.allows),
    };
    let others = if others { "yes" } else { "no" };
    let said = all.iter().map(|said| format!("{}, ", said.whole));
    said.collect::<String>() + OTHERS + " " + others + "."
}

/// What a reading calls the topics without a rule.
pub const OTHERS: &str = "else";

/// What is said of one topic.
struct Statement<'r> {
    whole: &'r str,
    topic: &'r str,
    allows: bool,
}

/// What is not of this form says nothing.
fn statements(reading: &str) -> impl Iterator<Item = Statement<'_>> {
    let statements = reading.split([',', '.']).map(str::trim);
    statements.filter_map(|whole| {
        let (said, _) = whole.split_once(" except ").unwrap_or((whole, ""));
        let (topic, says) = said.rsplit_once(' ')?;
        let allows = match says {
            "yes" => true,
            "no" => false,
            _ => return None,
        };
        Some(Statement {
            whole,
            topic,
            allows,
        })
    })
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
        assert_eq!(all, [fine("Wine is fine.", "else yes", true)]);
        let none = read(["films no", "-"], "About tea harmless. So yes.");
        assert_eq!(none, [fine("No spoilers.", "films no", false)]);
        // Another topic whose words begin alike.
        let other = read(["wine bars no", ""], "About wine yes. So yes.");
        assert_eq!(other, [fine("No spoilers.", "wine bars no", false)]);
    }

    #[test]
    fn what_is_not_of_this_form_says_nothing() {
        for odd in [
            "",
            "-",
            "wine",
            "yes",
            "wine maybe",
            "except port",
            ", .",
            "no",
        ] {
            assert!(read([odd, odd], "About wine no.").is_empty(), "{odd}");
            assert_eq!(summary([odd, odd]), "else no.");
        }
    }

    #[test]
    fn the_last_word_on_a_topic_counts() {
        let all = summary(["else yes", "wine no, gin yes", "-", "wine no except port"]);
        assert_eq!(all, "gin yes, wine no except port, else yes.");
        assert_eq!(summary(["else yes", "else no"]), "else no.");
    }

    #[test]
    fn others_are_refused_unless_something_is_forbidden_and_nothing_allowed() {
        assert_eq!(summary(["wine no", "gin no"]), "wine no, gin no, else yes.");
        assert_eq!(
            summary(["wine no", "gin yes"]),
            "wine no, gin yes, else no."
        );
        assert_eq!(summary([]), "else no.");
    }
}
