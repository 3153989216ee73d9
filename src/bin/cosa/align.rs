//! `cosa align`: from text to a model that follows safety configs, stage by stage.

mod base;
mod curves;
mod export;
mod preferences;
mod recipe;
mod synthesize;
mod taxonomy;
mod train;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use cosa::safety::Taxonomy;
use cosa::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use crate::eval::taxonomy_of;
use crate::files::{BadLines, io, json_lines, open, read_lines, replace};

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
    /// Tell lines of JSON Lines files that cannot be read, and go on without them.
    #[arg(long, global = true)]
    skip_bad_lines: bool,
}

#[derive(Subcommand)]
enum Stage {
    /// Find risk categories in prompts: a draft, to be edited.
    Taxonomy(taxonomy::Taxonomy),
    /// Draw safety configs for prompts whose risks are known.
    Configs(preferences::Configs),
    /// Ask a system for responses, without a config and under configs.
    Candidates(preferences::Candidates),
    /// Find the risks in each response, and whether it addresses its prompt.
    Label(preferences::Label),
    /// Pair better responses with worse ones, in TRL's preference format.
    Pairs(preferences::Pairs),
    /// Let a model answer conversations whose right answers are known, and pair what it gets
    /// wrong with what is right.
    Mistakes(preferences::Mistakes),
    /// Take lines to train on from corpora.
    Corpus(base::Corpus),
    /// Put conversations under configs together from written pieces.
    Synthesize(synthesize::Synthesize),
    /// Make a model from nothing: a vocabulary for some texts, weights drawn at random.
    New(base::New),
    /// Give a model wider feed-forward layers: it says what it said, and can learn more.
    Widen(base::Widen),
    /// Give a model more blocks: it says what it said, and can learn more.
    Deepen(base::Deepen),
    /// Put a model between two that came of each other: it often errs less than either.
    Average(base::Average),
    /// Train a model on conversations and texts.
    Sft(train::Sft),
    /// Train a model to prefer the chosen answers of pairs to the rejected ones.
    Dpo(train::Dpo),
    /// Write a trained model with fewer bits a weight.
    Export(export::Export),
    /// Run the stages of a recipe.
    All(recipe::All),
}

/// What every stage is told.
struct Common {
    taxonomy: Taxonomy,
    seed: u64,
    bad_lines: BadLines,
}

/// Runs one stage.
pub fn run(arguments: &Arguments) -> Result<()> {
    let common = Common {
        taxonomy: taxonomy_of(arguments.taxonomy.as_deref())?,
        seed: arguments.seed,
        bad_lines: match arguments.skip_bad_lines {
            true => BadLines::Skip,
            false => BadLines::Fail,
        },
    };
    match &arguments.stage {
        Stage::Taxonomy(stage) => taxonomy::run(stage, &common),
        Stage::Configs(stage) => preferences::draw(stage, &common),
        Stage::Candidates(stage) => preferences::respond(stage, &common),
        Stage::Label(stage) => preferences::find_risks(stage, &common),
        Stage::Pairs(stage) => preferences::pair(stage, &common),
        Stage::Mistakes(stage) => preferences::find_mistakes(stage, &common),
        Stage::Corpus(stage) => base::corpus(stage, &common),
        Stage::Synthesize(stage) => synthesize::run(stage, &common),
        Stage::New(stage) => base::new(stage, &common),
        Stage::Widen(stage) => base::widen(stage, &common),
        Stage::Deepen(stage) => base::deepen(stage),
        Stage::Average(stage) => base::average(stage),
        Stage::Sft(stage) => train::sft(stage, &common),
        Stage::Dpo(stage) => train::dpo(stage, &common),
        Stage::Export(stage) => export::run(stage),
        Stage::All(stage) => recipe::run(stage),
    }
}

impl Common {
    /// The lines of one file.
    fn read<T: DeserializeOwned>(&self, path: &Path) -> Result<Vec<T>> {
        read_lines(&path.display().to_string(), open(path)?, self.bad_lines)
    }

    /// The lines of all files.
    fn read_all<T: DeserializeOwned>(&self, paths: &[PathBuf]) -> Result<Vec<T>> {
        let mut all = Vec::new();
        for path in paths {
            all.extend(self.read(path)?);
        }
        Ok(all)
    }
}

/// That no id is there twice: later stages join by it.
fn each_once<'i>(what: &str, ids: impl IntoIterator<Item = &'i str>) -> Result<()> {
    let mut seen = BTreeSet::new();
    match ids.into_iter().find(|&id| !seen.insert(id)) {
        None => Ok(()),
        Some(id) => Err(Error::BadRecord {
            at: format!("{what} {id:?}"),
            detail: "the id is there twice; give each its own".to_owned(),
        }),
    }
}

fn write<T: Serialize>(path: &Path, lines: &[T]) -> Result<()> {
    replace(path, &json_lines(lines)?)?;
    eprintln!("{} lines in {}", lines.len(), path.display());
    Ok(())
}

/// Names and digests of files, and of those in folders, for telling whether two runs had the
/// same.
fn files_digest(paths: &[PathBuf]) -> Result<String> {
    let mut files = Vec::new();
    for path in paths.iter().filter(|path| path.is_dir()) {
        let entries = fs::read_dir(path).map_err(io(&path.display().to_string()))?;
        let own = entries.flatten().map(|entry| entry.path());
        files.extend(own.filter(|path| path.is_file()));
    }
    files.sort();
    files.extend(paths.iter().filter(|path| !path.is_dir()).cloned());
    let mut all = Vec::new();
    for path in files {
        let bytes = fs::read(&path).map_err(io(&path.display().to_string()))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let digest = Sha256::digest(&bytes);
        let hex: String = digest[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        all.push(format!("{name}:{hex}"));
    }
    Ok(all.join(" "))
}
