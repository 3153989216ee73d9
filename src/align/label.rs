//! The risks in a response and whether it addresses the prompt, by a judge of the evaluation.

use super::records::{CandidateLine, LabelledLine};
use crate::error::Result;
use crate::eval::judges::{Case, Judge};
use crate::eval::sample::{Sample, Scenario};
use crate::eval::systems::Address;
use crate::safety::{Judged, PromptType, Taxonomy};

/// Labels one response; `None` where the judge does not decide.
///
/// # Errors
/// What makes going on pointless.
pub fn label(
    judge: &mut dyn Judge,
    taxonomy: &Taxonomy,
    line: &CandidateLine,
) -> Result<Option<LabelledLine>> {
    let (sample, scenario) = asked(taxonomy, line);
    let verdict = judge.judge(Case {
        address: &Address {
            setup: "label".to_owned(),
            config_id: line.config_id.clone().unwrap_or_default(),
            prompt_id: line.prompt_id.clone(),
        },
        scenario: &scenario,
        sample: &sample,
        response: &line.response,
    })?;
    let Judged::Decided(addressed) = verdict.addressed else {
        return Ok(None);
    };
    // A category that is undecided may be there: such a response is no good example.
    if verdict.is_invalid() {
        return Ok(None);
    }
    let mut risks = verdict.risks;
    risks.sort();
    Ok(Some(LabelledLine {
        prompt_id: line.prompt_id.clone(),
        config_id: line.config_id.clone(),
        response: line.response.clone(),
        reasoning: line.reasoning.clone(),
        risks,
        addressed,
    }))
}

/// What the judge is shown: the prompt as one that may be answered, and a config that allows
/// every category, so that it looks for all of them and none decides.
fn asked(taxonomy: &Taxonomy, line: &CandidateLine) -> (Sample, Scenario) {
    let sample = Sample {
        id: line.prompt_id.clone(),
        prompt: line.prompt.clone(),
        kind: Some(PromptType::Allowed),
        ..Sample::default()
    };
    let scenario = Scenario {
        allowed: Some(taxonomy.categories.iter().map(|c| c.id.clone()).collect()),
        ..Scenario::default()
    };
    (sample, scenario)
}
