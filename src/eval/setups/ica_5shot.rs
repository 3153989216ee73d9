//! `ica-5shot`: the config, then up to five demonstrations of it as earlier turns.

use super::ica::Ica;
use super::{Sample, Scenario, Setup};
use crate::safety::Frame;
use crate::text::{Message, Role};

pub(super) struct Ica5Shot;

impl Setup for Ica5Shot {
    fn name(&self) -> String {
        "ica-5shot".to_owned()
    }

    fn turns(&self, scenario: &Scenario, sample: &Sample, frame: Frame) -> Vec<Message> {
        let mut turns = Ica.turns(scenario, sample, frame);
        let shots = scenario.exemplars.iter().take(5).flat_map(|exemplar| {
            [
                Message::new(Role::User, &exemplar.prompt),
                Message::new(Role::Assistant, &exemplar.response),
            ]
        });
        let before_the_prompt = turns.len() - 1;
        turns.splice(before_the_prompt..before_the_prompt, shots);
        turns
    }
}
