//! A judge against responses whose verdicts are known.

use super::{AgreementReport, JudgeReport, Measured};
use crate::error::{Error, Result};
use crate::eval::judges::{Case, Judge};
use crate::eval::sample::{Labelled, Task};
use crate::eval::systems::Address;
use crate::safety::{Agreement, Verdict};

/// Has `judge` look at up to `limit` of the task's labelled responses, spread over all.
///
/// # Errors
/// The judge's, but for an endpoint's behind the first response.
pub fn measure(judge: &mut dyn Judge, task: &Task, limit: usize) -> Result<JudgeReport> {
    let (mut violations, mut helpful) = (Agreement::default(), Agreement::default());
    let mut undecided = 0;
    let all = task.labelled.len();
    let wanted = if judge.can_be_measured() {
        limit.min(all)
    } else {
        0
    };
    for index in 0..wanted {
        // Every so many-th: labels lie sorted by config.
        let label = &task.labelled[index * all / wanted];
        // One that cannot be reached at all should say so before anything is asked; that it refuses
        // a single response is a property of it.
        let verdict = match verdict(judge, task, label) {
            Err(Error::Endpoint { .. }) if index > 0 => None,
            verdict => Some(verdict?).filter(|verdict| !verdict.is_invalid()),
        };
        let Some(verdict) = verdict else {
            // Wrong both times: no judge gains by not deciding.
            violations.add(label.follows, !label.follows);
            helpful.add(!label.helpful, label.helpful);
            undecided += 1;
            continue;
        };
        violations.add(!verdict.is_safe(), !label.follows);
        helpful.add(verdict.helpfulness_fraction() > 0.0, label.helpful);
    }
    Ok(JudgeReport {
        name: judge.name(),
        measured: (wanted > 0).then(|| Measured {
            labelled: violations.total(),
            violations: AgreementReport::from(violations),
            helpful: AgreementReport::from(helpful),
            undecided,
        }),
    })
}

fn verdict(judge: &mut dyn Judge, task: &Task, label: &Labelled) -> Result<Verdict> {
    let scenario = &task.scenarios[label.scenario];
    let sample = &scenario.samples[label.sample];
    judge.judge(Case {
        address: &Address {
            setup: "labelled".to_owned(),
            config_id: scenario.id.clone(),
            prompt_id: sample.id.clone(),
        },
        scenario,
        sample,
        response: &label.response,
    })
}

impl From<Agreement> for AgreementReport {
    fn from(agreement: Agreement) -> Self {
        Self {
            precision: agreement.precision(),
            recall: agreement.recall(),
            kappa: agreement.kappa(),
        }
    }
}
