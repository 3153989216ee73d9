//! `cascade`: `ica`, and the model itself judges its answer. What it flags, or cannot judge,
//! becomes a refusal.

use super::ica::Ica;
use super::{Review, Sample, Scenario, Setup};
use crate::safety::Frame;
use crate::text::Message;

pub(super) struct Cascade;

impl Setup for Cascade {
    fn name(&self) -> String {
        "cascade".to_owned()
    }

    fn turns(&self, scenario: &Scenario, sample: &Sample, frame: Frame) -> Vec<Message> {
        Ica.turns(scenario, sample, frame)
    }

    fn base(&self) -> String {
        Ica.name()
    }

    fn review(&self) -> Review {
        Review::Own
    }
}
