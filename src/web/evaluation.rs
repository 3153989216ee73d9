//! `Evaluation` as JavaScript sees it: a run over a data set, step by step.

use std::sync::Arc;

use serde::Deserialize;
use wasm_bindgen::prelude::*;

use super::{JsResult, performance_now, throw, wire};
use crate::backend::cpu::Cpu;
use crate::error::{Error, Result};
use crate::eval::judges::{Judge, ModelJudge, RuleBased};
use crate::eval::line::Line;
use crate::eval::records;
use crate::eval::report::{About, JudgeReport, html, measure, report};
use crate::eval::run::{Plan, Progress, Run};
use crate::eval::sample::Task;
use crate::eval::setups;
use crate::eval::systems::{Local, System as _};
use crate::eval::tasks::{self, Data, ReadOptions};
use crate::generate::GenerateOptions;
use crate::guard::ChatModel;
use crate::safety::Taxonomy;

type Model = Arc<ChatModel<Cpu>>;

/// Prompts under way at a time.
const WIDTH: usize = 4;

/// What JavaScript asks for; the page's module `evaluation.js` gives all of it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Options {
    /// The benchmark's files, or one file of the user's.
    files: Vec<File>,
    /// Whether `files` are the benchmark's.
    builtin: bool,
    /// JSON of the risk categories.
    taxonomy: String,
    setups: Vec<String>,
    /// `rules`, or `model`: the model judges itself.
    judge: String,
    limit: Option<usize>,
    seed: u64,
    max_tokens: usize,
    /// Lines of an earlier run, to go on from.
    lines: String,
}

#[derive(Deserialize)]
struct File {
    name: String,
    text: String,
}

/// A run and its lines.
#[wasm_bindgen]
pub struct Evaluation {
    run: Run<Local<Model, Cpu>, Box<dyn Judge>>,
    task: Task,
    setups: Vec<String>,
    about: About,
    judge: JudgeReport,
    lines: Vec<Line>,
}

impl Evaluation {
    pub(super) fn new(model: Model, options: JsValue) -> JsResult<Self> {
        let options: Options = serde_wasm_bindgen::from_value(options)?;
        Self::plan(model, &options).map_err(throw)
    }

    fn plan(model: Model, options: &Options) -> Result<Self> {
        let taxonomy = Taxonomy::parse("everyday_taxonomy.json", &options.taxonomy)?;
        let task = read(options, &taxonomy)?;
        let local = |width| Local::new(Arc::clone(&model), width, Box::new(performance_now));
        let mut judge: Box<dyn Judge> = match options.judge.as_str() {
            "rules" => Box::new(RuleBased::new(taxonomy)),
            "model" => Box::new(ModelJudge::new(Box::new(local(1)), taxonomy)),
            other => {
                return Err(Error::InvalidOption {
                    name: "judge".to_owned(),
                    detail: format!("{other:?} is not known; known: rules, model"),
                });
            }
        };
        let system = local(WIDTH);
        let about = About {
            task: task.name.clone(),
            system: system.name(),
            limit: options.limit,
            seed: options.seed,
            max_tokens: options.max_tokens,
            context_length: Some(model.context_length()),
        };
        let measured = measure(&mut *judge, &task, MEASURED)?;
        let parsed = options.setups.iter().map(|name| setups::parse(name));
        let plan = Plan {
            setups: parsed.collect::<Result<_>>()?,
            options: GenerateOptions {
                max_tokens: options.max_tokens,
                seed: options.seed,
                ..GenerateOptions::default()
            },
            task: task.clone(),
        };
        let lines = lines(&options.lines);
        Ok(Self {
            run: Run::new(plan, system, judge, &lines)?,
            task,
            setups: options.setups.clone(),
            about,
            judge: measured,
            lines,
        })
    }
}

/// Labelled responses to measure the judge with.
const MEASURED: usize = 300;

#[wasm_bindgen]
impl Evaluation {
    /// Lines that this run will yield in all.
    #[wasm_bindgen(getter)]
    pub fn total(&self) -> usize {
        self.run.total()
    }

    /// One bounded piece of work: lines as JSON, perhaps none, or `null` at the end.
    pub fn step(&mut self) -> JsResult<JsValue> {
        let lines = match self.run.step().map_err(throw)? {
            Progress::Working => Vec::new(),
            Progress::Done => return Ok(JsValue::NULL),
            Progress::Lines(lines) => lines,
        };
        let json: Result<Vec<String>> = lines.iter().map(Line::to_json).collect();
        self.lines.extend(lines);
        wire::to_js(&json.map_err(throw)?)
    }

    /// The report so far, as JSON.
    pub fn report(&self) -> JsResult<String> {
        serde_json::to_string(&self.numbers())
            .map_err(|error| JsError::new(&error.to_string()).into())
    }

    /// The report so far, as one HTML page.
    pub fn html(&self) -> JsResult<String> {
        html(&self.numbers(), &self.lines).map_err(throw)
    }
}

impl Evaluation {
    fn numbers(&self) -> crate::eval::report::Report {
        let (about, judge) = (self.about.clone(), self.judge.clone());
        report(&self.task, &self.setups, &self.lines, about, judge)
    }
}

fn read(options: &Options, taxonomy: &Taxonomy) -> Result<Task> {
    let files: Vec<(&str, &str)> = (options.files.iter())
        .map(|file| (file.name.as_str(), file.text.as_str()))
        .collect();
    if options.builtin {
        return tasks::builtin(&files, options.limit);
    }
    let Some((name, text)) = files.first() else {
        return Err(not_prompts("none was given"));
    };
    let read = ReadOptions {
        name: (*name).to_owned(),
        limit: options.limit,
        seed: options.seed,
        config: None,
        specifications: None,
        taxonomy: taxonomy.clone(),
    };
    match tasks::read(records::jsonl(name, text.as_bytes()), &read)? {
        Data::Responses(task) => Ok(task),
        Data::Choice(_) | Data::Prose(_) => Err(not_prompts(
            "multiple choice and texts are for the command line",
        )),
    }
}

fn not_prompts(detail: &str) -> Error {
    Error::InvalidOption {
        name: "task".to_owned(),
        detail: format!("needs a file of prompts; {detail}"),
    }
}

/// Lines of an earlier run; what does not parse was cut off.
fn lines(text: &str) -> Vec<Line> {
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}
