//! `cosa align all`: a whole recipe in miniature, from written pieces to a file that the engine runs.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn cosa(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_cosa"))
        .args(arguments)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    if output.status.success() {
        Ok(said)
    } else {
        Err(said)
    }
}

fn all(recipe: &Path, work: &Path) -> Result<String, String> {
    let content = format!("content={ROOT}/src/align/everyday");
    let (recipe, work) = (recipe.to_str().unwrap(), work.to_str().unwrap());
    cosa(&["align", "all", recipe, "--work", work, "--set", &content])
}

#[test]
fn a_recipe_runs_from_pieces_to_a_model_and_never_twice() {
    let work = folder("recipe");
    let recipe = Path::new(ROOT).join("tests/data/miniature.toml");
    let said = all(&recipe, &work).unwrap();
    assert!(!said.contains("done before"), "{said}");
    let file = |name: &str| work.join(name);
    for name in ["sft.curve.svg", "dpo.curve.svg"] {
        assert!(fs::read_to_string(file(name)).unwrap().starts_with("<svg"));
    }
    let curve = fs::read_to_string(file("sft.curve.jsonl")).unwrap();
    let losses: Vec<f64> = curve
        .lines()
        .map(|line| {
            let point: serde_json::Value = serde_json::from_str(line).unwrap();
            point["loss"].as_f64().unwrap()
        })
        .collect();
    assert!(losses.last().unwrap() + 1.0 < losses[0], "{losses:?}");
    let margins = fs::read_to_string(file("dpo.curve.jsonl")).unwrap();
    let last: serde_json::Value = serde_json::from_str(margins.lines().last().unwrap()).unwrap();
    assert!(last["margin"].as_f64().unwrap() > 0.0, "{margins}");

    // The draft of the categories is a taxonomy, and its ids are those of the assigned prompts.
    let draft = fs::read_to_string(file("taxonomy.json")).unwrap();
    let draft = cosa::safety::Taxonomy::parse("draft", &draft).unwrap();
    let assigned = fs::read_to_string(file("assigned.jsonl")).unwrap();
    for category in &draft.categories {
        assert!(assigned.matches(&format!("[\"{}\"]", category.id)).count() >= 5);
    }

    // The engine runs what came out, and the harness measures it.
    let path = |name: &str| file(name).to_str().unwrap().to_owned();
    cosa(&[
        "eval",
        "--task",
        &path("benchmark.jsonl"),
        "--model",
        &path("model.gguf"),
        "--out",
        &path("report"),
        "--max-tokens",
        "8",
    ])
    .unwrap();
    // A perfect follower is measured by the same file.
    let (task, out) = (path("benchmark.jsonl"), path("perfect"));
    let reference = format!("recorded:{task}");
    let perfect = [
        "eval", "--task", &task, "--model", &reference, "--setups", "ica", "--out",
    ];
    let flips = |limit: &[&str]| {
        let _ = fs::remove_dir_all(&out);
        cosa(&[&perfect[..], &[&out], limit].concat()).unwrap();
        let report = fs::read_to_string(file("perfect").join("report.json")).unwrap();
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        let flip = &report["setups"][0]["flip"];
        ["flips", "flipped"].map(|key| flip[key].as_u64().unwrap())
    };
    let [all_flips, flipped] = flips(&[]);
    assert!(
        all_flips > 2 && flipped == all_flips,
        "{flipped} of {all_flips}"
    );
    // Flips of prompts that a limit leaves out are none.
    let [some_flips, flipped] = flips(&["--limit", "1"]);
    assert!(
        some_flips < all_flips && flipped == some_flips,
        "{flipped} of {some_flips}"
    );

    // The file says how it came to be: one line each of sft, dpo, sft on
    // mistakes, and the mean.
    let before = fs::read(file("model.gguf")).unwrap();
    let text = String::from_utf8_lossy(&before);
    assert!(text.contains("cosa.provenance"));
    assert_eq!(text.matches(" lora None ").count(), 3);
    assert_eq!(text.matches(" share 0.5").count(), 1);

    let again = all(&recipe, &work).unwrap();
    assert_eq!(again.matches("done before").count(), 19, "{again}");
    // What is missing is made again, to the same bits.
    fs::remove_file(file("dpo.gguf")).unwrap();
    fs::remove_file(file("dpo.checkpoint")).unwrap();
    let again = all(&recipe, &work).unwrap();
    assert_eq!(again.matches("done before").count(), 18, "{again}");
    assert!(fs::read(file("model.gguf")).unwrap() == before);
}

