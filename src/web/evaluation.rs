//! `Evaluation` as JavaScript sees it: hands prompts out, takes answers in, yields lines.

use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

use super::{JsResult, throw, to_js};
use crate::error::{Error, Result};
use crate::eval::judges::RuleBased;
use crate::eval::line::{self, Line};
use crate::eval::records;
use crate::eval::report::{About, JudgeReport, Report, html, measure, report};
use crate::eval::run::{Plan, Progress, Run};
use crate::eval::sample::Task;
use crate::eval::setups;
use crate::eval::systems::{Ask, Queue, Response};
use crate::eval::tasks::{self, BUILTIN, Data, ReadOptions};
use crate::generate::GenerateOptions;
use crate::safety::{Frame, Taxonomy};

/// Labelled responses to measure the judge with.
const LABELS: usize = 300;

/// What `pkg/evaluation.js` gives.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Options {
    /// `builtin`, or the name of the user's file.
    task: String,
    /// The benchmark's files, or the user's.
    files: Vec<File>,
    /// JSON Lines of labelled responses, for the benchmark.
    labels: String,
    /// JSON of the risk categories.
    taxonomy: String,
    setups: Vec<String>,
    limit: Option<usize>,
    seed: u64,
    max_tokens: usize,
    context_length: Option<usize>,
    /// Which model answers.
    system: String,
    safety_frame: Option<String>,
    /// Lines of an earlier run, to go on from.
    lines: String,
}

#[derive(Deserialize)]
struct File {
    name: String,
    text: String,
}

/// A prompt that is to be answered.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Prompt<'a> {
    key: usize,
    messages: Vec<Turn<'a>>,
    max_tokens: usize,
    temperature: f64,
    seed: u64,
}

#[derive(Serialize)]
struct Turn<'a> {
    role: &'static str,
    content: &'a str,
}

/// A run and its lines.
#[wasm_bindgen]
pub struct Evaluation {
    run: Run<Queue, RuleBased>,
    setups: Vec<String>,
    about: About,
    judge: JudgeReport,
    lines: Vec<Line>,
}

#[wasm_bindgen]
impl Evaluation {
    /// Plans a run; see `pkg/evaluation.js` for the options.
    #[wasm_bindgen(constructor)]
    pub fn new(options: JsValue) -> JsResult<Evaluation> {
        let options: Options = serde_wasm_bindgen::from_value(options).map_err(|error| {
            throw(Error::InvalidOption {
                name: "of evaluate".to_owned(),
                detail: error.to_string(),
            })
        })?;
        Self::plan(options).map_err(throw)
    }

    /// Lines that are still to come.
    #[wasm_bindgen(getter)]
    pub fn total(&self) -> usize {
        self.run.total()
    }

    /// The next prompt to answer, or `null`: `{ key, messages, maxTokens, temperature, seed }`.
    #[wasm_bindgen(js_name = nextPrompt)]
    pub fn next_prompt(&mut self) -> JsResult<JsValue> {
        let ask = self.run.system_mut().next_ask();
        to_js(&ask.as_ref().map(Prompt::from))
    }

    /// The answer to a prompt, or why there is none.
    pub fn reply(
        &mut self,
        key: usize,
        text: Option<String>,
        reasoning: Option<String>,
        failure: Option<String>,
    ) {
        let response = text.map(|text| Response { text, reasoning });
        let failed = || Error::WrongState {
            detail: failure.unwrap_or_else(|| "no answer came".to_owned()),
        };
        self.run
            .system_mut()
            .reply(key, response.ok_or_else(failed));
    }

    /// What can be judged by now: lines, each as JSON.
    pub fn judge(&mut self) -> JsResult<Vec<String>> {
        let mut json = Vec::new();
        // One step takes the replies in, and each after it settles one group.
        let mut taken = false;
        loop {
            match self.run.step().map_err(throw)? {
                Progress::Lines(lines) => {
                    for line in &lines {
                        json.push(line::to_json(line).map_err(throw)?);
                    }
                    self.lines.extend(lines);
                }
                Progress::Working if !taken => taken = true,
                Progress::Working | Progress::Done => return Ok(json),
            }
        }
    }

    /// The report so far, as JSON.
    pub fn report(&self) -> JsResult<String> {
        let json = serde_json::to_string(&self.numbers());
        json.map_err(|error| JsError::new(&error.to_string()).into())
    }

    /// The report so far, as one HTML page.
    pub fn html(&self) -> JsResult<String> {
        html(&self.numbers(), &self.lines).map_err(throw)
    }
}

impl Evaluation {
    fn plan(options: Options) -> Result<Self> {
        let taxonomy = Taxonomy::parse("everyday_taxonomy.json", &options.taxonomy)?;
        let task = read(&options, &taxonomy)?;
        let mut judge = RuleBased::new(taxonomy);
        let measured = measure(&mut judge, &task, LABELS)?;
        let frame = Frame::parse(options.safety_frame.as_deref())?;
        let parsed = options.setups.iter().map(|name| setups::parse(name));
        let plan = Plan {
            setups: parsed.collect::<Result<_>>()?,
            options: GenerateOptions {
                max_tokens: options.max_tokens,
                seed: options.seed,
                ..GenerateOptions::default()
            },
            task,
        };
        let about = About {
            task: plan.task.name.clone(),
            system: options.system.clone(),
            limit: options.limit,
            seed: options.seed,
            max_tokens: options.max_tokens,
            context_length: options.context_length,
        };
        // A line that does not parse was cut off when the page closed.
        let lines = options.lines.lines();
        let lines: Vec<Line> = lines
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        Ok(Self {
            run: Run::new(plan, Queue::new(options.system, frame), judge, &lines)?,
            setups: options.setups,
            about,
            judge: measured,
            lines,
        })
    }

    fn numbers(&self) -> Report {
        let (about, judge) = (self.about.clone(), self.judge.clone());
        report(
            &self.run.plan().task,
            &self.setups,
            &self.lines,
            about,
            judge,
        )
    }
}

fn read(options: &Options, taxonomy: &Taxonomy) -> Result<Task> {
    let files: Vec<(&str, &str)> = (options.files.iter())
        .map(|file| (file.name.as_str(), file.text.as_str()))
        .collect();
    if options.task == BUILTIN {
        return tasks::builtin(&files, &options.labels, options.limit);
    }
    let (name, text) = files.first().copied().unwrap_or((&options.task, ""));
    let read = ReadOptions {
        name: name.to_owned(),
        limit: options.limit,
        seed: options.seed,
        config: None,
        specifications: None,
        taxonomy: taxonomy.clone(),
    };
    match tasks::read(records::jsonl(name, text.as_bytes()), &read)? {
        Data::Responses(task) => Ok(task),
        Data::Choice(_) | Data::Prose(_) => Err(Error::BadRecord {
            at: name.to_owned(),
            detail: "holds questions or texts, which the command line can measure".to_owned(),
        }),
    }
}

impl<'a> From<&'a Ask> for Prompt<'a> {
    fn from(ask: &'a Ask) -> Self {
        let turn = |message: &'a crate::text::Message| Turn {
            role: message.role.name(),
            content: &message.content,
        };
        Self {
            key: ask.key,
            messages: ask.turns.iter().map(turn).collect(),
            max_tokens: ask.options.max_tokens,
            temperature: ask.options.temperature,
            seed: ask.options.seed,
        }
    }
}
