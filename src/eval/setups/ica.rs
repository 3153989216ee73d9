//! `ica`, in-context alignment: the config in the system message.

use super::{Sample, Scenario, Setup, turns_under};
use crate::safety::Frame;
use crate::text::Message;

pub(super) struct Ica;

impl Setup for Ica {
    fn name(&self) -> String {
        "ica".to_owned()
    }

    fn turns(&self, scenario: &Scenario, sample: &Sample, frame: Frame) -> Vec<Message> {
        turns_under(scenario.config.as_ref(), &sample.prompt, frame)
    }
}
