//! A judge against responses whose verdicts are known.

use super::{AgreementReport, JudgeReport, Measured};
use crate::error::Result;
use crate::eval::judges::{Case, Judge};
use crate::eval::sample::{Labelled, Task};
use crate::eval::systems::Address;
use crate::safety::{Agreement, Verdict};

/// Has `judge` look at up to `limit` of the task's labelled responses, spread over all.
///
/// # Errors
/// The judge's.
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
        let verdict = verdict(judge, task, label)?;
        if verdict.is_invalid() {
            // Wrong both times: no judge gains by not deciding.
            violations.add(label.follows, !label.follows);
            helpful.add(!label.helpful, label.helpful);
            undecided += 1;
        } else {
            violations.add(!verdict.is_safe(), !label.follows);
            helpful.add(verdict.helpfulness_fraction() > 0.0, label.helpful);
        }
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
