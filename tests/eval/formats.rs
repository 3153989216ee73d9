//! Data sets of every format, good and bad.

use cosa::Result;
use cosa::eval::records::jsonl;
use cosa::eval::sample::Task;
use cosa::eval::tasks::{Data, ReadOptions, Specifications, read};
use cosa::safety::{PromptType, SafetyConfig, Taxonomy};

fn options() -> ReadOptions {
    let taxonomy = include_str!("../../pkg/benchmark/everyday_taxonomy.json");
    ReadOptions {
        name: "data.jsonl".to_owned(),
        limit: None,
        seed: 0,
        config: None,
        specifications: None,
        taxonomy: Taxonomy::parse("everyday", taxonomy).unwrap(),
    }
}

fn data(text: &str, options: &ReadOptions) -> Result<Data> {
    read(jsonl("data.jsonl", text.as_bytes()), options)
}

fn task(text: &str, options: &ReadOptions) -> Task {
    match data(text, options).unwrap() {
        Data::Responses(task) => task,
        other => panic!("{other:?}"),
    }
}

#[test]
fn cosapien() {
    let text = r#"{"prompt": "A?", "scenario": "Config one.", "type": "allowed"}
{"prompt": "B?", "scenario": "Config two.", "type": "disallowed"}
{"prompt": "C?", "scenario": "Config one.", "type": "unrelated"}
{"prompt": "D?", "scenario": "Config one."}"#;
    let task = task(text, &options());
    assert_eq!(task.scenarios.len(), 2);
    let first = &task.scenarios[0];
    assert_eq!((first.id.as_str(), first.samples.len()), ("config-1", 3));
    let kinds: Vec<_> = first.samples.iter().map(|sample| sample.kind).collect();
    assert_eq!(
        kinds,
        [Some(PromptType::Allowed), Some(PromptType::Safe), None]
    );
    assert_eq!(first.config.as_ref().unwrap().text(), "Config one.");
    assert_eq!(first.samples[0].cues, None);
}

#[test]
fn cosapien_with_words_for_the_judge() {
    let text = r#"{"prompt": "A?", "scenario": "C.", "type": "partial", "helps": ["Cheese"], "violates": []}"#;
    let task = task(text, &options());
    let cues = task.scenarios[0].samples[0].cues.as_ref().unwrap();
    assert_eq!(
        (&cues.helps[..], cues.violates.len()),
        (&["cheese".to_owned()][..], 0)
    );
}

#[test]
fn cosalign_test_by_categories_and_by_text() {
    let text = r#"{"prompt": "A?", "mode": "exact", "situation": 1, "allowed": ["alcohol", "horror"]}
{"prompt": "B?", "mode": "safe", "situation": "3", "allowed": []}
{"prompt": "C?", "mode": "superset", "situation": "partial", "allowed": ["horror", "alcohol"]}
{"prompt": "D?", "mode": "x", "situation": 2, "config": "Text."}"#;
    let task = task(text, &options());
    assert_eq!(
        task.scenarios.len(),
        3,
        "the order of categories does not matter"
    );
    let first = &task.scenarios[0];
    assert!(
        first
            .config
            .as_ref()
            .unwrap()
            .text()
            .contains("- Alcohol: ")
    );
    assert_eq!(first.samples[1].kind, Some(PromptType::Partial));
    assert_eq!(first.samples[1].group.as_deref(), Some("superset"));
    assert!(
        task.scenarios[1]
            .config
            .as_ref()
            .unwrap()
            .text()
            .contains("(none)")
    );
}

#[test]
fn specbench_asks_both_forms() {
    let specifications = r#"{"Health": {"name": "Health talk", "description": "About health.",
        "safety_specifications": ["No doses."], "behavioral_specifications": ["Be brief."]}}"#;
    let text = r#"{"scenario": "Health", "prompt": "A?", "adversarial_prompt": "A!", "label": "unsafe", "source": "x"}"#;
    let without = data(text, &options()).unwrap_err().to_string();
    assert!(without.contains("--specifications"), "{without}");
    let with = ReadOptions {
        specifications: Some(Specifications::parse("s.json", specifications).unwrap()),
        ..options()
    };
    let task = task(text, &with);
    let scenario = &task.scenarios[0];
    assert_eq!(scenario.samples.len(), 2);
    assert_eq!(scenario.samples[1].edge, Some(true));
    let rules: Vec<_> = scenario
        .rules
        .iter()
        .map(|r| (r.id.as_str(), r.behavioural))
        .collect();
    assert_eq!(rules, [("s1", false), ("b1", true)]);
    let other = text.replace("\"Health\"", "\"Cars\"");
    let error = data(&other, &with).unwrap_err().to_string();
    assert!(
        error.contains("line 1") && error.contains("they hold: Health"),
        "{error}"
    );
}

