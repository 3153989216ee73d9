//! Sentences that say something of several topics, as people write them.

use super::content::{Topic, Wording};
use super::writing::Written;
use super::{Draw, Part};

/// How many of `left` further topics a rule names beside its own; for learning more, since each of them
/// is easily passed over.
pub(super) fn more(left: usize, draw: &mut Draw) -> usize {
    match draw.part() {
        _ if left == 0 => 0,
        Part::HeldOut => usize::from(draw.once_in(4)),
        Part::Learned if draw.once_in(2) => left.min(1 + draw.below(3)),
        Part::Learned => 0,
    }
}

impl Written<'_> {
    /// A sentence that allows the first of these topics, or the first two, and denies what comes
    /// behind; those that are left.
    pub(super) fn both<'t>(
        &mut self,
        topics: &'t [&'t Topic],
        wording: &Wording,
        draw: &mut Draw,
    ) -> &'t [&'t Topic] {
        let (allowed, rest) = topics.split_at(1 + usize::from(topics.len() > 2 && draw.once_in(3)));
        let (denied, left) = rest.split_at(1 + usize::from(rest.len() > 1 && draw.once_in(3)));
        let yes = self.names(allowed, true, wording, draw);
        let no = self.names(denied, false, wording, draw);
        let template = draw.of(&wording.both);
        if template.find("{U}") < template.find("{T}") {
            // What is read stands in the order of the text.
            let both = self.rules.len() - allowed.len() - denied.len();
            self.rules[both..].rotate_left(allowed.len());
        }
        let sentence = template.replace("{T}", &yes).replace("{U}", &no);
        self.say(allowed.len() + denied.len(), &sentence);
        self.parts.push(sentence);
        left
    }

    /// A sentence that says of all topics but these ones, which it names, that they are allowed or
    /// denied.
    pub(super) fn all_but(
        &mut self,
        topics: &[&Topic],
        allows: bool,
        wording: &Wording,
        draw: &mut Draw,
    ) -> String {
        let templates = if allows {
            &wording.all_but
        } else {
            &wording.nothing_but
        };
        let names = self.names(topics, !allows, wording, draw);
        let sentence = draw.of(templates).replace("{T}", &names);
        self.say(topics.len(), &sentence);
        sentence
    }

    /// Notes a rule for each of these topics, and returns their names in a row.
    pub(super) fn names(
        &mut self,
        topics: &[&Topic],
        allows: bool,
        wording: &Wording,
        draw: &mut Draw,
    ) -> String {
        let mut names: Vec<String> = Vec::new();
        for topic in topics {
            names.push(self.rule(topic, allows, wording, draw));
        }
        let last = names.pop().unwrap_or_default();
        let joiner = [" and ", " or ", ", "][draw.below(3)];
        let comma = names.len() > 1 && joiner != ", " && draw.once_in(2);
        match names.len() {
            0 => last,
            _ => names.join(", ") + if comma { "," } else { "" } + joiner + &last,
        }
    }
}

#[cfg(test)]
mod tests;
