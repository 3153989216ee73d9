//! Rules of one form, which differ in few words.

use serde::Deserialize;

/// Templates of a config whose rules are worded alike.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parallel {
    pub(super) allow: String,
    pub(super) deny: String,
    pub(super) allow_except: String,
    pub(super) deny_except: String,
    /// What stands for `{T}` where it is everything without a rule.
    pub(super) others: String,
}

impl Parallel {
    /// Each template, and whether it has an exception `{S}`.
    pub(super) fn sentences(&self) -> impl Iterator<Item = (&str, bool)> {
        let rules = [&self.allow, &self.deny].map(|it| (&**it, false));
        let exceptions = [&self.allow_except, &self.deny_except].map(|it| (&**it, true));
        rules.into_iter().chain(exceptions)
    }

    /// A rule that allows or denies `{T}`.
    pub(super) fn rule(&self, allows: bool) -> &str {
        if allows { &self.allow } else { &self.deny }
    }

    /// One that says the opposite of `{S}`.
    pub(super) fn exception(&self, allows: bool) -> &str {
        if allows {
            &self.allow_except
        } else {
            &self.deny_except
        }
    }

    /// One on everything without a rule.
    pub(super) fn default(&self, allows: bool) -> String {
        self.rule(allows).replace("{T}", &self.others)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::content;

    #[test]
    fn every_set_is_whole() {
        let sets = content().wording.parallel;
        assert!(!sets.is_empty());
        for set in sets {
            for (template, excepts) in set.sentences() {
                let times = |place| template.matches(place).count();
                let places = (times("{T}"), times("{S}"));
                assert_eq!(places, (1, usize::from(excepts)), "{template}");
            }
            assert!(!set.others.contains('{'), "{}", set.others);
        }
    }
}
