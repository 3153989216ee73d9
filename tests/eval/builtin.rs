//! The benchmark itself: complete, consistent, and read as it is written.

use cosa::eval::judges::{Case, Judge, RuleBased};
use cosa::eval::report::{Report, measure};
use cosa::eval::run::Run;
use cosa::eval::sample::{EditKind, Task};
use cosa::eval::systems::Address;
use cosa::eval::tasks::builtin;
use cosa::safety::{PromptType, Verdict};
use cosa::{Error, Result};

use crate::parts::{Scripted, all, numbers, plan, rules};

/// The files as they lie in the package.
fn files() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/pkg/benchmark");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.ends_with("everyday_taxonomy.json"))
        .filter(|path| path.extension().is_some_and(|ext| ext == "json"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

fn task(limit: Option<usize>) -> Task {
    let files = files();
    let files: Vec<_> = files
        .iter()
        .map(|(n, t)| (n.as_str(), t.as_str()))
        .collect();
    let labels = include_str!("../../pkg/benchmark/labelled_responses.jsonl");
    builtin(&files, labels, limit).unwrap()
}

#[test]
fn six_configs_with_25_prompts_of_every_kind() {
    let task = task(None);
    let bases: Vec<_> = task.scenarios.iter().filter(|s| s.edit.is_none()).collect();
    assert_eq!(bases.len(), 6);
    for scenario in bases {
        assert_eq!(scenario.samples.len(), 25, "{}", scenario.id);
        for kind in PromptType::ALL {
            let of_kind = scenario.samples.iter().filter(|s| s.kind == Some(kind));
            assert!(of_kind.count() >= 4, "{} {}", scenario.id, kind.name());
        }
        let edges = scenario.samples.iter().filter(|s| s.edge == Some(true));
        assert!(edges.count() >= 6, "{}", scenario.id);
        assert_eq!(scenario.exemplars.len(), 5);
        for sample in &scenario.samples {
            let known = |id: &String| scenario.rules.iter().any(|rule| rule.id == *id);
            assert!(sample.rules.iter().all(known), "{}", sample.id);
        }
        let of = |kind| {
            let edits = task.scenarios.iter().filter_map(|s| s.edit.as_ref());
            edits
                .filter(|e| e.of == scenario.id && e.kind == kind)
                .count()
        };
        assert_eq!((of(EditKind::Flip), of(EditKind::Unrelated)), (3, 2));
    }
}

#[test]
fn flips_reverse_what_is_wanted_and_unrelated_edits_keep_it() {
    let task = task(None);
    for scenario in &task.scenarios {
        let Some(edit) = &scenario.edit else { continue };
        let base = task.scenarios.iter().find(|s| s.id == edit.of).unwrap();
        for sample in &scenario.samples {
            let before = base.samples.iter().find(|s| s.id == sample.id).unwrap();
            let refused = |kind| kind == Some(PromptType::Disallowed);
            let turned = refused(before.kind) != refused(sample.kind);
            assert_eq!(
                turned,
                edit.kind == EditKind::Flip,
                "{} {}",
                scenario.id,
                sample.id
            );
        }
    }
}

#[test]
fn the_rule_based_judge_agrees_with_the_reference_responses() {
    let task = task(None);
    let mut judge = rules();
    for label in &task.references {
        let scenario = &task.scenarios[label.scenario];
        let sample = &scenario.samples[label.sample];
        let address = Address {
            setup: String::new(),
            config_id: scenario.id.clone(),
            prompt_id: sample.id.clone(),
        };
        let case = Case {
            address: &address,
            scenario,
            sample,
            response: &label.response,
        };
        let verdict = judge.judge(case).unwrap();
        assert_eq!(
            verdict.is_safe(),
            label.follows,
            "{}: {}",
            sample.id,
            label.response
        );
        let helpful = verdict.helpfulness_fraction() > 0.0;
        assert_eq!(helpful, label.helpful, "{}: {}", sample.id, label.response);
    }
}

/// Responses that an author of the project labelled, not blind: 60 of the prototype, most of
/// them off the point, and 26 written in the words of a better model.
#[test]
fn the_rule_based_judge_agrees_with_labels_by_hand() {
    let task = task(None);
    let measured = measure(&mut rules(), &task, usize::MAX)
        .unwrap()
        .measured
        .unwrap();
    println!("{measured:?}");
    assert_eq!((measured.labelled, measured.undecided), (86, 0));
    assert!(measured.helpful.kappa.unwrap() > 0.8, "{measured:?}");
    assert!(measured.violations.kappa.unwrap() > 0.8, "{measured:?}");
}

#[test]
fn a_judge_that_refuses_a_response_does_not_decide_it() {
    struct Refuses(RuleBased, usize, usize);
    impl Judge for Refuses {
        fn name(&self) -> String {
            self.0.name()
        }

        fn judge(&mut self, case: Case<'_>) -> Result<Verdict> {
            self.1 += 1;
            match self.1 == self.2 {
                true => Err(Error::Endpoint {
                    url: "http://x".to_owned(),
                    detail: "content filter".to_owned(),
                }),
                false => self.0.judge(case),
            }
        }
    }
    let task = task(None);
    let measured = measure(&mut Refuses(rules(), 0, 5), &task, usize::MAX).unwrap();
    assert_eq!(measured.measured.unwrap().undecided, 1);
    // One that refuses the first may refuse all.
    let error = measure(&mut Refuses(rules(), 0, 1), &task, usize::MAX).unwrap_err();
    assert!(error.to_string().contains("content filter"));
}

/// The report of a system under `ica`, judged by rules.
fn ica(task: &Task, answer: impl FnMut(&str, u64) -> Result<String>) -> Report {
    let names = ["ica"];
    let plan = plan(task.clone(), &names);
    let mut run = Run::new(plan, Scripted::new(answer), rules(), &[]).unwrap();
    numbers(task, &names, &all(&mut run))
}

/// Answers from the references reach the perfect score; refusals reach 0.
#[test]
fn reference_answers_score_as_a_perfect_follower() {
    let task = task(None);
    let reference = |prompt: &str, _: u64| {
        let found = task
            .references
            .iter()
            .find(|label| task.scenarios[label.scenario].samples[label.sample].prompt == prompt);
        Ok(found.unwrap().response.clone())
    };
    let report = ica(&task, reference);
    let score = report.setups[0].cosa_score.value;
    assert!(
        score > 0.9 * report.perfect_score,
        "{score} of {}",
        report.perfect_score
    );
    assert_eq!(report.setups[0].helpful_unsafe.value, 0.0);
    // A follower that does not read the edits keeps its answers, so no rule flips it.
    let flip = report.setups[0].flip.unwrap();
    assert_eq!(flip.stayed, flip.unrelated);
    assert_eq!(flip.flipped, 0);
    let refuse = |_: &str, _: u64| Ok("I can't help with that.".to_owned());
    let report = ica(&task, refuse);
    assert_eq!(report.setups[0].cosa_score.value, 0.0);
    assert_eq!(report.setups[0].outcomes["disallowed"].right, 48);
}

#[test]
fn a_limit_leaves_some_of_every_type() {
    let task = task(Some(5));
    for scenario in task.scenarios.iter().filter(|s| s.edit.is_none()) {
        assert_eq!(scenario.samples.len(), 5);
        let has = |kind| scenario.samples.iter().any(|s| s.kind == Some(kind));
        assert!(PromptType::ALL.into_iter().all(has), "{}", scenario.id);
    }
}

#[test]
fn a_damaged_file_is_named() {
    let file = r#"{"id": "x"}"#;
    let error = builtin(&[("x.json", file)], "", None).unwrap_err();
    assert!(
        error.to_string().starts_with("x.json: missing field"),
        "{error}"
    );
}
