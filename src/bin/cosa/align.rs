//! `cosa align`: the stages that make preference data for controllable safety alignment.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use cosa::align::configs::{Counts, configs};
use cosa::align::pairs::{PairOptions, contrasts, pairs};
use cosa::align::records::{
    CandidateLine, ConfigLine, LabelledLine, PairLine, PromptLine, parse, to_json,
};
use cosa::align::{candidates, label};
use cosa::generate::GenerateOptions;
use cosa::safety::{Frame, Taxonomy};
use cosa::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::eval::{Reach, judge_of, system_of, taxonomy_of};
use crate::files::io;

/// What `cosa align` is asked to do.
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    stage: Stage,
    /// The risk categories; by default, the twelve everyday ones.
    #[arg(long, value_name = "FILE", global = true)]
    taxonomy: Option<PathBuf>,
    /// Same seed, same output.
    #[arg(long, default_value_t = 0, global = true)]
    seed: u64,
}

#[derive(Subcommand)]
enum Stage {
    /// Draw safety configs for prompts whose risks are known.
    Configs(Configs),
    /// Ask a system for responses, without a config and under configs.
    Candidates(Candidates),
    /// Find the risks in each response, and whether it addresses its prompt.
    Label(Label),
    /// Pair better responses with worse ones, in TRL's preference format.
    Pairs(Pairs),
}

#[derive(Args)]
struct Configs {
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
struct Candidates {
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
}

#[derive(Args)]
struct Label {
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
struct Pairs {
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
    /// How configs are shown: guideline or plain.
    #[arg(long, default_value = "guideline")]
    frame: String,
    /// Only pairs whose answers another config orders the other way.
    #[arg(long)]
    contrasts: bool,
}

/// Runs one stage.
pub fn run(arguments: &Arguments) -> Result<()> {
    let taxonomy = taxonomy_of(arguments.taxonomy.as_deref())?;
    let seed = arguments.seed;
    match &arguments.stage {
        Stage::Configs(stage) => draw(stage, &taxonomy, seed),
        Stage::Candidates(stage) => respond(stage, seed),
        Stage::Label(stage) => find_risks(stage, &taxonomy),
        Stage::Pairs(stage) => pair(stage, seed),
    }
}

fn draw(stage: &Configs, taxonomy: &Taxonomy, seed: u64) -> Result<()> {
    let counts = Counts {
        superset: stage.varied,
        not_superset: stage.varied,
        ..Counts::default()
    };
    let prompts: Vec<PromptLine> = read(&stage.prompts)?;
    let lines = prompts
        .iter()
        .map(|prompt| configs(prompt, taxonomy, counts, seed));
    let lines: Vec<Vec<ConfigLine>> = lines.collect::<Result<_>>()?;
    write(&stage.out, &lines.concat())
}

fn respond(stage: &Candidates, seed: u64) -> Result<()> {
    let options = GenerateOptions {
        max_tokens: stage.max_tokens,
        temperature: stage.temperature,
        seed,
        ..GenerateOptions::default()
    };
    let out = &stage.out;
    let configs: Vec<ConfigLine> = read(&stage.configs)?;
    let mut done: Vec<CandidateLine> = resume(out)?;
    let wanted = candidates::wanted(&configs, &done);
    let mut system = system_of(&stage.model, &stage.reach)?;
    let mut file = append(out)?;
    let failed = candidates::ask(&mut *system, &wanted, &options, |line| {
        writeln!(file, "{}", to_json(&line)?).map_err(io(&out.display().to_string()))?;
        done.push(line);
        Ok(())
    })?;
    let kept = candidates::deduplicated(&done);
    eprintln!(
        "{} responses, {} of them said before, {failed} could not be had",
        done.len(),
        done.len() - kept.len()
    );
    Ok(())
}

fn find_risks(stage: &Label, taxonomy: &Taxonomy) -> Result<()> {
    let out = &stage.out;
    let candidates: Vec<CandidateLine> = read(&stage.candidates)?;
    let candidates = candidates::deduplicated(&candidates);
    let done: Vec<LabelledLine> = resume(out)?;
    let mut judge = judge_of(&stage.judge, &stage.reach, taxonomy)?;
    let mut file = append(out)?;
    let mut undecided = 0;
    let is_done = |line: &&CandidateLine| {
        let same = |other: &LabelledLine| {
            other.prompt_id == line.prompt_id && other.response == line.response
        };
        !done.iter().any(same)
    };
    for line in candidates.iter().filter(is_done) {
        match label::label(&mut *judge, taxonomy, line)? {
            None => undecided += 1,
            Some(labelled) => {
                let written = writeln!(file, "{}", to_json(&labelled)?);
                written.map_err(io(&out.display().to_string()))?;
            }
        }
    }
    eprintln!(
        "{undecided} of {} responses are undecided and left out",
        candidates.len()
    );
    Ok(())
}

fn pair(stage: &Pairs, seed: u64) -> Result<()> {
    let options = PairOptions {
        alpha: stage.alpha,
        beta: stage.beta,
        gamma: stage.gamma,
        frame: Frame::parse(Some(&stage.frame))?,
        seed,
    };
    let configs: Vec<ConfigLine> = read(&stage.configs)?;
    let labelled: Vec<LabelledLine> = read(&stage.labelled)?;
    let found = configs
        .iter()
        .map(|config| pairs(config, &labelled, options));
    let found: Vec<Vec<PairLine>> = found.collect::<Result<_>>()?;
    let found = found.concat();
    let kept: Vec<PairLine> = match stage.contrasts {
        false => found,
        true => contrasts(&found).into_iter().cloned().collect(),
    };
    write(&stage.out, &kept)
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let name = path.display().to_string();
    parse(&name, &std::fs::read_to_string(path).map_err(io(&name))?)
}

/// What an earlier run wrote, without a line that a kill cut off.
fn resume<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(io(&name))?;
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    if whole.len() < text.len() {
        crate::files::replace(path, whole)?;
    }
    parse(&name, whole)
}

fn append(path: &Path) -> Result<std::fs::File> {
    let opened = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path);
    opened.map_err(io(&path.display().to_string()))
}

fn write<T: Serialize>(path: &Path, lines: &[T]) -> Result<()> {
    let text: Result<Vec<String>, Error> = lines.iter().map(to_json).collect();
    let text: String = text?.into_iter().map(|line| line + "\n").collect();
    crate::files::replace(path, &text)?;
    eprintln!("{} lines in {}", lines.len(), path.display());
    Ok(())
}