#[test]
fn refusal_sets_take_the_users_config() {
    let text = r#"{"prompt": "Kill a process?", "type": "homonyms", "label": "safe"}
{"prompt": "B?", "hazard": "vcr"}"#;
    let with = ReadOptions {
        config: Some(SafetyConfig::new(None, "Be kind.").unwrap()),
        ..options()
    };
    let task = task(text, &with);
    let scenario = &task.scenarios[0];
    assert_eq!(scenario.config, with.config);
    let seen: Vec<_> = scenario
        .samples
        .iter()
        .map(|s| (s.kind.unwrap(), s.group.as_deref().unwrap()))
        .collect();
    assert_eq!(
        seen,
        [
            (PromptType::Allowed, "homonyms"),
            (PromptType::Disallowed, "vcr")
        ]
    );
}

#[test]
fn multiple_choice_and_prose() {
    let text = r#"{"question": "2 + 2?", "choices": ["3", "4"], "answer": 1}
{"question": "1 + 1?", "choices": ["2", "4"], "answer": "A"}
{"question": "1 + 3?", "choices": ["2", "4"], "answer": "4"}"#;
    let Data::Choice(questions) = data(text, &options()).unwrap() else {
        panic!()
    };
    assert_eq!(
        questions.iter().map(|q| q.answer).collect::<Vec<_>>(),
        [1, 0, 1]
    );
    assert!(questions[0].prompt().contains("2 + 2?\nA. 3\nB. 4\n"));
    let Data::Prose(texts) = data(r#"{"text": "Once."}"#, &options()).unwrap() else {
        panic!()
    };
    assert_eq!(texts, ["Once."]);
}

#[test]
fn bad_records_are_named() {
    for (text, said) in [
        ("", "holds no records"),
        (r#"{"a": 1}"#, "no known format"),
        (
            r#"{"prompt": "", "scenario": "S", "type": "safe"}"#,
            "column \"prompt\"",
        ),
        (
            r#"{"prompt": 3, "scenario": "S", "type": "safe"}"#,
            "column \"prompt\"",
        ),
        (
            r#"{"prompt": "A", "scenario": " ", "type": "safe"}"#,
            "column \"scenario\"",
        ),
        (
            r#"{"prompt": "A", "scenario": "S", "type": "fine"}"#,
            "type \"fine\"",
        ),
        (
            "{\"prompt\": \"A\", \"scenario\": \"S\", \"id\": \"1\"}\n{\"prompt\": \"B\", \"scenario\": \"S\", \"id\": \"1\"}",
            "line 2: the id \"1\" is there twice",
        ),
        (
            r#"{"prompt": "A", "scenario": "S", "config_id": "1", "flip_of": "0"}"#,
            "config \"1\": flip_of names \"0\"",
        ),
        (
            "{\"prompt\": \"A\", \"scenario\": \"S\", \"config_id\": \"1\"}\n{\"prompt\": \"A\", \"scenario\": \"T\", \"config_id\": \"2\", \"flip_of\": \"1\"}\n{\"prompt\": \"A\", \"scenario\": \"U\", \"config_id\": \"3\", \"flip_of\": \"2\"}",
            "config \"3\": flip_of names \"2\"",
        ),
        (
            "{\"prompt\": \"A\", \"scenario\": \"S\"}\n{\"prompt\": \"B\"}",
            "no column \"scenario\"",
        ),
        (
            r#"{"prompt": "A", "situation": 9, "config": "S"}"#,
            "situation \"9\"",
        ),
        (
            r#"{"prompt": "A", "situation": 1, "allowed": ["cars"]}"#,
            "category \"cars\"",
        ),
        (r#"{"prompt": "A", "label": "maybe"}"#, "label \"maybe\""),
        (
            r#"{"question": "A", "choices": ["x"], "answer": 0}"#,
            "has 1 choices",
        ),
        (
            r#"{"question": "A", "choices": ["x", "y"], "answer": 2}"#,
            "column \"answer\"",
        ),
    ] {
        let error = data(text, &options()).unwrap_err();
        assert_eq!(error.code(), "bad_record");
        let error = error.to_string();
        assert!(
            error.contains(said) && error.contains("data.jsonl"),
            "{error}"
        );
    }
}

#[test]
fn a_limit_draws_the_same_fair_part_each_time() {
    let line = |i: usize| {
        format!(
            "{{\"prompt\": \"P{i}\", \"scenario\": \"S{}\", \"type\": \"safe\"}}\n",
            i % 2
        )
    };
    let text: String = (0..400).map(line).collect();
    let limited = |seed| ReadOptions {
        limit: Some(10),
        seed,
        ..options()
    };
    let prompts = |seed| {
        let task = task(&text, &limited(seed));
        assert!(task.scenarios.iter().all(|s| s.samples.len() == 10));
        let samples = task.scenarios.into_iter().flat_map(|s| s.samples);
        samples.map(|sample| sample.prompt).collect::<Vec<_>>()
    };
    assert_eq!(prompts(1), prompts(1));
    assert_ne!(prompts(1), prompts(2));
    let late = prompts(1)
        .iter()
        .filter(|p| p[1..].parse::<usize>().unwrap() >= 200)
        .count();
    assert!(
        (3..=17).contains(&late),
        "{late} of 20 from the second half"
    );
}
