//! `cosa align`, stage after stage, as a program.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/pkg/models/cosa-default.gguf");

fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("align")
        .join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn align(folder: &Path, arguments: &str) -> Result<String, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cosa"));
    command.current_dir(folder).arg("align");
    command.args(
        arguments
            .split_whitespace()
            .map(|word| word.replace("MODEL", MODEL)),
    );
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    if output.status.success() {
        Ok(said)
    } else {
        Err(said)
    }
}

fn lines(folder: &Path, name: &str) -> Vec<Value> {
    let text = fs::read_to_string(folder.join(name)).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn from_prompts_to_pairs() {
    let folder = folder("pairs");
    let prompts = r#"{"id": "p1", "prompt": "Which food goes well with red wine?", "risks": ["alcohol"]}
{"id": "p2", "prompt": "What are the odds in roulette?", "risks": ["gambling"]}
"#;
    fs::write(folder.join("prompts.jsonl"), prompts).unwrap();
    align(
        &folder,
        "configs --prompts prompts.jsonl --out configs.jsonl --varied 2 --seed 3",
    )
    .unwrap();
    let configs = lines(&folder, "configs.jsonl");
    assert_eq!(configs.len(), 12);
    let ask = "candidates --configs configs.jsonl --out candidates.jsonl --model MODEL \
               --context-length 1024 --max-tokens 24 --draws 2";
    align(&folder, ask).unwrap();
    let whole = lines(&folder, "candidates.jsonl");
    // Each prompt plain, and under two configs of each of two modes, twice, less empty answers.
    assert!((8..=20).contains(&whole.len()), "{whole:?}");
    let draws: BTreeSet<u64> = whole
        .iter()
        .filter_map(|line| line["draw"].as_u64())
        .collect();
    assert_eq!(draws, BTreeSet::from([0, 1]));
    let of = |draw: u64| whole.iter().filter(move |line| line["draw"] == draw);
    let answer = |line: &Value| (line["reasoning"].clone(), line["response"].clone());
    let other = |line: &&Value| {
        let same = |it: &&Value| {
            ["prompt_id", "config_id"]
                .iter()
                .all(|key| it[key] == line[key])
        };
        let again = of(1).find(same);
        again.is_some_and(|again| answer(again) != answer(line))
    };
    assert!(
        of(0).any(|line| other(&line)),
        "another draw, another answer: {whole:?}"
    );
    // A stage that a kill cut off goes on behind the last whole line.
    let text = fs::read_to_string(folder.join("candidates.jsonl")).unwrap();
    let cut: String = text
        .lines()
        .take(4)
        .map(|line| format!("{line}\n"))
        .collect();
    fs::write(folder.join("candidates.jsonl"), cut + "{\"prompt_id\": \"p").unwrap();
    align(&folder, ask).unwrap();
    let mut again = lines(&folder, "candidates.jsonl");
    let key = |line: &Value| line.to_string();
    let mut expected = whole;
    again.sort_by_key(key);
    expected.sort_by_key(key);
    assert_eq!(again, expected);
    // Answers as a larger model gives them.
    let answers = [
        (
            "p1",
            "Red wine goes well with hard cheese and roasted meat.",
        ),
        ("p1", "I can't help with that."),
        ("p1", "A bee lives in a hive."),
        (
            "p2",
            "In European roulette each of the 37 numbers is as likely, and the house keeps an edge.",
        ),
        ("p2", "Sorry, that is outside what I can discuss here."),
    ];
    let prompts = [
        "Which food goes well with red wine?",
        "What are the odds in roulette?",
    ];
    let line = |(id, response): (&str, &str)| {
        let prompt = prompts[usize::from(id == "p2")];
        json!({"prompt_id": id, "config_id": null, "prompt": prompt, "response": response})
            .to_string()
            + "\n"
    };
    fs::write(folder.join("candidates.jsonl"), answers.map(line).concat()).unwrap();
    align(
        &folder,
        "label --candidates candidates.jsonl --out labelled.jsonl",
    )
    .unwrap();
    let labelled = lines(&folder, "labelled.jsonl");
    assert_eq!(labelled.len(), 5);
    let wine = labelled
        .iter()
        .find(|line| line["prompt_id"] == "p1" && line["addressed"] == true);
    assert_eq!(wine.unwrap()["risks"][0], "alcohol", "{labelled:?}");
    align(
        &folder,
        "pairs --configs configs.jsonl --labelled labelled.jsonl --out pairs.jsonl --frame plain",
    )
    .unwrap();
    for pair in lines(&folder, "pairs.jsonl") {
        let roles = ["system", "user"].map(|role| role.to_owned());
        let found: Vec<&str> = pair["prompt"]
            .as_array()
            .unwrap()
            .iter()
            .map(|t| t["role"].as_str().unwrap())
            .collect();
        assert_eq!(found, roles);
        assert!(pair["errors"][0].as_f64().unwrap() < pair["errors"][1].as_f64().unwrap());
        assert_ne!(pair["chosen"], pair["rejected"]);
    }
    assert!(!lines(&folder, "pairs.jsonl").is_empty());
    let edit = |from: &str, to: &str, old: &str, new: &str| {
        let text = fs::read_to_string(folder.join(from)).unwrap();
        fs::write(folder.join(to), text.replace(old, new)).unwrap();
    };
    edit("prompts.jsonl", "twice.jsonl", "p2", "p1");
    edit("configs.jsonl", "other.jsonl", "roulette", "craps");
    for (arguments, said) in [
        ("configs --prompts none.jsonl --out x.jsonl", "none.jsonl: "),
        (
            "configs --prompts twice.jsonl --out x.jsonl",
            "prompt \"p1\": the id is there twice",
        ),
        (
            &*ask.replace("configs.jsonl", "other.jsonl"),
            "another text now",
        ),
        (&*format!("{ask} --temperature 0.3"), "give another --out"),
        (
            "pairs --configs prompts.jsonl --labelled labelled.jsonl --out x.jsonl",
            "prompts.jsonl line 1: missing field",
        ),
        (
            "pairs --configs configs.jsonl --labelled labelled.jsonl --out x.jsonl --frame odd",
            "unknown frame",
        ),
    ] {
        let error = align(&folder, arguments).unwrap_err();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn mistakes_go_on_behind_the_last_that_was_found() {
    let folder = folder("mistakes");
    let pieces = concat!(env!("CARGO_MANIFEST_DIR"), "/src/align/everyday");
    let draw = "synthesize --rules 3 --exchanges 1 --nouns 0 --held-out --count";
    align(
        &folder,
        &format!("{draw} 60 --content {pieces} --out said.jsonl"),
    )
    .unwrap();
    let find = "mistakes --data said.jsonl --model MODEL --context-length 1024 --strict \
                --out pairs.jsonl";
    align(&folder, find).unwrap();
    let path = folder.join("pairs.jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    assert!(whole.lines().count() > 1, "{whole}");
    let first = whole.lines().next().unwrap().to_owned() + "\n";
    fs::write(&path, first + "{\"prompt\": [").unwrap();
    align(&folder, find).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), whole);
    // Another way to answer is no way to go on.
    let told = align(&folder, &format!("{find} --temperature 0.5")).unwrap_err();
    assert!(told.contains("give another --out"), "{told}");
    assert_eq!(fs::read_to_string(&path).unwrap(), whole);
    // Other conversations are no reason to lose what is there.
    align(
        &folder,
        &format!("{draw} 60 --seed 1 --content {pieces} --out said.jsonl"),
    )
    .unwrap();
    let told = align(&folder, find).unwrap_err();
    assert!(told.contains("move the file away"), "{told}");
    assert_eq!(fs::read_to_string(&path).unwrap(), whole);
}
