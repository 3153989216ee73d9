//! Verdicts that people, or other judges, wrote down.

use std::collections::BTreeMap;

use super::{Case, Judge};
use crate::error::Result;
use crate::eval::line::Line;
use crate::eval::systems::Address;
use crate::safety::Verdict;

/// Looks verdicts up by set-up, config and prompt. A verdict counts only for the very
/// response that it was given for.
pub struct RecordedJudge {
    name: String,
    lines: BTreeMap<Address, (Option<String>, Verdict)>,
}

impl RecordedJudge {
    /// From the lines of a `responses.jsonl`; lines without verdicts are left out.
    #[must_use]
    pub fn new(name: String, lines: &[Line]) -> Self {
        let found = lines.iter().filter_map(|line| {
            let verdict = line.verdicts.as_ref()?.to_verdict();
            Some((line.address(), (line.response.clone(), verdict)))
        });
        Self {
            name,
            lines: found.collect(),
        }
    }
}

impl Judge for RecordedJudge {
    fn name(&self) -> String {
        format!("recorded in {}", self.name)
    }

    fn judge(&mut self, case: Case<'_>) -> Result<Verdict> {
        Ok(match self.lines.get(case.address) {
            None => Verdict::undecided("no verdict is recorded for this response"),
            Some((Some(response), verdict)) if response == case.response => verdict.clone(),
            Some(_) => Verdict::undecided("the recorded verdict is about another response"),
        })
    }

    fn can_be_measured(&self) -> bool {
        false
    }
}
