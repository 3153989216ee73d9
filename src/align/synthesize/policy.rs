//! A safety config that is drawn, and what it says of a topic.

use super::Draw;
use super::content::{Scope, Topic, Wording};

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
struct Rule {
    topic: String,
    /// Its words for the topic.
    quote: String,
    allows: bool,
    /// The name of a part that is judged the other way, and the rule's words for it.
    except: Option<(String, String)>,
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
        let say = |allowed: bool| if allowed { "yes" } else { "no" };
        if let Some(rule) = self.rules.iter().find(|rule| rule.topic == topic.id) {
            let first = format!("{name}: \"{}\" -> {}", rule.quote, say(rule.allows));
            return match &rule.except {
                None => Decision {
                    allowed: rule.allows,
                    rationale: format!("{first}."),
                },
                Some((except, quote)) if Some(&**except) == scope => Decision {
                    allowed: !rule.allows,
                    rationale: format!("{first}, but \"{quote}\" -> {}.", say(!rule.allows)),
                },
                Some((_, quote)) => Decision {
                    allowed: rule.allows,
                    rationale: format!("{first}, not \"{quote}\"."),
                },
            };
        }
        match &self.others {
            _ if !topic.sensitive => Decision {
                allowed: true,
                rationale: format!("{name}: harmless -> yes."),
            },
            Others::NoConfig => Decision {
                allowed: true,
                rationale: format!("{name}: no rule -> yes."),
            },
            Others::Said { allows, quote } => Decision {
                allowed: *allows,
                rationale: format!("{name}: \"{quote}\" -> {}.", say(*allows)),
            },
        }
    }
}

/// Rules and the sentences that say them.
#[derive(Default)]
struct Written {
    parts: Vec<String>,
    rules: Vec<Rule>,
}

impl Written {
    /// A sentence for each rule; some rules name two topics.
    fn sentences(&mut self, topics: &[&Topic], wording: &Wording, draw: &mut Draw) {
        let mut left = topics;
        while let Some((topic, rest)) = left.split_first() {
            left = rest;
            let scoped = !topic.scopes.is_empty() && draw.below(3) == 0;
            if scoped {
                self.exception(topic, wording, draw);
                continue;
            }
            let allows = draw.below(2) == 0;
            let mut quotes = vec![self.rule(topic, allows, draw)];
            if let (Some((other, rest)), true) = (left.split_first(), draw.once_in(4)) {
                quotes.push(self.rule(other, allows, draw));
                left = rest;
            }
            let templates = if allows {
                &wording.allow
            } else {
                &wording.deny
            };
            let joined = quotes.join([" and ", " or ", ", "][draw.below(3)]);
            self.parts.push(draw.of(templates).replace("{T}", &joined));
        }
    }

    fn exception(&mut self, topic: &Topic, wording: &Wording, draw: &mut Draw) {
        let scope: &Scope = &topic.scopes[draw.below(topic.scopes.len())];
        let phrase = draw.of(&scope.phrases).to_owned();
        let (templates, allows) = match draw.below(3) {
            0 => (&wording.allow_except, true),
            1 => (&wording.deny_except, false),
            _ => (&wording.only_for, false),
        };
        let template = draw.of(templates).to_owned();
        let quote = self.rule(topic, allows, draw);
        if let Some(rule) = self.rules.last_mut() {
            rule.except = Some((scope.name.clone(), phrase.clone()));
        }
        self.parts
            .push(template.replace("{T}", &quote).replace("{S}", &phrase));
    }

    /// A list of what is allowed, and one of what is not.
    fn lists(&mut self, topics: &[&Topic], wording: &Wording, draw: &mut Draw) {
        let (mut allowed, mut denied) = (Vec::new(), Vec::new());
        for topic in topics {
            let allows = draw.below(2) == 0;
            let quote = self.rule(topic, allows, draw);
            if allows { &mut allowed } else { &mut denied }.push(quote);
        }
        let bullet = ["- ", "* ", "1. "][draw.below(3)];
        let mut lists = [(allowed, &wording.list_allow), (denied, &wording.list_deny)];
        if draw.below(2) == 0 {
            lists.reverse();
        }
        for (items, headings) in lists.into_iter().filter(|list| !list.0.is_empty()) {
            let line = |(at, item): (usize, &String)| match bullet {
                "1. " => format!("\n{}. {item}", at + 1),
                bullet => format!("\n{bullet}{item}"),
            };
            let items: String = items.iter().enumerate().map(line).collect();
            self.parts.push(format!("{}{items}\n", draw.of(headings)));
        }
    }

    /// Notes a rule and returns its words for the topic.
    fn rule(&mut self, topic: &Topic, allows: bool, draw: &mut Draw) -> String {
        let quote = draw.of(&topic.names).to_owned();
        self.rules.push(Rule {
            topic: topic.id.clone(),
            quote: quote.clone(),
            allows,
            except: None,
        });
        quote
    }
}

/// The sentences as one text, with a persona, a style and a last word around them perhaps.
fn frame(mut parts: Vec<String>, numbered: bool, wording: &Wording, draw: &mut Draw) -> String {
    let last = parts.len() - 1;
    if !parts.iter().any(|part| part.ends_with('\n')) {
        // Sentences may stand in any order; a default in front is rarer.
        let place = if draw.once_in(4) { 0 } else { last };
        let default = parts.remove(last);
        parts.insert(place, default);
    }
    for _ in 0..draw.below(3) {
        let at = draw.below(parts.len() + 1);
        parts.insert(at, draw.of(&wording.styles).to_owned());
    }
    if numbered {
        let lines = parts
            .iter()
            .enumerate()
            .map(|(at, part)| format!("\n{}. {}", at + 1, capital(part)));
        parts = vec![format!(
            "{}{}\n",
            draw.of(&wording.rules_heading),
            lines.collect::<String>()
        )];
    }
    if draw.below(4) > 0 {
        let persona = draw.of(&wording.personas).to_owned();
        parts.insert(0, draw.of(&wording.openers).replace("{P}", &persona));
    }
    if draw.once_in(4) {
        parts.push(draw.of(&wording.closings).to_owned());
    }
    let mut text = String::new();
    for part in &parts {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push(' ');
        }
        text += &sentences(part);
    }
    text.trim_end().to_owned()
}

fn said(allows: bool, mut quote: String, text: &str) -> Others {
    as_written(&mut quote, text);
    Others::Said { allows, quote }
}

/// With the capital that the words have in the text.
fn as_written(quote: &mut String, text: &str) {
    if !text.contains(&*quote) {
        *quote = capital(quote);
    }
}

/// A template's words, and those between its brackets.
fn unbracket(template: &str) -> (String, String) {
    let quote = template.split(['[', ']']).nth(1).unwrap_or(template);
    (template.replace(['[', ']'], ""), quote.to_owned())
}

/// With a capital where a sentence begins.
fn sentences(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut start = true;
    for c in text.chars() {
        let upper = start && c.is_lowercase();
        if upper {
            out.extend(c.to_uppercase())
        } else {
            out.push(c)
        }
        start = match c {
            ' ' => start,
            _ => matches!(c, '.' | '?' | '!'),
        };
    }
    out
}

/// With a capital at its beginning.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().into_iter().flat_map(char::to_uppercase);
    first.chain(chars).collect()
}
