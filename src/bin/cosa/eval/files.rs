//! The directory of a run: what was written survives a kill, and a half-written file is never seen.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use cosa::eval::line::Line;
use cosa::eval::report::About;
use cosa::eval::sample::Task;
use cosa::eval::systems::Address;
use cosa::guard::hex;
use cosa::safety::Taxonomy;
use cosa::{Error, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::files::{io, json_lines, replace, resume};

const RESPONSES: &str = "responses.jsonl";
const RAN: &str = "run.json";

/// What a run depends on, so that another one does not go on in its directory.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Ran {
    task: String,
    prompts: usize,
    system: String,
    judge: String,
    /// Over everything that is asked, the risk categories, and the program's version.
    content: String,
    limit: Option<usize>,
    seed: u64,
    max_tokens: usize,
    context_length: Option<usize>,
}

impl Ran {
    /// Of a run that is about to begin. Set-ups are no part of it: more may be added later.
    pub fn new(about: &About, judge: &str, task: &Task, taxonomy: &Taxonomy) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        Self {
            task: about.task.clone(),
            prompts: task
                .scenarios
                .iter()
                .map(|scenario| scenario.samples.len())
                .sum(),
            system: about.system.clone(),
            judge: judge.to_owned(),
            content: digest(format!("{version} {task:?} {taxonomy:?}").as_bytes()),
            limit: about.limit,
            seed: about.seed,
            max_tokens: about.max_tokens,
            context_length: about.context_length,
        }
    }
}

/// The directory of one run.
pub struct Directory {
    path: PathBuf,
    responses: File,
    lines: Vec<Line>,
}

impl Directory {
    /// Opens it, with the lines that an earlier run of the same kind left.
    ///
    /// # Errors
    /// `WrongState` where it holds another run; `Io`; `BadRecord` for a damaged line, the last
    /// one apart, which a kill may have cut.
    pub fn open(path: &Path, ran: &Ran) -> Result<Self> {
        create(path)?;
        let responses = path.join(RESPONSES);
        admit(path, &responses, ran)?;
        let (lines, responses) = resume(&responses)?;
        Ok(Self {
            path: path.to_owned(),
            responses,
            lines,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All lines so far.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Writes lines through to the system.
    pub fn append(&mut self, lines: &[Line]) -> Result<()> {
        let path = self.path.join(RESPONSES).display().to_string();
        let written = self.responses.write_all(json_lines(lines)?.as_bytes());
        written.map_err(io(&path))?;
        self.lines.extend_from_slice(lines);
        Ok(())
    }

    /// Sorts the file by set-up, config and prompt, so that the same run gives the same bytes
    /// however often it was stopped. Of two lines for one response, the later stays.
    pub fn finish(&mut self, task: &Task, setups: &[String]) -> Result<Vec<Line>> {
        let places = task.scenarios.iter().flat_map(|scenario| {
            scenario
                .samples
                .iter()
                .map(|sample| (scenario.id.clone(), sample.id.clone()))
        });
        let mut order = BTreeMap::new();
        for (prompt, place) in places.enumerate() {
            order.insert(place, prompt);
        }
        let rank = |line: &Line| {
            let setup = setups.iter().position(|name| *name == line.setup);
            let place = order.get(&(line.config_id.clone(), line.prompt_id.clone()));
            (
                setup.unwrap_or(usize::MAX),
                line.setup.clone(),
                place.copied(),
            )
        };
        let latest: BTreeMap<Address, Line> = self
            .lines
            .iter()
            .map(|line| (line.address(), line.clone()))
            .collect();
        let mut lines: Vec<Line> = latest.into_values().collect();
        lines.sort_by_key(rank);
        replace(&self.path.join(RESPONSES), &json_lines(&lines)?)?;
        Ok(lines)
    }

    /// Writes one of the reports.
    pub fn write(&self, name: &str, text: &str) -> Result<()> {
        replace(&self.path.join(name), text)
    }
}

/// Makes a directory and those above it.
fn create(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(io(&path.display().to_string()))
}

/// The directory for what is measured without responses; it must not hold a run.
pub fn create_for_tables(path: &Path) -> Result<()> {
    create(path)?;
    if path.join(RAN).exists() {
        let detail = format!("{} holds a run; give another --out", path.display());
        return Err(Error::WrongState { detail });
    }
    Ok(())
}

/// Refuses a directory that holds another run; marks one that holds none.
fn admit(path: &Path, responses: &Path, ran: &Ran) -> Result<()> {
    let file = path.join(RAN);
    if !file.exists() && responses.exists() {
        return Err(Error::WrongState {
            detail: format!(
                "{} is there without its {RAN}, so nobody knows what it belongs to; give \
                 another --out, or remove it",
                responses.display()
            ),
        });
    }
    if file.exists() {
        let text = fs::read_to_string(&file).map_err(io(&file.display().to_string()))?;
        let before: Option<Ran> = serde_json::from_str(&text).ok();
        if before.as_ref() != Some(ran) {
            return Err(Error::WrongState {
                detail: format!(
                    "{} holds a run with other data, model, judge or options (see {RAN}); \
                     give another --out, or remove it",
                    path.display()
                ),
            });
        }
    } else {
        replace(&file, &super::json(ran)?)?;
    }
    Ok(())
}

/// SHA-256 in hex.
pub fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}
