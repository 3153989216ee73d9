//! `cargo xtask bench`: the engine in the browser beside its peers, in one run.
//!
//! Absolute times are worth little on a shared machine, so everything is measured in turns
//! and given as ratios with their range. Before it times a model, this checks its logits
//! against the reference, and that the browser continues a text exactly as natively.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::{Value, json};

use crate::{
    console, process,
    setup::{self, Setup},
    wasm,
    workspace::{Workspace, cargo},
};

/// Shape and types of the models that are measured by default.
const MODELS: [&str; 4] = [
    "smollm2-135m:q4_0",
    "smollm2-135m:q8_0",
    "qwen3-0.6b:q4_0",
    "qwen3-0.6b:q4_k_m",
];

/// How far logits may be from the reference's, relative to their size: activations have 8
/// bits here and 32 there, and random weights forgive nothing.
const MOST_ERROR: f64 = 0.1;

/// Tokens of the long past, after which decoding is measured too.
const LONG: usize = 4096;

/// What to continue in the check: single letters, as the benchmark's prompts.
const PROMPT: usize = 128;

/// What to measure.
#[derive(Args)]
pub struct Options {
    /// A shape and types, such as qwen3-0.6b:q4_0; may be given several times
    #[arg(long)]
    model: Vec<String>,
    /// Threads of every engine
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Times that the engines take turns
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Leave the peers out
    #[arg(long)]
    alone: bool,
    /// Where to write all that was measured
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Measures all models and prints a table.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    console::heading("Set-up");
    let setup = setup::for_tests(workspace);
    ensure!(setup.failures.is_empty(), setup.failures.join("\n"));
    console::heading("Build");
    wasm::build(workspace, &setup)?;
    let mut build = Command::new(cargo());
    process::show(
        build
            .current_dir(&workspace.root)
            .args(["build", "--release"]),
    )?;
    let bandwidth = read_bandwidth(options.threads);
    let mut results = Vec::new();
    let default = MODELS.map(str::to_owned);
    let models = if options.model.is_empty() {
        &default[..]
    } else {
        &options.model
    };
    for model in models {
        console::heading(model);
        let result = measure(workspace, &setup, options, model)?;
        println!("{HEAD}\n{}", row(&result, bandwidth)?);
        if let Some(noise) = noise(&result) {
            console::note(&format!(
                "decoding differs by {noise:.1}x between rounds: something else runs here"
            ));
        }
        results.push(result);
        // A run takes long, and what is measured is not lost with the rest of it.
        if let Some(path) = &options.json {
            let all = json!({ "readBandwidthGBs": bandwidth, "threads": options.threads, "models": results });
            fs::write(path, serde_json::to_string_pretty(&all)?)?;
        }
    }
    console::heading("Result");
    table(&results, bandwidth)
}

fn measure(workspace: &Workspace, setup: &Setup, options: &Options, name: &str) -> Result<Value> {
    let cosa = workspace.target.join("release").join("cosa");
    let model = random_model(workspace, &cosa, name)?;
    console::note("checking the logits");
    let mut check = Command::new(&cosa);
    check.args(["bench", "check", "--prompt", &prompt(PROMPT)]);
    let check: Value = serde_json::from_str(&process::output(check.arg(&model))?)?;
    let error = check["error"].as_f64().context("no error in the check")?;
    ensure!(
        error < MOST_ERROR,
        "{name}: logits are {error:.3} from the reference's"
    );
    console::note("measuring in the browser");
    let mut found = browser(workspace, setup, options, &model)?;
    ensure!(
        found["ours"]["answer"] == check["text"],
        "{name}: the browser continues with {}, natively it is {}",
        found["ours"]["answer"],
        check["text"]
    );
    found["name"] = json!(name);
    found["error"] = json!(error);
    found["bytes"] = json!(fs::metadata(&model)?.len());
    found["native"] = native(&model, options)?;
    Ok(found)
}

/// The file of a model, made where it is not there yet.
fn random_model(workspace: &Workspace, cosa: &Path, name: &str) -> Result<PathBuf> {
    let (shape, types) = name.split_once(':').context("a model is SHAPE:TYPES")?;
    let folder = workspace.target.join("bench");
    fs::create_dir_all(&folder)?;
    let model = folder.join(format!("{shape}-{types}.gguf"));
    if !model.exists() {
        console::note("making random weights");
        let mut make = Command::new(cosa);
        process::show(make.args(["bench", "model", shape, types]).arg(&model))?;
    }
    Ok(model)
}

fn browser(workspace: &Workspace, setup: &Setup, options: &Options, model: &Path) -> Result<Value> {
    let request = json!({
        "model": model, "threads": options.threads, "rounds": options.rounds, "peer": !options.alone,
        "long": LONG,
    });
    let mut node = Command::new("node");
    node.arg(workspace.npm().join("bench").join("bench.mjs"))
        .arg(request.to_string());
    if let Some(chromium) = &setup.chromium {
        node.env("CHROMIUM", chromium);
    }
    Ok(serde_json::from_str(&process::output(&mut node)?)?)
}

/// As in `tests/bench/bench.mjs`.
fn prompt(length: usize) -> String {
    let letter = |i: usize| char::from(b'a' + (i * 7 % 26) as u8);
    let text: String = (0..length).map(|i| format!("{} ", letter(i))).collect();
    text[..length].to_owned()
}

