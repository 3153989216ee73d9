//! `cosa align all`: the stages of a recipe, one after the other.
//!
//! A stage of a recipe is the command of the same name: its keys are that command's options.
//! What was done is not done again, as long as options and files are the same.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::{Args, Parser};
use cosa::{Error, Result};
use serde::Deserialize;
use toml::{Table, Value};

use super::{Arguments, files_digest};
use crate::files::{MAKER, io, replace};

#[derive(Args)]
pub struct All {
    /// A TOML file of `[[stage]]` tables: `run` names the command, the other keys are its
    /// options. In texts, `{recipe}` is the recipe's folder and `{work}` that of `--work`.
    #[arg(value_name = "RECIPE")]
    recipe: PathBuf,
    /// The folder for all that is made.
    #[arg(long, value_name = "FOLDER")]
    work: PathBuf,
    /// Further names for texts: `--set corpora=FOLDER` stands for `{corpora}`.
    #[arg(long, value_name = "NAME=TEXT", value_parser = pair)]
    set: Vec<(String, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recipe {
    stage: Vec<Table>,
}

/// One command of its own.
#[derive(Parser)]
#[command(name = "align", no_binary_name = true)]
struct Line {
    #[command(flatten)]
    arguments: Arguments,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("needs NAME=TEXT")?;
    Ok((name.to_owned(), value.to_owned()))
}

pub fn run(all: &All) -> Result<()> {
    let name = all.recipe.display().to_string();
    let text = fs::read_to_string(&all.recipe).map_err(io(&name))?;
    let bad = |detail: String| Error::BadRecord {
        at: name.clone(),
        detail,
    };
    let recipe: Recipe = toml::from_str(&text).map_err(|error| bad(error.to_string()))?;
    fs::create_dir_all(&all.work).map_err(io(&all.work.display().to_string()))?;
    let folder = all.recipe.parent().unwrap_or(Path::new("."));
    let mut names = all.set.clone();
    names.push(("recipe".to_owned(), folder.display().to_string()));
    names.push(("work".to_owned(), all.work.display().to_string()));
    // All are read before the first runs: a slip in the last costs nothing.
    let mut lines = Vec::new();
    for (number, stage) in (1..).zip(&recipe.stage) {
        let words =
            words(stage, &names).map_err(|detail| bad(format!("stage {number}: {detail}")))?;
        let line = Line::try_parse_from(&words)
            .map_err(|error| bad(format!("stage {number}: {error}")))?;
        if matches!(line.arguments.stage, super::Stage::All(_)) {
            return Err(bad(format!(
                "stage {number}: a recipe cannot hold a recipe"
            )));
        }
        lines.push((words, line));
    }
    let count = lines.len();
    for (number, (words, line)) in (1..).zip(&lines) {
        eprintln!("== {number} of {count}: {}", words.join(" "));
        once(words, &line.arguments)?;
    }
    Ok(())
}

/// Runs a stage, unless its output is there and was made by the same stage of the same files.
fn once(words: &[String], arguments: &Arguments) -> Result<()> {
    // Elsewhere `--held-out` is an input, or a flag.
    let is_output = |word: &str| {
        ["--out", "--assigned"].contains(&word) || word == "--held-out" && words[0] == "corpus"
    };
    let is_made = |at: usize| at > 0 && is_output(&words[at - 1]);
    let (made, given): (Vec<_>, Vec<_>) = (0..words.len()).partition(|&at| is_made(at));
    let mut files = Vec::new();
    for at in given {
        add_files(Path::new(&words[at]), &mut files)?;
    }
    let key = format!("{}\n{}\n", words.join(" "), files_digest(&files)?);
    let Some(&out) = made.first() else {
        return super::run(arguments);
    };
    let note = PathBuf::from(format!("{}.stage", words[out]));
    let noted = fs::read_to_string(&note).unwrap_or_default();
    if noted == key && made.iter().all(|&at| Path::new(&words[at]).is_file()) {
        eprintln!("   done before");
        return Ok(());
    }
    if !noted.starts_with(&key) {
        // Some stages go on with what is there, which was made of other files or options.
        for &at in &made {
            let made = Path::new(&words[at]);
            let beside =
                ["checkpoint", "curve.jsonl", MAKER].map(|ending| made.with_extension(ending));
            beside
                .iter()
                .chain([&made.to_owned()])
                .try_for_each(|path| remove(path))?;
        }
    }
    replace(&note, &format!("{key}{BEGUN}"))?;
    super::run(arguments)?;
    replace(&note, &key)
}

/// The last line of the note on a stage that is not done.
const BEGUN: &str = "begun\n";

/// Removes a file that may not be there.
fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(io(&path.display().to_string())(error))
        }
        _ => Ok(()),
    }
}

/// The file at `path`, or all in the folder there; none for what is no path.
fn add_files(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
    }
    if path.is_dir() {
        let name = path.display().to_string();
        let failed = io(&name);
        let mut entries = Vec::new();
        for entry in fs::read_dir(path).map_err(&failed)? {
            entries.push(entry.map_err(&failed)?.path());
        }
        entries.sort();
        for entry in entries {
            add_files(&entry, files)?;
        }
    }
    Ok(())
}

/// The command line that a stage stands for.
fn words(stage: &Table, names: &[(String, String)]) -> Result<Vec<String>, String> {
    let run = stage.get("run").and_then(Value::as_str);
    let mut words = vec![run.ok_or("needs run = \"...\"")?.to_owned()];
    for (key, value) in stage.iter().filter(|(key, _)| *key != "run") {
        match value {
            Value::Boolean(false) => {}
            Value::Boolean(true) => words.push(format!("--{key}")),
            Value::Array(items) => {
                words.push(format!("--{key}"));
                for item in items {
                    words.push(word(item, names)?);
                }
            }
            value => words.extend([format!("--{key}"), word(value, names)?]),
        }
    }
    Ok(words)
}

fn word(value: &Value, names: &[(String, String)]) -> Result<String, String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Integer(number) => return Ok(number.to_string()),
        Value::Float(number) => return Ok(number.to_string()),
        other => {
            return Err(format!(
                "{other} is no text, number, truth or list of texts"
            ));
        }
    };
    let fill = |text: String, (name, value): &(String, String)| {
        text.replace(&format!("{{{name}}}"), value)
    };
    let filled = names.iter().fold(text, fill);
    match filled.split_once('{') {
        Some((_, rest)) => {
            let name = rest.split('}').next().unwrap_or(rest);
            Err(format!("{{{name}}} is not known; give --set {name}=..."))
        }
        None => Ok(filled),
    }
}
