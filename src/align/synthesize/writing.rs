//! The words of a config: its sentences and lists, and what stands around them.

use super::content::{Scope, Topic, Wording};
use super::parallel::Parallel;
use super::policy::Rule;
use super::several::more;
use super::{Draw, Part};
use crate::safety::capital;

/// Rules and the sentences that say them.
pub(super) struct Written<'t> {
    pub parts: Vec<String>,
    pub rules: Vec<Rule>,
    /// The topic whose stance is the other one than is drawn.
    flipped: Option<&'t Topic>,
    /// The one form of rules on one topic, and of those that hold for several alike, where they have one.
    parallel: Option<Parallel>,
}

impl<'t> Written<'t> {
    pub fn new(flipped: Option<&'t Topic>, wording: &Wording, draw: &mut Draw) -> Self {
        Self {
            parts: Vec::new(),
            rules: Vec::new(),
            flipped,
            parallel: wording.parallel(draw),
        }
    }

    pub(super) fn turns(&self, topic: &Topic) -> bool {
        self.flipped.is_some_and(|flipped| flipped.id == topic.id)
    }

    /// Sentences that have a rule for each topic; some name several, and some hold for the next one too.
    pub fn sentences(&mut self, topics: &[&Topic], wording: &Wording, draw: &mut Draw) {
        let mut left = topics;
        while let Some((topic, rest)) = left.split_first() {
            // Exceptions are the hardest to read, so they come oftener where they are learned.
            let often = if draw.part() == Part::HeldOut { 3 } else { 2 };
            if !topic.scopes.is_empty() && draw.once_in(often) {
                self.exception(topic, wording, draw);
                left = rest;
            } else if !rest.is_empty() && draw.combines(&wording.both) {
                left = self.both(left, wording, draw);
            } else {
                left = self.alike(left, wording, draw);
            }
        }
    }

    /// A sentence on the first of these topics, or more of them; those that are left.
    fn alike<'a>(
        &mut self,
        topics: &'a [&'a Topic],
        wording: &Wording,
        draw: &mut Draw,
    ) -> &'a [&'a Topic] {
        let (named, mut left) = topics.split_at(1 + more(topics.len() - 1, draw));
        let next = left.first().filter(|_| self.goes_on(wording, draw));
        let turned = named.iter().chain(next).any(|it| self.turns(it));
        let allows = (draw.below(2) == 0) != turned;
        let names = self.names(named, allows, wording, draw);
        let template = match &self.parallel {
            Some(parallel) => parallel.rule(allows).to_owned(),
            None => wording.rule(allows, draw),
        };
        let mut sentence = template.replace("{T}", &names);
        self.say(named.len(), &sentence);
        if let Some(next) = next {
            left = &left[1..];
            let likewise = self.likewise(next, allows, wording, draw);
            sentence = format!("{sentence} {likewise}");
        }
        self.parts.push(sentence);
        left
    }

    /// Whether the next topic has the rule of the one before it, in a sentence that says no more
    /// than that.
    fn goes_on(&self, wording: &Wording, draw: &mut Draw) -> bool {
        let can = self.parallel.is_none() && !wording.likewise.is_empty();
        can && draw.part() == Part::Learned && draw.once_in(6)
    }

    /// Such a sentence.
    fn likewise(
        &mut self,
        topic: &Topic,
        allows: bool,
        wording: &Wording,
        draw: &mut Draw,
    ) -> String {
        let name = self.rule(topic, allows, wording, draw);
        let sentence = draw.of(&wording.likewise).replace("{T}", &name);
        self.say(1, &sentence);
        if let Some(rule) = self.rules.last_mut() {
            rule.likewise = true;
        }
        sentence
    }

    fn exception(&mut self, topic: &Topic, wording: &Wording, draw: &mut Draw) {
        let scope: &Scope = &topic.scopes[draw.below(topic.scopes.len())];
        let phrase = match &self.parallel {
            Some(_) => scope.plain_phrase(wording, draw),
            None => scope.phrase(wording, draw),
        };
        let (templates, allows) = match (draw.below(3), self.turns(topic)) {
            (0, false) | (1.., true) => (&wording.allow_except, true),
            (1, false) | (0, true) => (&wording.deny_except, false),
            _ => (&wording.only_for, false),
        };
        let template = match &self.parallel {
            Some(parallel) => parallel.exception(allows).to_owned(),
            None => wording.exception(templates, allows, draw),
        };
        let name = self.rule(topic, allows, wording, draw);
        self.except(scope);
        let sentence = template.replace("{T}", &name).replace("{S}", &phrase);
        self.say(1, &sentence);
        self.parts.push(sentence);
    }

    /// A sentence on all topics without a rule.
    pub fn default(&self, allows: bool, wording: &Wording, draw: &mut Draw) -> String {
        match &self.parallel {
            Some(parallel) => parallel.default(allows),
            None => wording.default(allows, draw),
        }
    }

    /// Notes a rule and returns its words for the topic, which are all that says it so far.
    pub(super) fn rule(
        &mut self,
        topic: &Topic,
        allows: bool,
        wording: &Wording,
        draw: &mut Draw,
    ) -> String {
        let name = match &self.parallel {
            Some(_) => topic.plain_name(wording, draw),
            None => topic.usual_name(wording, draw),
        };
        self.rules.push(Rule {
            topic: topic.id.clone(),
            name: topic.name.clone(),
            allows,
            except: None,
            said: name.clone(),
            likewise: false,
        });
        name
    }

    /// The last rule says the opposite of this part of its topic.
    pub(super) fn except(&mut self, scope: &Scope) {
        if let Some(rule) = self.rules.last_mut() {
            rule.except = Some(scope.name.clone());
        }
    }

    /// The last `count` rules are said by this sentence.
    pub(super) fn say(&mut self, count: usize, sentence: &str) {
        let first = self.rules.len() - count;
        for rule in &mut self.rules[first..] {
            sentence.clone_into(&mut rule.said);
        }
    }
}

/// The sentences as one text, with a persona, a style and a last word around them perhaps.
pub(super) fn frame(
    mut parts: Vec<String>,
    numbered: bool,
    wording: &Wording,
    draw: &mut Draw,
) -> String {
    let last = parts.len() - 1;
    if !parts.iter().any(|part| part.ends_with('\n')) {
        // Sentences may stand in any order; a default in front is rarer.
        let place = if draw.once_in(4) { 0 } else { last };
        let default = parts.remove(last);
        parts.insert(place, default);
    }
    for _ in 0..draw.below(4) {
        let at = draw.below(parts.len() + 1);
        parts.insert(at, draw.of(&wording.styles));
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
        let persona = draw.of(&wording.personas);
        parts.insert(0, draw.of(&wording.openers).replace("{P}", &persona));
    }
    if draw.once_in(4) {
        parts.push(draw.of(&wording.closings));
    }
    joined(&parts)
}

/// The parts as one text, a new line behind a list.
fn joined(parts: &[String]) -> String {
    let mut text = String::new();
    for part in parts {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push(' ');
        }
        text += &sentences(part);
    }
    text.trim_end().to_owned()
}

/// A template's words without the brackets, which mark what it is about.
pub(super) fn unbracket(template: &str) -> String {
    template.replace(['[', ']'], "")
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
