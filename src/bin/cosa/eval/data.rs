//! The data set that the command line names.

use std::path::{Path, PathBuf};

use cosa::eval::records;
use cosa::eval::tasks::{self, BUILTIN, Data, ReadOptions, Specifications};
use cosa::safety::{SafetyConfig, Taxonomy};
use cosa::{Error, Result};

use super::Arguments;
use crate::files::io;

/// The benchmark's files.
const FILES: [(&str, &str); 6] = [
    (
        "bank-desk.json",
        include_str!("../../../../pkg/benchmark/bank-desk.json"),
    ),
    (
        "game-studio.json",
        include_str!("../../../../pkg/benchmark/game-studio.json"),
    ),
    (
        "history-museum.json",
        include_str!("../../../../pkg/benchmark/history-museum.json"),
    ),
    (
        "newsroom.json",
        include_str!("../../../../pkg/benchmark/newsroom.json"),
    ),
    (
        "pharmacy-desk.json",
        include_str!("../../../../pkg/benchmark/pharmacy-desk.json"),
    ),
    (
        "wine-bar.json",
        include_str!("../../../../pkg/benchmark/wine-bar.json"),
    ),
];

const LABELS: &str = include_str!("../../../../pkg/benchmark/labelled_responses.jsonl");

const EVERYDAY: &str = include_str!("../../../../pkg/benchmark/everyday_taxonomy.json");

/// Reads the data set.
pub fn read(arguments: &Arguments) -> Result<Data> {
    if arguments.task == BUILTIN {
        return tasks::builtin(&FILES, LABELS, arguments.limit).map(Data::Responses);
    }
    let path = Path::new(&arguments.task);
    let options = ReadOptions {
        name: name(path),
        limit: arguments.limit,
        seed: arguments.seed,
        config: config(arguments)?,
        specifications: specifications(arguments, path)?,
        taxonomy: taxonomy(arguments)?,
    };
    tasks::read(records::open(path)?, &options)
}

/// The config for data sets that have none.
pub fn config(arguments: &Arguments) -> Result<Option<SafetyConfig>> {
    let Some(path) = &arguments.config else {
        return Ok(None);
    };
    SafetyConfig::new(None, &text(path)?).map(Some)
}

/// The risk categories.
pub fn taxonomy(arguments: &Arguments) -> Result<Taxonomy> {
    taxonomy_of(arguments.taxonomy.as_deref())
}

/// The categories of a file; without one, the everyday ones.
pub fn taxonomy_of(path: Option<&Path>) -> Result<Taxonomy> {
    match path {
        None => Taxonomy::parse("everyday_taxonomy.json", EVERYDAY),
        Some(path) => Taxonomy::parse(&name(path), &text(path)?),
    }
}

/// Those of the command line, else those beside the data set.
fn specifications(arguments: &Arguments, task: &Path) -> Result<Option<Specifications>> {
    let beside = task.with_file_name("specbench_specifications.json");
    let path: Option<PathBuf> = match &arguments.specifications {
        Some(path) => Some(path.clone()),
        None => beside.is_file().then_some(beside),
    };
    let parse = |path: &PathBuf| Specifications::parse(&name(path), &text(path)?);
    path.as_ref().map(parse).transpose()
}

fn text(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).map_err(io(&path.display().to_string()))?;
    String::from_utf8(bytes).map_err(|_| Error::BadRecord {
        at: name(path),
        detail: "is not UTF-8; save it as UTF-8".to_owned(),
    })
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}
