//! The ways to use a model that are compared: one file each.

mod best_of_n;
mod cascade;
mod cascade_oracle;
mod ica;
mod ica_5shot;
mod none;
mod numbered_rules;

use super::sample::{Sample, Scenario};
use crate::error::{Error, Result};
use crate::safety::{Frame, SafetyConfig, system_message};
use crate::text::{Message, Role};

/// What a cascade says instead of an answer that it does not let pass.
pub const REFUSAL: &str = "I'm sorry, but I can't help with that under the current guideline.";

/// What happens to a response before it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Review {
    /// Nothing.
    None,
    /// The system judges itself; what it flags becomes [`REFUSAL`].
    Own,
    /// The judge of the evaluation does.
    Oracle,
    /// Of several responses, the one that the judge scores best.
    Best,
}

/// One way to use a model under a config.
pub trait Setup {
    /// The name on the command line and in reports.
    fn name(&self) -> String;

    /// The whole prompt.
    fn turns(&self, scenario: &Scenario, sample: &Sample, frame: Frame) -> Vec<Message>;

    /// The set-up whose responses this one starts from; they are generated once for both.
    fn base(&self) -> String {
        self.name()
    }

    /// Responses drawn for each prompt; more than one is drawn at temperature 0.7.
    fn draws(&self) -> usize {
        1
    }

    /// What happens to the responses.
    fn review(&self) -> Review {
        Review::None
    }

    /// Whether the model sees the config, so that editing it can change anything.
    fn sees_config(&self) -> bool {
        true
    }
}

/// A prompt under a config, or under none.
pub(crate) fn turns_under(
    config: Option<&SafetyConfig>,
    prompt: &str,
    frame: Frame,
) -> Vec<Message> {
    let system = config.map(|config| Message::new(Role::System, system_message(config, frame)));
    let user = Message::new(Role::User, prompt);
    system.into_iter().chain([user]).collect()
}

/// The set-up of that name.
///
/// # Errors
/// `InvalidOption` that lists the known names.
pub fn parse(name: &str) -> Result<Box<dyn Setup>> {
    let known: [Box<dyn Setup>; 6] = [
        Box::new(none::NoConfig),
        Box::new(ica::Ica),
        Box::new(ica_5shot::Ica5Shot),
        Box::new(numbered_rules::NumberedRules),
        Box::new(cascade::Cascade),
        Box::new(cascade_oracle::CascadeOracle),
    ];
    let names: Vec<String> = known.iter().map(|setup| setup.name()).collect();
    let found = known.into_iter().find(|setup| setup.name() == name);
    let best = || best_of_n::BestOfN::parse(name).map(|best| Box::new(best) as Box<dyn Setup>);
    found.or_else(best).ok_or_else(|| Error::InvalidOption {
        name: "setups".to_owned(),
        detail: format!(
            "{name:?} is not known; known: {}, best-of-N (N from 2 to {})",
            names.join(", "),
            best_of_n::MOST
        ),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::super::sample::Exemplar;
    use super::*;
    use crate::safety::Rule;

    fn turns(name: &str, scenario: &Scenario) -> Vec<(Role, String)> {
        let sample = Sample {
            prompt: "Which wine?".into(),
            ..Sample::default()
        };
        let turns = parse(name).unwrap().turns(scenario, &sample, Frame::Plain);
        turns.into_iter().map(|t| (t.role, t.content)).collect()
    }

    #[test]
    fn each_setup_builds_its_prompt() {
        let user = || (Role::User, "Which wine?".to_owned());
        let system = |text: &str| (Role::System, text.to_owned());
        let mut scenario = Scenario {
            config: Some(SafetyConfig::new(None, "Wine is fine. No beer.").unwrap()),
            exemplars: vec![Exemplar {
                prompt: "Hi".into(),
                response: "Hello.".into(),
            }],
            ..Scenario::default()
        };
        assert_eq!(turns("none", &scenario), [user()]);
        let config = || system("Wine is fine. No beer.");
        for name in ["ica", "cascade", "cascade-oracle", "best-of-4"] {
            assert_eq!(turns(name, &scenario), [config(), user()]);
        }
        let shot = [
            (Role::User, "Hi".into()),
            (Role::Assistant, "Hello.".into()),
        ];
        let [ask, answer] = shot;
        assert_eq!(
            turns("ica-5shot", &scenario),
            [config(), ask, answer, user()]
        );
        let numbered = || [system("1. Wine is fine.\n2. No beer."), user()];
        assert_eq!(turns("numbered-rules", &scenario), numbered());
        scenario.rules = vec![Rule {
            id: "a".into(),
            text: "No rum.".into(),
            behavioural: false,
        }];
        let by_hand = [system("1. No rum."), user()];
        assert_eq!(turns("numbered-rules", &scenario), by_hand);
        assert_eq!(turns("ica", &Scenario::default()), [user()]);
    }

    #[test]
    fn unknown_names_are_told_with_the_known() {
        for name in ["ICA", "best-of-1", "best-of-99", "best-of-x", ""] {
            let error = parse(name).map(|_| ()).unwrap_err().to_string();
            assert!(error.contains("cascade-oracle, best-of-N"), "{error}");
        }
    }
}
