//! `none`: the model as it is, without a config.

use super::{Sample, Scenario, Setup, turns_under};
use crate::safety::Frame;
use crate::text::Message;

pub(super) struct NoConfig;

impl Setup for NoConfig {
    fn name(&self) -> String {
        "none".to_owned()
    }

    fn turns(&self, _: &Scenario, sample: &Sample, frame: Frame) -> Vec<Message> {
        turns_under(None, &sample.prompt, frame)
    }

    fn sees_config(&self) -> bool {
        false
    }
}
