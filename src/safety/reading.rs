//! How a model read a safety config, rule by rule.
//!
//! A reading is what the model says of one rule as [`Rule::shown`] shows it: statements, with
//! `, ` between them, such as `wine no except port`, or `else yes` for all topics without a rule;
//! `-` where it says nothing of a topic.

mod names;
mod statement;

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

pub use names::{Fit, Names};
pub(super) use statement::{Statement, is_name, statement, statements};

/// What a rule may mean, as a model says it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Meaning {
    /// Its words.
    pub says: String,
    /// How likely the model finds them, from 0 to 1; what it spells otherwise than it stands in the rule counts to
    /// that.
    pub probability: f64,
}

impl Meaning {
    /// These words, so likely.
    #[must_use]
    pub fn new(says: &str, probability: f64) -> Self {
        Self {
            says: says.trim().to_owned(),
            probability,
        }
    }
}

/// What a model said of one rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// All that it may mean but what is unlikely, the likeliest first; none where the model comes to no end.
    pub meanings: Vec<Meaning>,
}

impl Reading {
    /// From this probability on, what is said counts as it is. Measured under configs in wordings held out
    /// of training: with 0.5, more than half as many answers again break a rule, and the score is the same.
    pub const SURE: f64 = 0.6;
    /// From this probability on, it counts that a topic may be denied.
    pub const MAYBE: f64 = 0.1;

    /// What was found, in any order; the same words may be found twice.
    #[must_use]
    pub fn new(found: Vec<Meaning>) -> Self {
        let mut meanings: Vec<Meaning> = Vec::new();
        for mut meaning in found {
            if let Some(same) = meanings.iter().position(|it| it.says == meaning.says) {
                meaning.probability += meanings.remove(same).probability;
            }
            let at = meanings.partition_point(|it| it.probability >= meaning.probability);
            meanings.insert(at, meaning);
        }
        Self { meanings }
    }

    /// What is known, not read.
    #[must_use]
    pub fn certain(says: &str) -> Self {
        Self::new(vec![Meaning::new(says, 1.0)])
    }

    /// The likeliest words; empty where there are none.
    #[must_use]
    pub fn says(&self) -> &str {
        self.meanings.first().map_or("", |it| &it.says)
    }

    /// How likely the model found these words, from 0 to 1.
    #[must_use]
    pub fn probability(&self) -> f64 {
        self.meanings.first().map_or(0.0, |it| it.probability)
    }

    /// How likely it is that its meaning fits; one that is not of the form of readings has no statements.
    fn share(&self, fits: impl Fn(Option<Vec<Statement<'_>>>) -> bool) -> f64 {
        let fitting = self.meanings.iter().filter(|it| fits(statements(&it.says)));
        fitting.map(|it| it.probability).sum()
    }

    /// How likely it is that it makes such a statement.
    fn share_saying(&self, such: impl Fn(&Statement<'_>) -> bool) -> f64 {
        self.share(|said| said.is_some_and(|said| said.iter().any(&such)))
    }

    /// Whether the model was sure of each statement that it makes, or that it makes none.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        let same = |own: &Statement<'_>| self.share_saying(|said| said == own) >= Self::SURE;
        match statements(self.says()) {
            Some(own) if !own.is_empty() => own.iter().all(same),
            Some(_) => self.share(|said| said.is_some_and(|it| it.is_empty())) >= Self::SURE,
            None => false,
        }
    }

    /// What else it may mean, where that is likely enough to count, the likeliest first.
    #[must_use]
    pub fn alternatives(&self) -> Vec<Meaning> {
        let others = self.meanings.iter().skip(1);
        let counted =
            others.filter(|it| it.probability >= Self::MAYBE && statements(&it.says).is_some());
        counted.cloned().collect()
    }

    /// What counts of it.
    pub(super) fn counted(&self) -> Counted<'_> {
        let own = statements(self.says()).unwrap_or_default();
        let sure = self.is_sure();
        let mut denied: Vec<&str> = Vec::new();
        let all = self.meanings.iter().filter_map(|it| statements(&it.says));
        for Statement { topic, .. } in all.flatten() {
            let limits = |it: &Statement<'_>| it.topic == topic && !it.allows_all();
            let is_own = own.iter().any(|it| it.topic == topic);
            let likely = self.share_saying(limits) >= Self::MAYBE || own.iter().any(limits);
            if likely && !(sure && is_own) && !denied.contains(&topic) {
                denied.push(topic);
            }
        }
        let said = if sure { own } else { Vec::new() };
        let known = |it: &Statement<'_>| {
            it.allows_all()
                || denied.contains(&it.topic)
                || said.iter().any(|own| own.topic == it.topic)
        };
        let understood = self.share(|it| it.is_some_and(|it| it.iter().all(known))) >= Self::SURE;
        Counted {
            said,
            denied,
            understood,
        }
    }
}

/// What counts of a reading.
pub(super) struct Counted<'r> {
    /// Its statements, where the model was sure of each.
    pub said: Vec<Statement<'r>>,
    /// Other topics that it may deny, wholly or in part.
    pub denied: Vec<&'r str>,
    /// Whether it is likely that it means nothing but that and what allows something.
    understood: bool,
}

/// What all `readings` of a config say together, as the model is shown it: each topic once, and
/// all others at the end.
///
/// What the model is not sure of opens nothing, and a topic that it may deny is denied. Of several
/// rules on one topic, what one that allows it excepts is denied; and where any denies it,
/// so is the rest, but for what the last of these excepts, since an exception may stand behind its
/// rule. Where a reading cannot say that, the whole topic is denied. All others are refused also
/// where nothing was read of them, and where it is not sure that a rule was understood.
#[must_use]
pub fn summary(readings: &[Reading]) -> String {
    let counted: Vec<_> = readings.iter().map(Reading::counted).collect();
    let mut all: Vec<Topic<'_>> = Vec::new();
    for reading in &counted {
        for said in &reading.said {
            Topic::named(said.topic, &mut all).add(said);
        }
        for topic in &reading.denied {
            Topic::named(topic, &mut all).closed = true;
        }
    }
    let others = all.iter().position(|topic| topic.name == OTHERS);
    let allowed = others.is_some_and(|at| {
        let others = all.remove(at);
        others.denied.is_none() && !others.closed
    });
    let understood = counted.iter().all(|it| it.understood);
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
    /// Whether all of it is denied, whatever else is said.
    closed: bool,
}

impl<'r> Topic<'r> {
    /// The one of this name, among all.
    fn named<'t>(name: &'r str, all: &'t mut Vec<Self>) -> &'t mut Self {
        let known = all.iter().position(|topic| topic.name == name);
        let at = known.unwrap_or(all.len());
        if known.is_none() {
            all.push(Self {
                name,
                kept_back: Vec::new(),
                denied: None,
                closed: false,
            });
        }
        &mut all[at]
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
            _ if self.closed => write!(f, "{name} no"),
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

#[cfg(test)]
mod tests;
