//! Files as the subcommands use them: models with progress, JSON Lines that survive a kill.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::path::Path;

use cosa::backend::Backend;
use cosa::backend::cpu::{Cpu, KvType, pool::Pool};
use cosa::eval::line::to_json;
use cosa::gguf::shard_paths;
use cosa::guard::{ChatLoadOptions, ChatLoader, ChatModel};
use cosa::{Error, Result};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Bytes read from a model file at a time.
const CHUNK: usize = 1 << 20;

/// The fast kernels on so many threads; by default, one for each processor.
pub fn cpu(threads: Option<usize>) -> Cpu {
    let all = || std::thread::available_parallelism().map_or(1, usize::from);
    let threads = threads.unwrap_or_else(all);
    Cpu::with(Pool::with_threads(threads), KvType::Int8)
}

/// The model of a file, or of a file and the shards beside it.
pub fn load<B: Backend>(backend: B, model: &Path) -> Result<ChatModel<B>> {
    load_with(backend, model, ChatLoadOptions::default())
}

/// As [`load`], with demands.
pub fn load_with<B: Backend>(
    backend: B,
    model: &Path,
    options: ChatLoadOptions,
) -> Result<ChatModel<B>> {
    let mut loader = ChatLoader::new(backend, options)?;
    for path in shard_paths(model)? {
        let name = path.display().to_string();
        let mut file = File::open(&path).map_err(io(&name))?;
        let total = file.metadata().map_err(io(&name))?.len();
        let bar = ProgressBar::new(total).with_style(bar_style());
        loader.begin_file(Some(total))?;
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = file.read(&mut chunk).map_err(io(&name))?;
            if read == 0 {
                break;
            }
            loader.push(chunk[..read].to_vec())?;
            bar.inc(read as u64);
        }
        loader.end_file()?;
        bar.finish_and_clear();
    }
    loader.finish()
}

fn bar_style() -> ProgressStyle {
    ProgressStyle::with_template("loading {wide_bar} {bytes}/{total_bytes}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// An error of the system, with the file it is about.
pub fn io(path: &str) -> impl Fn(std::io::Error) -> Error {
    let path = path.to_owned();
    move |error| Error::Io {
        path: path.clone(),
        detail: error.to_string(),
    }
}

/// Writes a file beside the old one and puts it in its place when it is whole.
pub fn replace(path: &Path, text: &str) -> Result<()> {
    replace_bytes(path, text.as_bytes())
}

/// As [`replace`].
pub fn replace_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    let name = path.display().to_string();
    let fresh = path.with_extension("new");
    let write = || {
        let mut file = File::create(&fresh)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&fresh, path)
    };
    write().map_err(io(&name))
}

/// The longest line of a JSON Lines file, in bytes. Longer ones are files of another kind.
const MAX_LINE: u64 = 16 << 20;

/// What becomes of lines that do not parse.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum BadLines {
    /// The first is an error.
    Fail,
    /// Each is told and left out.
    Skip,
    /// As `Fail`, but for the last without its newline: a run was stopped while it wrote it.
    MayBeCut,
}

/// The lines of a JSON Lines file; blank ones are left out.
pub fn read_lines<T: DeserializeOwned>(
    name: &str,
    mut reader: impl BufRead,
    bad: BadLines,
) -> Result<Vec<T>> {
    let (mut lines, mut bytes, mut number) = (Vec::new(), Vec::new(), 0);
    while reader
        .by_ref()
        .take(MAX_LINE)
        .read_until(b'\n', &mut bytes)
        .map_err(io(name))?
        > 0
    {
        number += 1;
        let whole = bytes.ends_with(b"\n");
        let parsed = match whole || (bytes.len() as u64) < MAX_LINE {
            true => serde_json::from_slice(&bytes).map_err(|error| error.to_string()),
            false => {
                reader.skip_until(b'\n').map_err(io(name))?;
                Err(format!("longer than {MAX_LINE} bytes"))
            }
        };
        match parsed {
            Ok(line) => lines.push(line),
            Err(_) if bytes.trim_ascii().is_empty() => {}
            Err(_) if bad == BadLines::MayBeCut && !whole => {}
            Err(detail) if bad == BadLines::Skip => {
                eprintln!("left out: {name} line {number}: {detail}");
            }
            Err(detail) => {
                let at = format!("{name} line {number}");
                return Err(Error::BadRecord { at, detail });
            }
        }
        bytes.clear();
    }
    Ok(lines)
}

/// What an earlier run wrote to a file, and the file, to go on behind its last whole line.
pub fn resume<T: Serialize + DeserializeOwned>(path: &Path) -> Result<(Vec<T>, File)> {
    let name = path.display().to_string();
    let lines = match path.exists() {
        true => read_lines(&name, open(path)?, BadLines::MayBeCut)?,
        false => Vec::new(),
    };
    replace(path, &json_lines(&lines)?)?;
    let file = OpenOptions::new().append(true).open(path);
    Ok((lines, file.map_err(io(&name))?))
}

/// As [`resume`], where `maker` tells what makes the lines: it is noted beside the file, and what another
/// one made is no beginning.
pub fn resume_of<T: Serialize + DeserializeOwned>(
    path: &Path,
    maker: &str,
) -> Result<(Vec<T>, File)> {
    let note = path.with_extension(MAKER);
    let (lines, file) = resume(path)?;
    let noted = match note.exists() && !lines.is_empty() {
        true => fs::read_to_string(&note).map_err(io(&note.display().to_string()))?,
        false => maker.to_owned(),
    };
    if noted != maker {
        let file = path.display();
        return Err(Error::WrongState {
            detail: format!(
                "{file} was made by {noted}, not by {maker}; give another --out, or move it away"
            ),
        });
    }
    replace(&note, maker)?;
    Ok((lines, file))
}

/// The ending of the note on what makes a file.
pub const MAKER: &str = "made-by";

/// A file to be read.
pub fn open(path: &Path) -> Result<BufReader<File>> {
    let file = File::open(path).map_err(io(&path.display().to_string()))?;
    Ok(BufReader::new(file))
}

/// The text of a JSON Lines file.
pub fn json_lines<T: Serialize>(lines: &[T]) -> Result<String> {
    let each = lines.iter().map(|line| Ok(to_json(line)? + "\n"));
    each.collect()
}
