//! Templates of rules: as they were written or, for learning, composed.

use super::composed::Composed;
use super::content::Wording;
use super::parallel::Parallel;
use super::writing::unbracket;
use super::{Draw, Part, is_form, is_held_out};

impl Wording {
    /// A template for a rule that allows or denies `{T}`.
    pub(super) fn rule(&self, allows: bool, draw: &mut Draw) -> String {
        let templates = if allows { &self.allow } else { &self.deny };
        let composed = self.compose([templates], draw, |it, draw| it.rule(allows, draw));
        composed.unwrap_or_else(|| draw.of(templates))
    }

    /// One of these templates, which allow or deny `{T}` and say the opposite of `{S}`.
    pub(super) fn exception(&self, own: &[String], allows: bool, draw: &mut Draw) -> String {
        let all = [&self.allow_except, &self.deny_except, &self.only_for];
        let composed = self.compose(all, draw, |it, draw| it.exception(allows, draw));
        composed.unwrap_or_else(|| draw.of(own))
    }

    /// A sentence on everything that has no rule.
    pub(super) fn default(&self, allows: bool, draw: &mut Draw) -> String {
        let templates = if allows {
            &self.others_allowed
        } else {
            &self.others_denied
        };
        let composed = self.compose([templates], draw, |it, draw| it.default(allows, draw));
        composed.unwrap_or_else(|| unbracket(&draw.of(templates)))
    }

    /// One form for all rules of a config: for one in three that are learned, since people write
    /// so, and a rule is easily taken for the one before it where they differ in a word.
    pub(super) fn parallel(&self, draw: &mut Draw) -> Option<Parallel> {
        if draw.is_plain() {
            return self.parallel.first().cloned();
        }
        if draw.part() == Part::HeldOut || !draw.once_in(3) {
            return None;
        }
        let composed = self.composed.as_ref();
        let parallel = match composed.filter(|_| self.parallel.is_empty() || draw.once_in(2)) {
            Some(composed) => composed.parallel(draw),
            None => self
                .parallel
                .get(draw.below(self.parallel.len().max(1)))?
                .clone(),
        };
        (!self.holds_out(&parallel)).then_some(parallel)
    }

    /// Whether one of these is a form of a template that is held out.
    fn holds_out(&self, parallel: &Parallel) -> bool {
        let exceptions = [&self.allow_except, &self.deny_except, &self.only_for];
        let rules = [&self.allow, &self.deny].into_iter().chain(exceptions);
        let others = [&self.others_allowed, &self.others_denied];
        let held_out = |template: &&String| is_held_out(template);
        let mut rules = rules.flatten().filter(held_out);
        let mut others = others.into_iter().flatten().filter(held_out);
        let defaults = [true, false].map(|allows| parallel.default(allows));
        rules.any(|it| {
            parallel
                .sentences()
                .any(|(sentence, _)| is_form(it, sentence))
        }) || others.any(|it| defaults.iter().any(|said| is_form(&unbracket(it), said)))
    }

    /// What is composed where a template is to be, and is no form of one that is held out.
    fn compose<const N: usize>(
        &self,
        templates: [&Vec<String>; N],
        draw: &mut Draw,
        sentence: impl Fn(&Composed, &mut Draw) -> String,
    ) -> Option<String> {
        let composed = self.composed.as_ref().filter(|_| draw.composes())?;
        let held_out = |sentence: &str| {
            let held_out = templates.into_iter().flatten().filter(|it| is_held_out(it));
            held_out
                .into_iter()
                .any(|it| is_form(&unbracket(it), sentence))
        };
        loop {
            let sentence = sentence(composed, draw);
            if !held_out(&sentence) {
                return Some(sentence);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::super::tests::{content, draw};
    use super::super::{Part, is_learned};
    use super::*;

    #[test]
    fn nothing_held_out_is_composed() {
        let mut wording = content().wording;
        let composed = wording.composed.as_mut().unwrap();
        composed.forbidden = ["bad", "ill", "dire", "grim"].map(str::to_owned).into();
        composed.says = vec!["{T} is {adjective}".to_owned()];
        composed.negates.clone_from(&composed.says);
        composed.allowed.clone_from(&composed.forbidden);
        let mut templates = (0..).map(|at| format!("{{T}} is <foul {at}|bad>."));
        let held_out = templates.find(|it| is_held_out(it)).unwrap();
        wording.deny = vec![held_out, "{T}: no.".to_owned()];
        assert!(!is_held_out(&wording.deny[1]));
        let denials = |part| -> Vec<String> {
            let draw = |at| draw(at, part).composing(true);
            (0..200)
                .map(|at| wording.rule(false, &mut draw(at)))
                .collect()
        };
        let learned = denials(Part::Learned);
        let count = |end: &str| learned.iter().filter(|it| it.ends_with(end)).count();
        assert!((60..140).contains(&count(": no.")), "{learned:?}");
        assert_eq!(
            count(": no.") + count(" dire.") + count(" grim.") + count(" ill."),
            200
        );
        let written = |it: &String| it.contains("foul") || it.ends_with(" bad.");
        assert!(denials(Part::HeldOut).iter().all(written));
    }

    #[test]
    fn no_learned_template_can_say_what_is_held_out() {
        let wording = content().wording;
        for templates in [wording.allow, wording.deny, wording.only_for] {
            for number in 0..1000 {
                let text = draw(number, Part::HeldOut).of(&templates);
                assert!(!is_learned(&text, &templates), "{text}");
            }
        }
    }
}
