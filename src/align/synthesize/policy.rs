//! A safety config that is drawn, and what it says of a topic.

use super::Draw;
use super::content::{Topic, Wording};
use super::writing::{Written, as_written, frame, unbracket};

/// A config: its text, and its meaning.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The words; empty where there is no config at all.
    pub text: String,
    rules: Vec<Rule>,
    others: Others,
}

/// What a rule says of one topic.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub topic: String,
    /// Its words for the topic.
    pub quote: String,
    pub allows: bool,
    /// The name of a part that is judged the other way, and the rule's words for it.
    pub except: Option<(String, String)>,
}

/// What holds for topics without a rule.
#[derive(Debug, Clone)]
enum Others {
    /// There is no config.
    NoConfig,
    /// Yes or no, with the config's words.
    Said { allows: bool, quote: String },
}

/// What a config says of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether it may be answered.
    pub allowed: bool,
    /// The rationale: topic, rule, yes or no.
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
        if topics.is_empty() {
            return Self::plain(wording, draw);
        }
        let form = draw.below(4);
        let mut written = Written::default();
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
        let (sentence, quote) = unbracket(draw.of(others));
        written.parts.push(sentence);
        let text = frame(written.parts, form == 1, wording, draw);
        for rule in &mut written.rules {
            as_written(&mut rule.quote, &text);
            if let Some((_, quote)) = &mut rule.except {
                as_written(quote, &text);
            }
        }
        Self {
            rules: written.rules,
            others: said(allows, quote, &text),
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
        let (sentence, quote) = unbracket(draw.of(all));
        let text = frame(vec![sentence], false, wording, draw);
        Self {
            rules: Vec::new(),
            others: said(allows, quote, &text),
            text,
        }
    }

    /// What it says of a request on this topic, in this part of it.
    #[must_use]
    pub fn decide(&self, topic: &Topic, scope: Option<&str>) -> Decision {
        let name = match (&topic.scopes[..], scope) {
            ([], _) => topic.name.clone(),
            (_, scope) => format!("{} ({})", topic.name, scope.unwrap_or("general")),
        };
        if let Some(rule) = self.rules.iter().find(|rule| rule.topic == topic.id) {
            let first = rationale(&name, &rule.quote, rule.allows);
            let Some((except, quote)) = &rule.except else {
                return Decision {
                    allowed: rule.allows,
                    rationale: first,
                };
            };
            let asked = Some(&**except) == scope;
            let allowed = rule.allows != asked;
            let not = if asked { "" } else { "not " };
            return Decision {
                allowed,
                rationale: format!("{first} Except {quote}: {not}asked, so {}.", say(allowed)),
            };
        }
        match &self.others {
            _ if !topic.sensitive => Decision {
                allowed: true,
                rationale: format!("About {name}. Harmless: yes."),
            },
            Others::NoConfig => Decision {
                allowed: true,
                rationale: format!("About {name}. No rules: yes."),
            },
            Others::Said { allows, quote } => Decision {
                allowed: *allows,
                rationale: rationale(&name, quote, *allows),
            },
        }
    }
}

/// What is thought before an answer. Quoted words have a space before them, as they have in
/// the config: so they are the same tokens there and here, and can be copied.
pub(super) fn rationale(name: &str, quote: &str, allows: bool) -> String {
    format!("About {name}. Rule on {quote}: {}.", say(allows))
}

fn say(allows: bool) -> &'static str {
    if allows { "yes" } else { "no" }
}

fn said(allows: bool, mut quote: String, text: &str) -> Others {
    as_written(&mut quote, text);
    Others::Said { allows, quote }
}
