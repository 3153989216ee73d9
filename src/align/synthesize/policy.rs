//! A safety config that is drawn, and what it says of a topic.

use std::ops::Range;

use super::Draw;
use super::content::{Topic, Wording};
use super::several::more;
use super::writing::{Written, frame, unbracket};
use crate::safety::{self, OTHERS, summary};

/// A config: its text, and its meaning.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The words; empty where there is no config at all.
    pub text: String,
    /// What a model is to read in each of its sentences.
    pub readings: Vec<Reading>,
    rules: Vec<Rule>,
    others: Others,
}

/// What is read in a sentence.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The sentence as a model is shown it.
    pub shown: String,
    /// What it is to say; `None` where a rule goes on behind the sentence, so nothing can be
    /// told yet, or not all.
    pub says: Option<String>,
    /// The same where the sentence stands by itself; `None` where it ends what was begun.
    pub alone: Option<String>,
}

/// What a rule says of one topic.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub topic: String,
    /// The topic's name in rationales.
    pub name: String,
    pub allows: bool,
    /// The name of a part that is judged the other way.
    pub except: Option<String>,
    /// The words that say it, as they stand in the text but for capitals.
    pub said: String,
    /// Whether they say it only behind the sentence before.
    pub likewise: bool,
}

impl Rule {
    /// What a reading says of it: `weapons no except swords`.
    fn read(&self) -> String {
        let Self { name, allows, .. } = self;
        let except = self.except.as_deref();
        let except = except.map_or(String::new(), |except| format!(" except {except}"));
        format!("{name} {}{except}", say(*allows))
    }
}

/// What holds for topics without a rule.
#[derive(Debug, Clone, Copy)]
enum Others {
    /// There is no config.
    NoConfig,
    /// Yes or no.
    Said { allows: bool },
}

/// What a config says of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether it may be answered.
    pub allowed: bool,
    /// What is thought behind the reading: the topic and what its rule says, whether its
    /// exception holds, yes or no.
    pub clause: String,
}

impl Policy {
    /// No config at all: everything is answered.
    #[must_use]
    pub fn none() -> Self {
        Self {
            text: String::new(),
            readings: Vec::new(),
            rules: Vec::new(),
            others: Others::NoConfig,
        }
    }

    /// A config with a rule for each of these topics, in a wording drawn by chance.
    pub fn draw(topics: &[&Topic], wording: &Wording, draw: &mut Draw) -> Self {
        Self::draw_flipped(topics, None, wording, draw)
    }

    /// The same, with the stance on one topic turned: from the same state of `draw` comes the
    /// same config, but for that.
    pub(super) fn draw_flipped(
        topics: &[&Topic],
        flipped: Option<&Topic>,
        wording: &Wording,
        draw: &mut Draw,
    ) -> Self {
        if topics.is_empty() {
            return Self::plain(wording, draw);
        }
        let form = draw.below(4);
        let mut written = Written::new(flipped, wording, draw);
        // Some topics may stand in the sentence on all others; where none does, that may be the last
        // item of a list.
        let but = match !wording.nothing_but.is_empty() && draw.combines(&wording.all_but) {
            true => 1 + more(topics.len() - 1, draw),
            false => 0,
        };
        let (but, topics) = topics.split_at(but);
        let listed = form == 0 && !draw.is_plain();
        let is_item = listed && but.is_empty() && draw.combines(&wording.other_items);
        if is_item {
            let allows = draw.below(2) == 0;
            let item = written.lists(topics, Some(allows), wording, draw);
            let text = frame(written.parts, false, wording, draw);
            return Self::read(text, written.rules, allows, &item);
        }
        match listed {
            true => drop(written.lists(topics, None, wording, draw)),
            false => written.sentences(topics, wording, draw),
        }
        let allows = draw.below(2) == 0;
        let sentence = match but {
            [] => written.default(allows, wording, draw),
            but => written.all_but(but, allows, wording, draw),
        };
        written.parts.push(sentence.clone());
        let text = frame(written.parts, form == 1, wording, draw);
        Self::read(text, written.rules, allows, &sentence)
    }

