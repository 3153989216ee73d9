//! `ica`, in-context alignment: the config in the system message.

use super::{Sample, Scenario, Setup};
use crate::safety::{Frame, SafetyConfig, system_message};
use crate::text::{Message, Role};

pub(super) struct Ica;

impl Setup for Ica {
    fn name(&self) -> String {
        "ica".to_owned()
    }

    fn turns(&self, scenario: &Scenario, sample: &Sample, frame: Frame) -> Vec<Message> {
        turns_under(scenario.config.as_ref(), sample, frame)
    }
}

/// The prompt under a config, if there is one.
pub(super) fn turns_under(
    config: Option<&SafetyConfig>,
    sample: &Sample,
    frame: Frame,
) -> Vec<Message> {
    let system = config.map(|config| Message::new(Role::System, system_message(config, frame)));
    let user = Message::new(Role::User, &sample.prompt);
    system.into_iter().chain([user]).collect()
}