/// llama.cpp's own benchmark, where it is on the PATH.
fn native(model: &Path, options: &Options) -> Result<Value> {
    let Ok(program) = which::which("llama-bench") else {
        console::note("llama-bench is not on the PATH; no native peer");
        return Ok(Value::Null);
    };
    let mut bench = Command::new(program);
    bench
        .arg("-m")
        .arg(model)
        .args(["-p", "512", "-n", "32", "-o", "json", "-t"]);
    bench.args([
        options.threads.to_string(),
        "-r".to_owned(),
        options.rounds.to_string(),
    ]);
    let rows: Value = serde_json::from_str(&process::output(&mut bench)?)?;
    let rate = |key: &str| {
        let rows = rows.as_array().into_iter().flatten();
        rows.filter(|row| {
            row[key].as_u64() > Some(0) && (row["n_gen"] == 0 || row["n_prompt"] == 0)
        })
        .find_map(|row| row["avg_ts"].as_f64())
    };
    Ok(json!({ "decode": rate("n_gen"), "prefill": rate("n_prompt") }))
}

/// Bytes a second that `threads` threads read from memory together, in GB/s.
fn read_bandwidth(threads: usize) -> f64 {
    const BYTES: usize = 256 << 20;
    let data: Vec<u64> = vec![1; BYTES / 8];
    let best = (0..3).map(|_| {
        let start = Instant::now();
        std::thread::scope(|scope| {
            for part in data.chunks(data.len().div_ceil(threads.max(1))) {
                scope.spawn(|| {
                    std::hint::black_box(part.iter().fold(0u64, |sum, x| sum.wrapping_add(*x)))
                });
            }
        });
        BYTES as f64 / start.elapsed().as_secs_f64() / 1e9
    });
    best.fold(0.0, f64::max)
}

const HEAD: &str = "| model | decode tok/s | prefill tok/s | decode after 4,096 vs 128 \
| decode vs wllama | prefill vs wllama | decode vs native | prefill vs native | weights GB/s | first token s (wllama) | memory / file |
|---|---|---|---|---|---|---|---|---|---|---|";

fn table(results: &[Value], bandwidth: f64) -> Result<()> {
    println!("{HEAD}");
    for result in results {
        println!("{}", row(result, bandwidth)?);
    }
    println!("\nMedian (least to most) over the rounds. Memory read: {bandwidth:.1} GB/s.");
    Ok(())
}

/// How far apart the rounds are, where that is more than a quiet machine explains.
fn noise(result: &Value) -> Option<f64> {
    let rounds = result["rounds"].as_array()?;
    let decode = series(rounds, |round| round["ours"]["decode"].as_f64());
    let noise = decode.last()? / decode.first()?;
    (noise > 1.3).then_some(noise)
}

fn row(result: &Value, bandwidth: f64) -> Result<String> {
    let rounds = result["rounds"].as_array().context("no rounds")?;
    let of = |round: &Value, who: &str, key: &str| round[who][key].as_f64();
    let ours = |key| series(rounds, |round| of(round, "ours", key));
    let beside_peer = |key| {
        let ratio = |round: &Value| Some(of(round, "ours", key)? / of(round, "peer", key)?);
        show(&series(rounds, ratio), "x")
    };
    let beside_native = |key| {
        let native = result["native"][key].as_f64();
        show(
            &series(rounds, |round| Some(of(round, "ours", key)? / native?)),
            "",
        )
    };
    let seconds = |who: &str| {
        let ms = result[who]["firstTokenMs"].as_f64();
        ms.map_or("–".to_owned(), |ms| format!("{:.1}", ms / 1e3))
    };
    let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
    let rate = median(&ours("decode")) * number(&result["ours"]["info"]["weightBytes"]) / 1e9;
    let memory = number(&result["ours"]["memory"]) / number(&result["bytes"]);
    let long = number(&result["long"]["ratio"]);
    let cells = [
        result["name"].as_str().unwrap_or_default().to_owned(),
        show(&ours("decode"), ""),
        show(&ours("prefill"), ""),
        format!("{long:.2}"),
        beside_peer("decode"),
        beside_peer("prefill"),
        beside_native("decode"),
        beside_native("prefill"),
        format!("{rate:.1} ({:.0} %)", 100.0 * rate / bandwidth),
        format!("{} ({})", seconds("ours"), seconds("peer")),
        format!("{memory:.2}"),
    ];
    Ok(format!("| {} |", cells.join(" | ")))
}

fn series(rounds: &[Value], value: impl Fn(&Value) -> Option<f64>) -> Vec<f64> {
    let mut values: Vec<f64> = rounds.iter().filter_map(value).collect();
    values.sort_by(f64::total_cmp);
    values
}

fn median(sorted: &[f64]) -> f64 {
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

fn show(sorted: &[f64], unit: &str) -> String {
    let number = |value: f64| {
        if value < 100.0 {
            format!("{value:.2}")
        } else {
            format!("{value:.0}")
        }
    };
    match (sorted.first(), sorted.last()) {
        (Some(least), Some(most)) => format!(
            "{}{unit} ({}–{})",
            number(median(sorted)),
            number(*least),
            number(*most)
        ),
        _ => "–".to_owned(),
    }
}
