//! `cosa eval` as a program: its files, stops in the middle, other people's data and servers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/pkg/models/cosa-default.gguf");

/// A directory that is empty now.
fn fresh(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("eval_cli")
        .join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    path
}

fn cosa(out: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cosa"));
    command.arg("eval").args(arguments).arg("--out").arg(out);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn succeed(out: &Path, arguments: &[&str]) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = cosa(out, arguments).output().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

fn fail(out: &Path, arguments: &[&str]) -> String {
    let Output { status, stderr, .. } = cosa(out, arguments).output().unwrap();
    assert_eq!(status.code(), Some(1));
    String::from_utf8(stderr).unwrap()
}

fn text(out: &Path, name: &str) -> String {
    fs::read_to_string(out.join(name)).unwrap()
}

/// The report without what differs from run to run.
fn report(out: &Path) -> Value {
    let mut report: Value = serde_json::from_str(&text(out, "report.json")).unwrap();
    assert!(report["times"]["total_ms"].as_f64().unwrap() > 0.0);
    report.as_object_mut().unwrap().remove("times");
    report
}

const SMALL: [&str; 12] = [
    "--task",
    "builtin",
    "--model",
    MODEL,
    "--setups",
    "none,ica,cascade-oracle",
    "--limit",
    "2",
    "--max-tokens",
    "24",
    "--context-length",
    "1024",
];

#[test]
fn the_same_run_twice_and_a_run_that_was_killed_give_the_same_bytes() {
    let (whole, killed) = (fresh("whole"), fresh("killed"));
    let table = succeed(&whole, &SMALL);
    assert!(table.contains("cascade-oracle"), "{table}");
    for name in ["report.md", "report.html", "run.json"] {
        assert!(!text(&whole, name).is_empty(), "{name}");
    }
    let lines = text(&whole, "responses.jsonl").lines().count();
    let mut child = cosa(&killed, &SMALL).spawn().unwrap();
    let so_far = || fs::read_to_string(killed.join("responses.jsonl")).unwrap_or_default();
    while so_far().lines().count() < 7 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let written = so_far();
    assert!(
        written.lines().count() < lines,
        "it was to be killed in the middle"
    );
    // What a kill in the middle of a write leaves.
    fs::write(killed.join("responses.jsonl"), written + "{\"setup\": \"no").unwrap();
    succeed(&killed, &SMALL);
    assert_eq!(
        text(&killed, "responses.jsonl"),
        text(&whole, "responses.jsonl")
    );
    assert_eq!(report(&killed), report(&whole));
    // Once more, on what is complete.
    succeed(&whole, &SMALL);
    assert_eq!(
        text(&killed, "responses.jsonl"),
        text(&whole, "responses.jsonl")
    );
}

#[test]
fn a_full_disk_loses_nothing_that_was_scored() {
    let (whole, full) = (fresh("room"), fresh("full"));
    succeed(&whole, &SMALL);
    let program = env!("CARGO_BIN_EXE_cosa");
    // Files of at most 8 blocks of 512 bytes: too little for all responses.
    let script = format!(
        "trap '' XFSZ; ulimit -f 8; exec '{program}' eval {} --out '{}'",
        SMALL.map(|word| format!("'{word}'")).join(" "),
        full.display()
    );
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("responses.jsonl: "), "{said}");
    assert!(text(&full, "responses.jsonl").lines().count() > 1);
    succeed(&full, &SMALL);
    assert_eq!(report(&full), report(&whole));
}

#[test]
fn another_run_is_not_mixed_in() {
    let out = fresh("mixed");
    let of = |max_tokens| {
        let one = ["--task", "builtin", "--model", MODEL, "--limit", "1"];
        [&one[..], &["--max-tokens", max_tokens]].concat()
    };
    succeed(&out, &of("4"));
    let other = fail(&out, &of("5"));
    assert!(other.contains("give another --out"), "{other}");
}

#[test]
fn mistakes_are_told() {
    let out = fresh("mistakes");
    for (arguments, said) in [
        (
            &["--task", "builtin", "--model", MODEL, "--setups", "magic"][..],
            "known: none, ica",
        ),
        (
            &["--task", "builtin", "--model", MODEL, "--judge", "me"][..],
            "known: rules, model:FILE",
        ),
        (
            &["--task", "nowhere.jsonl", "--model", MODEL][..],
            "nowhere.jsonl: ",
        ),
        (
            &["--task", "builtin", "--model", "nowhere.gguf"][..],
            "nowhere.gguf: ",
        ),
        (
            &["--task", "builtin", "--model", "recorded:nowhere"][..],
            "nowhere: ",
        ),
        (&["--task", MODEL, "--model", MODEL][..], ".jsonl"),
    ] {
        let told = fail(&out, arguments);
        assert!(told.contains(said), "{told}");
    }
}

