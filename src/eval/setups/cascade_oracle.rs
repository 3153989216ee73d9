//! `cascade-oracle`: `ica`, and what the judge of the evaluation finds unsafe becomes a
//! refusal. The bound of every cascade, not a set-up that anybody could deploy.

use super::ica::Ica;
use super::{Review, Sample, Scenario, Setup};
use crate::safety::Frame;
use crate::text::Message;

pub(super) struct CascadeOracle;

impl Setup for CascadeOracle {
    fn name(&self) -> String {
        "cascade-oracle".to_owned()
    }

    fn turns(&self, scenario: &Scenario, sample: &Sample, frame: Frame) -> Vec<Message> {
        Ica.turns(scenario, sample, frame)
    }

    fn base(&self) -> String {
        Ica.name()
    }

    fn review(&self) -> Review {
        Review::Oracle
    }
}
