//! `cosa eval`: measure how well a system follows safety configs.

mod data;
mod files;
mod parts;

pub use data::taxonomy_of;
pub use parts::{Reach, endpoint_of, judge_of, system_of};

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use cosa::eval::capability::{self, Capability};
use cosa::eval::judges::Judge;
use cosa::eval::report::{About, Report, html, markdown, measure, report};
use cosa::eval::run::{Plan, Progress, Run};
use cosa::eval::sample::Task;
use cosa::eval::setups;
use cosa::eval::systems::System;
use cosa::eval::tasks::Data;
use cosa::generate::GenerateOptions;
use cosa::{Error, Result};
use indicatif::{ProgressBar, ProgressStyle};

pub use files::digest;
use files::{Directory, Ran};

/// What `cosa eval` is asked to do.
#[derive(Args)]
pub struct Arguments {
    /// The data set: `builtin`, or a file (JSON Lines, JSON, CSV, Parquet) in the format of
    /// CoSApien, CoSAlign-Test, SpecBench, XSTest, AILuminate, multiple choice, or texts.
    #[arg(long, value_name = "builtin|FILE")]
    task: String,
    /// What answers: a GGUF file, `endpoint:URL`, or `recorded:FILE` (a responses.jsonl).
    #[arg(long, value_name = "FILE|endpoint:URL|recorded:FILE")]
    model: String,
    #[command(flatten)]
    reach: Reach,
    /// Ways to use it: none, ica, ica-5shot, numbered-rules, cascade, cascade-oracle, best-of-N.
    #[arg(long, value_delimiter = ',', default_value = "none,ica")]
    setups: Vec<String>,
    /// What judges: `rules`, `model:FILE`, `endpoint:URL`, or `recorded:FILE`.
    #[arg(long, default_value = "rules", value_name = "JUDGE")]
    judge: String,
    /// The directory for report.json, report.md, report.html and responses.jsonl. A run that
    /// was stopped goes on when the same command is given again.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Prompts of each config at most.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// For sampling, for the choice of prompts and for the intervals.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Tokens of an answer at most.
    #[arg(long, default_value_t = 256)]
    max_tokens: usize,
    /// A safety config for data sets that have none.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The specifications of a SpecBench file.
    #[arg(long, value_name = "FILE")]
    specifications: Option<PathBuf>,
    /// The risk categories of categorical configs; by default, the twelve everyday ones.
    #[arg(long, value_name = "FILE")]
    taxonomy: Option<PathBuf>,
    /// Labelled responses to measure the judge with.
    #[arg(long, value_name = "N", default_value_t = 300)]
    judge_labels: usize,
}

/// Measures, and writes the report.
pub fn run(arguments: &Arguments) -> Result<()> {
    let data = data::read(arguments)?;
    let mut system = system_of(&arguments.model, &arguments.reach)?;
    if !matches!(data, Data::Responses(_)) {
        files::create_for_tables(&arguments.out)?;
    }
    match data {
        Data::Responses(task) => responses(arguments, task, system),
        Data::Choice(questions) => {
            let config = data::config(arguments)?;
            let mut rows = Vec::new();
            for config in [None].into_iter().chain(config.as_ref().map(Some)) {
                let bar = bar(questions.len());
                rows.push(capability::accuracy(
                    &mut *system,
                    &questions,
                    config,
                    arguments.seed,
                    tick(&bar),
                )?);
            }
            capabilities(arguments, &rows)
        }
        Data::Prose(texts) => {
            let bar = bar(texts.len());
            let row = capability::perplexity(&mut *system, &texts, arguments.seed, tick(&bar))?;
            capabilities(arguments, &[row])
        }
    }
}

fn responses(arguments: &Arguments, task: Task, system: Box<dyn System>) -> Result<()> {
    let taxonomy = data::taxonomy(arguments)?;
    let mut judge = judge_of(&arguments.judge, &arguments.reach, &taxonomy)?;
    let about = About {
        task: task.name.clone(),
        system: system.name(),
        limit: arguments.limit,
        seed: arguments.seed,
        max_tokens: arguments.max_tokens,
        context_length: system.context_length(),
    };
    let plan = plan(arguments, task)?;
    let names: Vec<String> = plan.setups.iter().map(|setup| setup.name()).collect();
    let ran = Ran::new(&about, &judge.name(), &plan.task, &taxonomy);
    let mut directory = Directory::open(&arguments.out, &ran)?;
    let started = Instant::now();
    let measured = measure(&mut *judge, &plan.task, arguments.judge_labels)?;
    let mut run = Run::new(plan, system, judge, directory.lines())?;
    drive(&mut run, &mut directory)?;
    let task = &run.plan().task;
    let lines = directory.finish(task, &names)?;
    let mut report = report(task, &names, &lines, about, measured);
    report.times = run.system().times();
    let total = started.elapsed().as_secs_f64() * 1000.0;
    report.times.insert("total_ms", total);
    write(&directory, &report, &lines)
}

fn plan(arguments: &Arguments, task: Task) -> Result<Plan> {
    let names = arguments.setups.iter().map(|name| name.trim());
    Ok(Plan {
        setups: names.map(setups::parse).collect::<Result<_>>()?,
        options: GenerateOptions {
            max_tokens: arguments.max_tokens,
            seed: arguments.seed,
            ..GenerateOptions::default()
        },
        task,
    })
}

/// Runs to the end, writing each line as it comes.
fn drive<S: System, J: Judge>(run: &mut Run<S, J>, directory: &mut Directory) -> Result<()> {
    let bar = bar(run.total());
    loop {
        match run.step()? {
            Progress::Working => {}
            Progress::Lines(lines) => {
                bar.inc(lines.len() as u64);
                directory.append(&lines)?;
            }
            Progress::Done => break,
        }
        bar.tick();
    }
    bar.finish_and_clear();
    Ok(())
}

fn write(directory: &Directory, report: &Report, lines: &[cosa::eval::line::Line]) -> Result<()> {
    let text = markdown(report)?;
    directory.write("report.json", &json(report)?)?;
    directory.write("report.md", &text)?;
    directory.write("report.html", &html(report, lines)?)?;
    println!("{text}");
    eprintln!("[{}]", directory.path().join("report.html").display());
    Ok(())
}

fn capabilities(arguments: &Arguments, rows: &[Capability]) -> Result<()> {
    for row in rows {
        println!(
            "{}: {} {:.2} ({:.2} to {:.2}), {} in all, {} invalid",
            row.setup,
            row.measure,
            row.value.value,
            row.value.low,
            row.value.high,
            row.count,
            row.invalid
        );
    }
    crate::files::replace(&arguments.out.join("report.json"), &json(&rows)?)
}

fn json<T: serde::Serialize + ?Sized>(value: &T) -> Result<String> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Error::BadRecord {
        at: "report.json".to_owned(),
        detail: error.to_string(),
    })?;
    Ok(text + "\n")
}

fn bar(total: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len}, {elapsed} gone, {eta} left");
    let bar = ProgressBar::new(total as u64)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}

fn tick(bar: &ProgressBar) -> impl FnMut(usize) -> Result<()> + '_ {
    |done| {
        bar.set_position(done as u64);
        Ok(())
    }
}
