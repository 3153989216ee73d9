//! A safety config that is drawn, and what it says of a topic.

use std::ops::Range;

use super::Draw;
use super::content::{Topic, Wording};
use super::writing::{Written, frame, unbracket};
use crate::safety::Rule as Sentence;

/// A config: its text, and its meaning.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The words; empty where there is no config at all. Models see them with numbers.
    pub text: String,
    rules: Vec<Rule>,
    others: Others,
}

/// What a rule says of one topic.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub topic: String,
    pub allows: bool,
    /// The name of a part that is judged the other way.
    pub except: Option<String>,
    /// The words that say it, as they stand in the text but for capitals.
    pub said: String,
    /// Its number in the text.
    pub number: usize,
}

/// What holds for topics without a rule.
#[derive(Debug, Clone)]
enum Others {
    /// There is no config.
    NoConfig,
    /// Yes or no, and the number of the rule that says it.
    Said { allows: bool, number: usize },
}

/// What a config says of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether it may be answered.
    pub allowed: bool,
    /// The rationale: topic, number of the rule and what it says, whether its exception holds,
    /// yes or no.
    pub rationale: String,
}

impl Policy {
    /// No config at all: everything is answered.
    #[must_use]
    pub fn none() -> Self {
        Self {
            text: String::new(),
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
        let mut written = Written::new(flipped);
        match form {
            0 => written.lists(topics, wording, draw),
            _ => written.sentences(topics, wording, draw),
        }
        let allows = draw.below(2) == 0;
        let others = if allows {
            &wording.others_allowed
        } else {
            &wording.others_denied
        };
        let sentence = unbracket(draw.of(others));
        written.parts.push(sentence.clone());
        let text = frame(written.parts, form == 1, wording, draw);
        for rule in &mut written.rules {
            rule.number = number(&rule.said, &text);
        }
        Self {
            rules: written.rules,
            others: Others::Said {
                allows,
                number: number(&sentence, &text),
            },
            text,
        }
    }

    /// Everything is allowed, or nothing sensitive is.
    fn plain(wording: &Wording, draw: &mut Draw) -> Self {
        let allows = draw.below(2) == 0;
        let all = if allows {
            &wording.all_allowed
        } else {
            &wording.all_denied
        };
        let sentence = unbracket(draw.of(all));
        let text = frame(vec![sentence.clone()], false, wording, draw);
        Self {
            rules: Vec::new(),
            others: Others::Said {
                allows,
                number: number(&sentence, &text),
            },
            text,
        }
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
        let name = &topic.name;
        if let Some(rule) = self.rules.iter().find(|rule| rule.topic == topic.id) {
            let says = say(rule.allows);
            let (says, allowed) = match &rule.except {
                None => (says.to_owned(), rule.allows),
                Some(except) => {
                    let fits = Some(&**except) == scope;
                    let not = if fits { "" } else { "not " };
                    let says = format!("{says}, except {except}. This is {not}{except}");
                    (says, rule.allows != fits)
                }
            };
            return Decision {
                allowed,
                rationale: rationale(name, rule.number, &says, allowed),
            };
        }
        match &self.others {
            _ if !topic.sensitive => Decision {
                allowed: true,
                rationale: format!("About {name}. Harmless. So yes."),
            },
            Others::NoConfig => Decision {
                allowed: true,
                rationale: format!("About {name}. No rules. So yes."),
            },
            Others::Said { allows, number } => Decision {
                allowed: *allows,
                rationale: rationale(name, *number, say(*allows), *allows),
            },
        }
    }
}

/// What is thought before an answer, step by step: each step has one thing to look up.
pub(super) fn rationale(name: &str, number: usize, says: &str, allowed: bool) -> String {
    let so = say(allowed);
    format!("About {name}. Rule {number} says {says}. So {so}.")
}

pub(super) fn say(allows: bool) -> &'static str {
    if allows { "yes" } else { "no" }
}

/// The number of the rule in whose sentence these words end, whatever their capitals.
fn number(said: &str, text: &str) -> usize {
    let (said, lower) = (said.to_ascii_lowercase(), text.to_ascii_lowercase());
    let said = said.trim();
    let begin = lower.find(said).unwrap_or_default();
    let spans = Sentence::spans(text);
    let holds = |span: &Range<usize>| span.contains(&(begin + said.len() - 1));
    1 + spans.iter().position(holds).unwrap_or_default()
}
