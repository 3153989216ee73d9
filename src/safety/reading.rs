//! How a model read a safety config, rule by rule.
//!
//! A reading is what the model says of one rule as [`Rule::shown`] shows it: statements, with
//! `, ` between them, such as `wine no except port`, or `else yes` for all topics without a rule;
//! `-` where it says nothing of a topic.

use std::fmt::{self, Display, Formatter};

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
        let all: Vec<_> = readings.iter().map(|it| statements(it)).collect();
        let has = |said: &str| all.iter().flatten().flatten().any(|it| it.whole == said);
        let clauses = rationale.split("About ").skip(1).map(decisive);
        let decisive: Vec<_> = clauses
            .filter_map(|it| statement(it).map(|it| (has(it.whole), it)))
            .collect();
        // Where rules on a topic contradict each other, what decides is said by none of them.
        let decides = |said: &Statement<'_>| {
            decisive.iter().any(|(whole, it)| match whole {
                true => it.whole == said.whole,
                false => it.topic != OTHERS && it.topic == said.topic,
            })
        };
        let rules = Rule::split(config).into_iter().zip(readings).zip(&all);
        let read = rules.map(|((rule, reading), said)| Self {
            rule: rule.text,
            read_as: said.as_ref().map_or(NOT_UNDERSTOOD, |_| reading).to_owned(),
            decides: said.as_ref().is_some_and(|said| said.iter().any(decides)),
        });
        read.collect()
    }
}

/// What all `readings` of a config say together, as the model is shown it: each topic once, and
/// all others at the end.
///
/// Of several rules on one topic, what one that allows it excepts is denied; and where any denies it,
/// so is the rest, but for what the last of these excepts, since an exception may stand behind its
/// rule. Where a reading cannot say that, the whole topic is denied. All others are refused also
/// where nothing was read of them, and where any rule was not understood.
#[must_use]
pub fn summary<'r>(readings: impl IntoIterator<Item = &'r str>) -> String {
    let mut all: Vec<Topic<'_>> = Vec::new();
    let mut understood = true;
    for reading in readings {
        let said = statements(reading);
        understood &= said.is_some();
        for said in said.into_iter().flatten() {
            let known = all.iter().position(|topic| topic.name == said.topic);
            let at = known.unwrap_or_else(|| {
                all.push(Topic::new(said.topic));
                all.len() - 1
            });
            all[at].add(&said);
        }
    }
    let others = all.iter().position(|topic| topic.name == OTHERS);
    let allowed = others.is_some_and(|at| all.remove(at).denied.is_none());
    let others = if allowed && understood { "yes" } else { "no" };
    let said = all.iter().map(|topic| format!("{topic}, "));
    said.collect::<String>() + OTHERS + " " + others + "."
}

/// What all readings say of one topic.
struct Topic<'r> {
    name: &'r str,
    /// What those that allow it except, each once.
    kept_back: Vec<&'r str>,
    /// What the last that denies it excepts; `None` where none does.
    denied: Option<Option<&'r str>>,
}

impl<'r> Topic<'r> {
    fn new(name: &'r str) -> Self {
        Self {
            name,
            kept_back: Vec::new(),
            denied: None,
        }
    }

    fn add(&mut self, said: &Statement<'r>) {
        match (said.allows, said.except) {
            (false, except) => self.denied = Some(except),
            (true, Some(part)) if !self.kept_back.contains(&part) => self.kept_back.push(part),
            (true, _) => {}
        }
    }
}

impl Display for Topic<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let name = self.name;
        match (self.denied, &self.kept_back[..]) {
            (Some(Some(part)), kept_back) if !kept_back.contains(&part) => {
                write!(f, "{name} no except {part}")
            }
            (None, []) => write!(f, "{name} yes"),
            (None, [part]) => write!(f, "{name} yes except {part}"),
            _ => write!(f, "{name} no"),
        }
    }
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

/// Whether a sentence behind one that is read like this may go on with it: that has a rule on some
/// topics, the same for each.
#[must_use]
pub fn leads(reading: &str) -> bool {
    let said = statements(reading).unwrap_or_default();
    let alike = |it: &Statement<'_>| it.topic != OTHERS && it.allows == said[0].allows;
    !said.is_empty() && said.iter().all(alike)
}

/// Whether it counts what a sentence that says nothing by itself is read like with the one before
/// it, which was read like `before`: `The same goes for gin.` It denies something, or allows other
/// topics where that allows some.
#[must_use]
pub fn continues(before: &str, reading: &str) -> bool {
    let known = statements(before).unwrap_or_default();
    let said = statements(reading).unwrap_or_default();
    let is_new = |topic: &str| topic != OTHERS && known.iter().all(|known| known.topic != topic);
    let follows = |said: &Statement<'_>| match said.allows {
        true => known[0].allows && said.except.is_none() && is_new(said.topic),
        false => true,
    };
    leads(before) && before != reading && !said.is_empty() && said.iter().all(follows)
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
    except: Option<&'r str>,
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
        except,
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
mod tests;
