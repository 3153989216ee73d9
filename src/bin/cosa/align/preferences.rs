//! `cosa align configs`, `candidates`, `label`, `pairs` and `mistakes`: preference data, stage by stage.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::slice;

use clap::Args;
use cosa::align::configs::{Counts, configs};
use cosa::align::mistakes::{self, MistakeOptions, Question, questions};
use cosa::align::pairs::{PairOptions, contrasts, pairs};
use cosa::align::records::{
    CandidateLine, ConfigLine, LabelledLine, PairLine, PromptLine, TrainLine,
};
use cosa::align::{candidates, label};
use cosa::eval::{judges::Judge as _, systems::System};
use cosa::generate::GenerateOptions;
use cosa::safety::Frame;
use cosa::{Error, Result};
use indicatif::ProgressBar;
use serde::Serialize;

use super::{Common, each_once, write};
use crate::eval::{Reach, digest, judge_of, system_of};
use crate::files::{io, json_lines, resume_of};

#[derive(Args)]
pub struct Configs {
    /// JSON Lines of `id, prompt, risks`.
    #[arg(long, value_name = "FILE")]
    prompts: PathBuf,
    /// Where the configs go.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Configs of each of the modes superset and not-superset.
    #[arg(long, default_value_t = 4)]
    varied: usize,
}

#[derive(Args)]
pub struct Candidates {
    /// What `configs` wrote.
    #[arg(long, value_name = "FILE")]
    configs: PathBuf,
    /// Where the responses go; a stopped stage goes on.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// A GGUF file or `endpoint:URL`.
    #[arg(long, value_name = "FILE|endpoint:URL")]
    model: String,
    #[command(flatten)]
    reach: Reach,
    /// Tokens of an answer at most.
    #[arg(long, default_value_t = 256)]
    max_tokens: usize,
    /// 0 is greedy.
    #[arg(long, default_value_t = 0.7)]
    temperature: f64,
    /// Answers to each prompt under each config.
    #[arg(long, default_value_t = 1)]
    draws: u64,
}

#[derive(Args)]
pub struct Label {
    /// What `candidates` wrote.
    #[arg(long, value_name = "FILE")]
    candidates: PathBuf,
    /// Where the labelled responses go; a stopped stage goes on.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// `rules`, `model:FILE` or `endpoint:URL`.
    #[arg(long, default_value = "rules")]
    judge: String,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Args)]
pub struct Pairs {
    /// What `configs` wrote.
    #[arg(long, value_name = "FILE")]
    configs: PathBuf,
    /// What `label` wrote.
    #[arg(long, value_name = "FILE")]
    labelled: PathBuf,
    /// Where the pairs go.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Error for each allowed risk.
    #[arg(long, default_value_t = 0.1)]
    alpha: f64,
    /// Error for each risk that is not allowed.
    #[arg(long, default_value_t = 3.0)]
    beta: f64,
    /// Error where the request is not addressed.
    #[arg(long, default_value_t = 1.0)]
    gamma: f64,
    /// How the model is shown configs: guideline, plain, or read as by those of `new`.
    #[arg(long, default_value = "guideline")]
    frame: String,
    /// Only pairs whose answers another config orders the other way.
    #[arg(long)]
    contrasts: bool,
}

#[derive(Args)]
pub struct Mistakes {
    /// JSON Lines of `messages`, as `synthesize` writes them.
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// A GGUF file or `endpoint:URL`.
    #[arg(long, value_name = "FILE|endpoint:URL")]
    model: String,
    #[command(flatten)]
    reach: Reach,
    /// Where the pairs go; a stopped stage goes on.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Tokens of an answer at most.
    #[arg(long, default_value_t = 256)]
    max_tokens: usize,
    /// 0 is greedy.
    #[arg(long, default_value_t = 0.0)]
    temperature: f64,
    /// Compare the answers behind right rationales too, but for refusals: for data in which each
    /// question has one answer, in one wording.
    #[arg(long)]
    strict: bool,
}

pub fn draw(stage: &Configs, common: &Common) -> Result<()> {
    let counts = Counts {
        superset: stage.varied,
        not_superset: stage.varied,
        ..Counts::default()
    };
    let prompts: Vec<PromptLine> = common.read(&stage.prompts)?;
    each_once("prompt", prompts.iter().map(|prompt| &*prompt.id))?;
    let lines = prompts
        .iter()
        .map(|prompt| configs(prompt, &common.taxonomy, counts, common.seed));
    let lines: Vec<Vec<ConfigLine>> = lines.collect::<Result<_>>()?;
    write(&stage.out, &lines.concat())
}

pub fn respond(stage: &Candidates, common: &Common) -> Result<()> {
    let options = GenerateOptions {
        max_tokens: stage.max_tokens,
        temperature: stage.temperature,
        seed: common.seed,
        ..GenerateOptions::default()
    };
    let out = &stage.out;
    let configs: Vec<ConfigLine> = common.read(&stage.configs)?;
    each_once("config", configs.iter().map(|config| &*config.id))?;
    let mut system = system_of(&stage.model, &stage.reach)?;
    let maker = maker(&*system, &options);
    let (mut done, mut file) = resume_of::<CandidateLine>(out, &maker)?;
    candidates::check(&configs, &done)?;
    let wanted = candidates::wanted(&configs, stage.draws, &done);
    let failed = candidates::ask(&mut *system, &wanted, &options, |line| {
        append(&mut file, out, &line)?;
        done.push(line);
        Ok(())
    })?;
    let kept = candidates::deduplicated(&done);
    eprintln!(
        "{} responses, {} of them said before, {failed} could not be had",
        done.len(),
        done.len() - kept.len()
    );
    some_came(wanted.len(), failed)
}