    /// Everything is allowed, or nothing sensitive is.
    fn plain(wording: &Wording, draw: &mut Draw) -> Self {
        let allows = draw.below(2) == 0;
        let all = if allows {
            &wording.all_allowed
        } else {
            &wording.all_denied
        };
        let sentence = unbracket(&draw.of(all));
        let text = frame(vec![sentence.clone()], false, wording, draw);
        Self::read(text, Vec::new(), allows, &sentence)
    }

    /// The policy of this text, in which `default` says what holds for everything else. Each
    /// sentence is read, also one that is no rule.
    fn read(text: String, rules: Vec<Rule>, allows: bool, default: &str) -> Self {
        let spans = safety::Rule::spans(&text);
        let mut read = vec![Some(Vec::new()); spans.len()];
        let mut alone = read.clone();
        let said = rules.iter().map(|it| (&*it.said, it.read(), it.likewise));
        let last = (default, format!("{OTHERS} {}", say(allows)), false);
        for (said, rule, likewise) in said.chain([last]) {
            let sentences = sentences(said, &text, &spans);
            let end = sentences.end - 1;
            for begun in &mut read[sentences.start..end] {
                *begun = begun.take().filter(|rules: &Vec<String>| !rules.is_empty());
            }
            read[end].get_or_insert_default().push(rule.clone());
            if sentences.start < end {
                alone[end] = None;
            } else if let Some(rules) = alone[end].as_mut().filter(|_| !likewise) {
                rules.push(rule);
            }
        }
        let shown = safety::Rule::shown(&text);
        let readings = shown.zip(read.into_iter().zip(alone));
        let readings = readings.map(|(shown, (says, alone))| Reading {
            shown,
            says: told(says),
            alone: told(alone),
        });
        Self {
            readings: readings.collect(),
            text,
            rules,
            others: Others::Said { allows },
        }
    }

    /// What a model is shown of it that read all of it right.
    #[must_use]
    pub fn summary(&self) -> String {
        let says = self.readings.iter().filter_map(|it| it.says.as_deref());
        summary(&says.map(safety::Reading::certain).collect::<Vec<_>>())
    }

    /// Whether one of its rules is on this topic.
    pub(super) fn rules_on(&self, topic: &Topic) -> bool {
        self.rules.iter().any(|rule| rule.topic == topic.id)
    }

    /// The part of the topic that its rule excepts.
    pub(super) fn exception_on(&self, topic: &Topic) -> Option<&str> {
        let rule = self.rules.iter().find(|rule| rule.topic == topic.id);
        rule.and_then(|rule| rule.except.as_deref())
    }

    /// What it says of a request on this topic, in this part of it.
    #[must_use]
    pub fn decide(&self, topic: &Topic, scope: Option<&str>) -> Decision {
        let rule = self.rules.iter().find(|rule| rule.topic == topic.id);
        let (allowed, says) = match (rule, self.others) {
            (Some(rule), _) => match &rule.except {
                None => (rule.allows, rule.read()),
                Some(except) => {
                    let fits = Some(&**except) == scope;
                    let not = if fits { "" } else { "not " };
                    let says = format!("{}. This is {not}{except}", rule.read());
                    (rule.allows != fits, says)
                }
            },
            _ if !topic.sensitive => (true, format!("{} harmless", topic.name)),
            (None, Others::NoConfig) => (true, topic.name.clone()),
            (None, Others::Said { allows }) => {
                (allows, format!("{} {OTHERS} {}", topic.name, say(allows)))
            }
        };
        Decision {
            allowed,
            clause: format!("About {says}. So {}.", say(allowed)),
        }
    }
}

/// What is to be said of these rules.
fn told(rules: Option<Vec<String>>) -> Option<String> {
    let rules = rules?;
    Some(match rules[..] {
        [] => "-".to_owned(),
        _ => rules.join(", "),
    })
}

fn say(allows: bool) -> &'static str {
    if allows { "yes" } else { "no" }
}

/// The sentences in which these words stand, whatever their capitals.
fn sentences(said: &str, text: &str, spans: &[Range<usize>]) -> Range<usize> {
    let (said, lower) = (said.to_ascii_lowercase(), text.to_ascii_lowercase());
    let said = said.trim();
    let begin = lower.find(said).unwrap_or_default();
    let behind = |at: usize| spans.iter().position(|span| at < span.end);
    let first = behind(begin).unwrap_or_default();
    let last = behind(begin + said.len() - 1).unwrap_or(first);
    first..last + 1
}

#[cfg(test)]
mod tests;