#[test]
fn a_stage_that_goes_on_does_not_go_on_with_what_was_made_of_other_files() {
    let work = folder("stale");
    let recipe = work.join("recipe.toml");
    let stage = "[[stage]]\nrun = \"label\"\ncandidates = \"{work}/said.jsonl\"\nout = \"{work}/labelled.jsonl\"";
    fs::write(&recipe, stage).unwrap();
    let labelled_of = |answer: &str| {
        let line = format!(
            r#"{{"prompt_id": "p", "config_id": null, "prompt": "Wine?", "response": "{answer}"}}"#
        );
        fs::write(work.join("said.jsonl"), line + "\n").unwrap();
        all(&recipe, &work).unwrap();
        fs::read_to_string(work.join("labelled.jsonl")).unwrap()
    };
    let first = labelled_of("Red wine goes well with cheese.");
    assert!(first.contains("cheese"));
    let second = labelled_of("Red wine goes well with meat.");
    assert!(
        second.contains("meat") && !second.contains("cheese"),
        "{second}"
    );
    // A stage that was stopped goes on: what it had is kept.
    let note = work.join("labelled.jsonl.stage");
    let begun = fs::read_to_string(&note).unwrap() + "begun\n";
    fs::write(&note, begun).unwrap();
    let marked = second.replace("meat", "meat and more");
    fs::write(work.join("labelled.jsonl"), &marked).unwrap();
    all(&recipe, &work).unwrap();
    let third = fs::read_to_string(work.join("labelled.jsonl")).unwrap();
    assert!(
        third.starts_with(&marked) && third.len() > marked.len(),
        "{third}"
    );
}

#[test]
fn a_slip_in_a_recipe_is_found_before_anything_runs() {
    let work = folder("slips");
    for (text, told) in [
        ("stage = 1", "stage"),
        ("[[stage]]\nout = \"x\"", "stage 1: needs run"),
        (
            "[[stage]]\nrun = \"bake\"",
            "stage 1: error: unrecognized subcommand 'bake'",
        ),
        (
            "[[stage]]\nrun = \"export\"\nmodel = \"{corpora}/x\"",
            "{corpora} is not known; give --set corpora=",
        ),
        (
            "[[stage]]\nrun = \"export\"\nmodel = \"a\"\nout = \"b\"\nbits = 3",
            "unexpected argument '--bits'",
        ),
        ("[[stage]]\nrun = \"all\"\nwork = \"a\"", "stage 1"),
    ] {
        let good = "[[stage]]\nrun = \"synthesize\"\ncontent = \"{content}\"\nrequests = true\nout = \"{work}/made\"\n";
        let recipe = work.join("recipe.toml");
        fs::write(
            &recipe,
            if text.starts_with("stage") {
                text.to_owned()
            } else {
                format!("{text}\n{good}")
            },
        )
        .unwrap();
        let said = all(&recipe, &work).unwrap_err();
        assert!(
            said.contains(told) && said.contains("recipe.toml"),
            "{told}: {said}"
        );
        assert!(!work.join("made").exists());
    }
}

#[test]
fn bad_training_data_is_told_by_its_line() {
    let work = folder("bad_data");
    let path = |name: &str| work.join(name).to_str().unwrap().to_owned();
    let good = r#"{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}"#;
    let model = format!("{ROOT}/pkg/models/cosa-default.gguf");
    for (line, told) in [
        ("{", "data.jsonl line 2"),
        (
            r#"{"messages": [{"role": "robot", "content": "Hi"}]}"#,
            "line 2: role \"robot\"; known: system, user, assistant",
        ),
        (
            r#"{"messages": [{"role": "user", "content": "Hi"}]}"#,
            "line 2: there is no turn of the assistant",
        ),
    ] {
        fs::write(work.join("data.jsonl"), format!("{good}\n{line}\n")).unwrap();
        let said = cosa(&[
            "align",
            "sft",
            "--model",
            &model,
            "--data",
            &path("data.jsonl"),
            "--out",
            &path("out.gguf"),
            "--steps",
            "1",
            "--warm-up",
            "0",
        ])
        .unwrap_err();
        assert!(said.contains(told), "{told}: {said}");
    }
    // When asked, the rest goes on.
    let huge = format!("{{\"text\": \"{}\"}}", "a".repeat(17 << 20));
    fs::write(
        work.join("data.jsonl"),
        format!("{good}\n{{\n{huge}\n{good}\n"),
    )
    .unwrap();
    let data = path("data.jsonl");
    let (model, trained) = (model.as_str(), path("out.gguf"));
    let mut ask = vec![
        "align", "sft", "--model", model, "--data", &data, "--out", &trained,
    ];
    ask.extend(["--steps", "1", "--warm-up", "0"]);
    let said = cosa(&ask).unwrap_err();
    assert!(said.contains("data.jsonl line 2"), "{said}");
    ask.push("--skip-bad-lines");
    let said = cosa(&ask).unwrap();
    assert!(
        said.contains("left out") && said.contains("line 3: longer than"),
        "{said}"
    );
    assert!(said.contains("2 examples"), "{said}");
    // A family that is not known, and a file that is no model.
    fs::write(work.join("model.gguf"), "no model").unwrap();
    let said = cosa(&[
        "align",
        "sft",
        "--model",
        &path("model.gguf"),
        "--data",
        &path("data.jsonl"),
        "--out",
        &path("out.gguf"),
    ])
    .unwrap_err();
    assert!(said.contains("not a GGUF file"), "{said}");
}
