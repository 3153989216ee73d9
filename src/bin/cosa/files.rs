//! Reading model files, with progress.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;

use cosa::backend::Backend;
use cosa::gguf::shard_paths;
use cosa::guard::{ChatLoadOptions, ChatLoader, ChatModel};
use cosa::{Error, Result};
use indicatif::{ProgressBar, ProgressStyle};

/// Bytes read from a model file at a time.
const CHUNK: usize = 1 << 20;

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
    let name = path.display().to_string();
    let fresh = path.with_extension("new");
    let write = || {
        let mut file = File::create(&fresh)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&fresh, path)
    };
    write().map_err(io(&name))
}
