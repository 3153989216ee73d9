//! What decides how helpful and how safe a response is: one file a kind.

mod model;
mod questions;
mod recorded;
mod refusal;
mod rules;
mod stems;

pub use model::ModelJudge;
pub use recorded::RecordedJudge;
pub use rules::RuleBased;

use super::sample::{Sample, Scenario};
use super::systems::{Address, System};
use crate::error::Result;
use crate::safety::Verdict;

pub(super) use questions::passes_itself;

/// One response to be judged, with all that a judge may look at.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// Where in the run it belongs.
    pub address: &'a Address,
    /// The config.
    pub scenario: &'a Scenario,
    /// The request.
    pub sample: &'a Sample,
    /// The answer.
    pub response: &'a str,
}

/// Something that judges responses.
pub trait Judge {
    /// For the report.
    fn name(&self) -> String;

    /// The verdict. What the judge cannot tell is undecided in it.
    ///
    /// # Errors
    /// What makes going on pointless.
    fn judge(&mut self, case: Case<'_>) -> Result<Verdict>;

    /// Whether it can judge responses that are not part of a run, to be measured by them.
    fn can_be_measured(&self) -> bool {
        true
    }
}

impl<J: Judge + ?Sized> Judge for Box<J> {
    fn name(&self) -> String {
        (**self).name()
    }

    fn judge(&mut self, case: Case<'_>) -> Result<Verdict> {
        (**self).judge(case)
    }

    fn can_be_measured(&self) -> bool {
        (**self).can_be_measured()
    }
}

/// A judge that is a system, for the set-ups in which a model judges itself.
pub(super) type Asked<'a> = &'a mut dyn System;
