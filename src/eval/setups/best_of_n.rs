//! `best-of-N`: N answers under the config, of which the judge's best counts.

use super::ica::Ica;
use super::{Review, Sample, Scenario, Setup};
use crate::safety::Frame;
use crate::text::Message;

/// The largest N.
pub(super) const MOST: usize = 32;

pub(super) struct BestOfN(usize);

impl BestOfN {
    pub fn parse(name: &str) -> Option<Self> {
        let n = name.strip_prefix("best-of-")?.parse().ok()?;
        (2..=MOST).contains(&n).then_some(Self(n))
    }
}

impl Setup for BestOfN {
    fn name(&self) -> String {
        format!("best-of-{}", self.0)
    }

    fn turns(&self, scenario: &Scenario, sample: &Sample, frame: Frame) -> Vec<Message> {
        Ica.turns(scenario, sample, frame)
    }

    fn draws(&self) -> usize {
        self.0
    }

    fn review(&self) -> Review {
        Review::Best
    }
}