/// The published format, made of the shared demonstrations, with a model as the judge.
#[test]
fn a_cosapien_file_runs_with_a_local_judge() {
    let (Some(exemplars), Some(configs)) = (
        common::shared("evaluation/cosapien_exemplars.jsonl"),
        common::shared("evaluation/cosapien_configs.json"),
    ) else {
        return;
    };
    let configs: BTreeMap<String, String> =
        serde_json::from_str(&fs::read_to_string(configs).unwrap()).unwrap();
    let file = fresh("cosapien.jsonl");
    let mut lines = String::new();
    for line in fs::read_to_string(exemplars).unwrap().lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let scenario = &configs[record["config"].as_str().unwrap()];
        lines += &json!({"prompt": record["prompt"], "scenario": scenario, "type": record["type"]})
            .to_string();
        lines += "\n";
    }
    fs::write(&file, lines).unwrap();
    let out = fresh("cosapien");
    let judge = format!("model:{MODEL}");
    succeed(
        &out,
        &[
            "--task",
            file.to_str().unwrap(),
            "--model",
            MODEL,
            "--setups",
            "none,ica",
            "--judge",
            &judge,
            "--limit",
            "2",
            "--max-tokens",
            "8",
            "--context-length",
            "2048",
        ],
    );
    let report = report(&out);
    assert_eq!(report["configs"].as_array().unwrap().len(), 5);
    for setup in report["setups"].as_array().unwrap() {
        assert_eq!(setup["responses"], 10);
        let score = setup["cosa_score"]["value"].as_f64().unwrap();
        assert!((-1.0..=1.0).contains(&score));
    }
    // What was recorded can be judged again, without a model.
    let recorded = format!("recorded:{}", out.join("responses.jsonl").display());
    let again = fresh("again");
    succeed(
        &again,
        &[
            "--task",
            file.to_str().unwrap(),
            "--model",
            &recorded,
            "--setups",
            "none,ica",
            "--judge",
            &recorded,
            "--limit",
            "2",
        ],
    );
    let second = self::report(&again);
    assert_eq!(second["setups"], report["setups"]);
}

/// A server that answers every chat completion with the same text.
fn serve(content: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let (mut line, mut length) = (String::new(), 0);
                while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                    let lower = line.to_lowercase();
                    if let Some(value) = lower.strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    line.clear();
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let answer = json!({"choices": [{"message": {"content": content}}]}).to_string();
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    answer.len()
                );
                let _ = stream.write_all((head + &answer).as_bytes());
            });
        }
    });
    format!("endpoint:http://{address}/v1")
}

#[test]
fn endpoints_answer_and_judge() {
    let (answers, judges) = (
        serve("I can't help with that."),
        serve("<think>Hm.</think>I first thought yes, but: No."),
    );
    let out = fresh("endpoint");
    succeed(
        &out,
        &[
            "--task", "builtin", "--model", &answers, "--setups", "ica", "--limit", "2",
        ],
    );
    assert_eq!(
        report(&out)["setups"][0]["cosa_score"]["value"],
        0.0,
        "a refusal is 0"
    );
    let judged = fresh("endpoint-judge");
    succeed(
        &judged,
        &[
            "--task",
            "builtin",
            "--model",
            &answers,
            "--setups",
            "ica",
            "--limit",
            "1",
            "--judge",
            &judges,
            "--judge-labels",
            "4",
        ],
    );
    let first: Value =
        serde_json::from_str(text(&judged, "responses.jsonl").lines().next().unwrap()).unwrap();
    assert_eq!(first["verdicts"]["addressed"], false);
    assert_eq!(first["verdicts"]["rules"][0]["adherence"], "follows");
    let babble = fresh("endpoint-babble");
    succeed(
        &babble,
        &[
            "--task",
            "builtin",
            "--model",
            &answers,
            "--setups",
            "ica",
            "--limit",
            "1",
            "--judge",
            &serve("Certainly!"),
            "--judge-labels",
            "0",
        ],
    );
    let report = report(&babble);
    assert_eq!(
        report["setups"][0]["invalid"], 6,
        "no verdict is counted and shown"
    );
    assert_eq!(
        report["setups"][0]["cosa_score"]["value"], -1.0,
        "and fails closed"
    );
}

#[test]
fn capability_is_measured_with_and_without_a_config() {
    let folder = fresh("capability");
    fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let questions = write(
        "q.jsonl",
        "{\"question\": \"2 + 2?\", \"choices\": [\"3\", \"4\"], \"answer\": 1}\n",
    );
    let config = write("c.txt", "Be brief.");
    let table = succeed(
        &folder.join("q"),
        &["--task", &questions, "--model", MODEL, "--config", &config],
    );
    assert!(
        table.contains("none: accuracy") && table.contains("ica: accuracy"),
        "{table}"
    );
    // Where there is a run, its report stays.
    fs::write(folder.join("q/run.json"), "{}").unwrap();
    let arguments = ["--task", &questions, "--model", MODEL];
    let told = fail(&folder.join("q"), &arguments);
    assert!(told.contains("give another --out"), "{told}");
    let recorded = format!("recorded:{}", write("r.jsonl", ""));
    let told = fail(
        &folder.join("r"),
        &["--task", &questions, "--model", &recorded],
    );
    assert!(told.contains("recorded"), "{told}");
    let texts = write(
        "t.jsonl",
        "{\"text\": \"Red wine goes well with cheese.\"}\n{\"text\": \"xq zv jk\"}\n",
    );
    let table = succeed(&folder.join("t"), &["--task", &texts, "--model", MODEL]);
    assert!(table.contains("none: perplexity"), "{table}");
}
