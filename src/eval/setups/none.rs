//! `none`: the model as it is, without a config.

use super::{Sample, Scenario, Setup};
use crate::safety::Frame;
use crate::text::{Message, Role};

pub(super) struct NoConfig;

impl Setup for NoConfig {
    fn name(&self) -> String {
        "none".to_owned()
    }

    fn turns(&self, _: &Scenario, sample: &Sample, _: Frame) -> Vec<Message> {
        vec![Message::new(Role::User, &sample.prompt)]
    }

    fn sees_config(&self) -> bool {
        false
    }
}
