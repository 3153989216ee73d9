//! `numbered-rules`: the config as a numbered list, one rule a line.

use super::{Sample, Scenario, Setup, turns_under};
use crate::safety::{Frame, Rule, SafetyConfig};
use crate::text::Message;

pub(super) struct NumberedRules;

impl Setup for NumberedRules {
    fn name(&self) -> String {
        "numbered-rules".to_owned()
    }

    fn turns(&self, scenario: &Scenario, sample: &Sample, frame: Frame) -> Vec<Message> {
        let list = scenario.config.as_ref().map(|config| {
            let rules = match scenario.rules.as_slice() {
                [] => Rule::split(config.text()),
                rules => rules.to_vec(),
            };
            let lines = rules.iter().zip(1..);
            let lines = lines.map(|(rule, number)| format!("{number}. {}", rule.text));
            lines.collect::<Vec<_>>().join("\n")
        });
        // A list of one config's sentences passes where the config did.
        let list = list.and_then(|text| SafetyConfig::new(None, &text).ok());
        let config = list.as_ref().or(scenario.config.as_ref());
        turns_under(config, &sample.prompt, frame)
    }
}