/// What makes answers, so that those of another are not taken for its own.
fn maker(system: &dyn System, options: &GenerateOptions) -> String {
    format!(
        "{} at temperature {}, seed {}, {} tokens at most",
        system.name(),
        options.temperature,
        options.seed,
        options.max_tokens
    )
}

/// That a stage had some of its answers, where it asked for any.
fn some_came(asked: usize, failed: usize) -> Result<()> {
    if asked > 0 && failed == asked {
        return Err(Error::WrongState {
            detail: format!("none of {asked} answers could be had; the stage is not done"),
        });
    }
    Ok(())
}

pub fn find_risks(stage: &Label, common: &Common) -> Result<()> {
    let out = &stage.out;
    let candidates: Vec<CandidateLine> = common.read(&stage.candidates)?;
    let candidates = candidates::deduplicated(&candidates);
    let mut judge = judge_of(&stage.judge, &stage.reach, &common.taxonomy)?;
    let risks = digest(format!("{:?}", common.taxonomy).as_bytes());
    let maker = format!("{} with the risks {risks}", judge.name());
    let (labelled, mut file) = resume_of::<LabelledLine>(out, &maker)?;
    let done: BTreeSet<_> = labelled
        .iter()
        .map(|line| (&line.prompt_id, &line.config_id, &line.response))
        .collect();
    let mut undecided = 0;
    for line in &candidates {
        if done.contains(&(&line.prompt_id, &line.config_id, &line.response)) {
            continue;
        }
        match label::label(&mut *judge, &common.taxonomy, line)? {
            None => undecided += 1,
            Some(labelled) => append(&mut file, out, &labelled)?,
        }
    }
    eprintln!(
        "{undecided} of {} responses are undecided and left out",
        candidates.len()
    );
    Ok(())
}

pub fn pair(stage: &Pairs, common: &Common) -> Result<()> {
    let options = PairOptions {
        alpha: stage.alpha,
        beta: stage.beta,
        gamma: stage.gamma,
        frame: Frame::parse(Some(&stage.frame))?,
        seed: common.seed,
    };
    let configs: Vec<ConfigLine> = common.read(&stage.configs)?;
    each_once("config", configs.iter().map(|config| &*config.id))?;
    let mut by_prompt: BTreeMap<String, Vec<LabelledLine>> = BTreeMap::new();
    for line in common.read::<LabelledLine>(&stage.labelled)? {
        by_prompt
            .entry(line.prompt_id.clone())
            .or_default()
            .push(line);
    }
    let mut found: Vec<PairLine> = Vec::new();
    for config in &configs {
        let own = by_prompt
            .get(&config.prompt_id)
            .map_or(&[][..], Vec::as_slice);
        found.extend(pairs(config, own, &common.taxonomy, options)?);
    }
    let kept: Vec<PairLine> = match stage.contrasts {
        false => found,
        true => contrasts(&found).into_iter().cloned().collect(),
    };
    write(&stage.out, &kept)
}

pub fn find_mistakes(stage: &Mistakes, common: &Common) -> Result<()> {
    let options = MistakeOptions {
        generate: GenerateOptions {
            max_tokens: stage.max_tokens,
            temperature: stage.temperature,
            seed: common.seed,
            ..GenerateOptions::default()
        },
        strict: stage.strict,
    };
    let out = &stage.out;
    let lines: Vec<TrainLine> = common.read(&stage.data)?;
    let questions: Vec<Question<'_>> = lines.iter().flat_map(questions).collect();
    let mut system = system_of(&stage.model, &stage.reach)?;
    let compared = ["", ", compared strictly"][usize::from(stage.strict)];
    let maker = maker(&*system, &options.generate) + compared;
    let (done, mut file) = resume_of::<PairLine>(out, &maker)?;
    let first = mistakes::next(&done, &questions)?;
    let bar = ProgressBar::new(questions.len() as u64).with_position(first as u64);
    let mut wrong = done.len();
    let keep = &mut |pair: Option<PairLine>| {
        bar.inc(1);
        let Some(pair) = pair else {
            return Ok(());
        };
        wrong += 1;
        append(&mut file, out, &pair)
    };
    let failed = mistakes::mistakes(&mut *system, &questions, first, &options, keep);
    bar.finish_and_clear();
    let failed = failed?;
    eprintln!(
        "{wrong} of {} answers are wrong, {failed} could not be had",
        questions.len()
    );
    some_came(questions.len() - first, failed)
}

/// One line more, written through to the system.
fn append<T: Serialize>(file: &mut File, path: &Path, line: &T) -> Result<()> {
    let written = file.write_all(json_lines(slice::from_ref(line))?.as_bytes());
    written.map_err(io(&path.display().to_string()))
}
