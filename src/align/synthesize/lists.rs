//! Configs that list what is allowed, and what is not.

use std::ops::Range;

use super::Draw;
use super::content::{Topic, Wording};
use super::writing::Written;

/// What stands behind one mark.
struct Item {
    allows: bool,
    text: String,
    /// The rules that it says.
    rules: Range<usize>,
}

impl Written<'_> {
    /// A list of what is allowed, and one of what is not. Where `others` are to stand in one of them, all
    /// topics without a rule are its last item. Returns the words of that, with their mark.
    pub(super) fn lists(
        &mut self,
        topics: &[&Topic],
        others: Option<bool>,
        wording: &Wording,
        draw: &mut Draw,
    ) -> String {
        let mut items = Vec::new();
        let mut left = topics;
        while !left.is_empty() {
            let item = self.item(left, wording, draw);
            left = &left[item.rules.len()..];
            items.push(item);
        }
        items.extend(others.map(|allows| Item {
            allows,
            text: draw.of(&wording.other_items),
            rules: 0..0,
        }));
        let bullet = ["- ", "* ", "1. "][draw.below(3)];
        let mut lists = [(true, &wording.list_allow), (false, &wording.list_deny)];
        if draw.below(2) == 0 {
            lists.reverse();
        }
        let mut last = String::new();
        for (allows, headings) in lists {
            let heading = draw.of(headings);
            let own = items.iter().filter(|item| item.allows == allows);
            last += &self.list(heading, own, bullet);
        }
        last
    }

    /// One list, unless it is empty. Returns the words of its item on all topics without a rule.
    fn list<'i>(
        &mut self,
        heading: String,
        items: impl Iterator<Item = &'i Item>,
        bullet: &str,
    ) -> String {
        let (mut list, mut others) = (heading, String::new());
        for (at, item) in (1..).zip(items) {
            let said = match bullet {
                "1. " => format!("\n{at}. {}", item.text),
                bullet => format!("\n{bullet}{}", item.text),
            };
            list += &said;
            for rule in &mut self.rules[item.rules.clone()] {
                rule.said.clone_from(&said);
            }
            if item.rules.is_empty() {
                others = said;
            }
        }
        if list.contains('\n') {
            self.parts.push(list + "\n");
        }
        others
    }

    /// An item on the first of these topics: its name alone, or for learning also with an exception, or
    /// with the next topic beside it.
    fn item(&mut self, topics: &[&Topic], wording: &Wording, draw: &mut Draw) -> Item {
        let topic = topics[0];
        let allows = (draw.below(2) == 0) != self.turns(topic);
        let first = self.rules.len();
        let excepts = match allows {
            true => &wording.allowed_items,
            false => &wording.denied_items,
        };
        let text = if !topic.scopes.is_empty() && draw.combines(excepts) {
            let scope = &topic.scopes[draw.below(topic.scopes.len())];
            let name = self.rule(topic, allows, wording, draw);
            self.except(scope);
            let part = scope.plain_phrase(wording, draw);
            let item = draw.of(excepts);
            item.replace("{T}", &name).replace("{S}", &part)
        } else {
            match topics {
                [_, _, ..] if draw.combines(excepts) => {
                    self.names(&topics[..2], allows, wording, draw)
                }
                _ => self.rule(topic, allows, wording, draw),
            }
        };
        Item {
            allows,
            text,
            rules: first..self.rules.len(),
        }
    }
}

#[cfg(test)]
mod tests;
