//! How a model read a safety config, rule by rule.
//!
//! A reading is what the model says of one rule as [`Rule::shown`] shows it: statements, with
//! `, ` between them, such as `wine no except port`, or `else yes` for all topics without a rule;
//! `-` where it says nothing of a topic.

use std::fmt::{self, Display, Formatter};
use std::ops::Range;

/// What a model said of one rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// In its own words; empty where it came to no end.
    pub says: String,
    /// How likely it found these words, from 0 to 1; each is the one that it found most likely.
    pub probability: f64,
    /// How likely it found those of them that tell which topics it is about, and that there are no more:
    /// all but the words for yes and no with what they except.
    pub named: f64,
}

impl Reading {
    /// From this probability on, a reading counts as it is. Measured under configs in wordings held out
    /// of training: with 0.5, twice as many answers break a rule, and the score is the same.
    pub const SURE: f64 = 0.6;

    /// What was said, and of each token of it the end there and how likely the model found it.
    #[must_use]
    pub fn new(said: &str, tokens: &[(usize, f64)]) -> Self {
        let says = said.trim();
        let judged = judged(says, said.len() - said.trim_start().len());
        let is_judged = |start, end| {
            let mut judged = judged.iter();
            start < end && judged.any(|it| it.start <= start && end <= it.end)
        };
        let (mut probability, mut named, mut start) = (1.0, 1.0, 0);
        for &(end, likely) in tokens {
            probability *= likely;
            if !is_judged(start, end) {
                named *= likely;
            }
            start = end;
        }
        Self {
            says: says.to_owned(),
            probability,
            named,
        }
    }

    /// What is known, not read.
    #[must_use]
    pub fn certain(says: &str) -> Self {
        Self {
            says: says.to_owned(),
            probability: 1.0,
            named: 1.0,
        }
    }

    /// Whether the model was sure of it.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        self.probability >= Self::SURE
    }

    /// Whether it was sure at least of which topics it is about.
    #[must_use]
    pub fn knows_topics(&self) -> bool {
        self.named >= Self::SURE
    }
}

/// What all `readings` of a config say together, as the model is shown it: each topic once, and
/// all others at the end.
///
/// Of a reading that the model is not sure of, what it allows is denied, with what it excepts. Of several
/// rules on one topic, what one that allows it excepts is denied; and where any denies it,
/// so is the rest, but for what the last of these excepts, since an exception may stand behind its
/// rule. Where a reading cannot say that, the whole topic is denied. All others are refused also
/// where nothing was read of them, and where any rule was not understood, or may be about other topics.
#[must_use]
pub fn summary(readings: &[Reading]) -> String {
    let mut all: Vec<Topic<'_>> = Vec::new();
    let mut understood = true;
    for reading in readings {
        let said = statements(&reading.says);
        understood &= said.is_some() && reading.knows_topics();
        for said in said.into_iter().flatten() {
            let known = all.iter().position(|topic| topic.name == said.topic);
            let at = known.unwrap_or_else(|| {
                all.push(Topic::new(said.topic));
                all.len() - 1
            });
            all[at].add(&said);
            if !reading.is_sure() {
                all[at].denied = Some(None);
            }
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
/// `before`, goes on with that: it says of the same topic what is excepted, and does not merely repeat it.
#[must_use]
pub fn amends(before: &str, reading: &str) -> bool {
    let topic = only_topic(reading);
    let echoes = reading == before;
    !echoes && topic.is_some() && topic == only_topic(before) && reading.contains(" except ")
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

/// What is said of one topic.
pub(super) struct Statement<'r> {
    pub whole: &'r str,
    pub topic: &'r str,
    allows: bool,
    except: Option<&'r str>,
}

/// Where a reading that has `ahead` bytes before it says yes or no of a topic, and what it excepts.
fn judged(reading: &str, ahead: usize) -> Vec<Range<usize>> {
    let mut next = ahead;
    let judged = reading.split(", ").filter_map(|whole| {
        let (start, end) = (next, next + whole.len());
        next = end + 2;
        statement(whole).map(|said| start + said.topic.len()..end)
    });
    judged.collect()
}

/// What a reading says; `None` where any of it is not of this form.
pub(super) fn statements(reading: &str) -> Option<Vec<Statement<'_>>> {
    let statements = reading.split(", ").filter(|&said| said != "-");
    statements.map(statement).collect()
}

pub(super) fn statement(whole: &str) -> Option<Statement<'_>> {
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

#[cfg(test)]
mod tests;
