//! `cosa align corpus`, `new`, `widen`, `deepen` and `average`: what training begins with.

use std::path::{Path, PathBuf};

use clap::Args;
use cosa::Result;
use cosa::align::average::average as between;
use cosa::align::base::{Shape, base};
use cosa::align::corpora::{is_harmless, shuffle, size, train_line};
use cosa::align::deepen::deepen as deeper;
use cosa::align::records::TrainLine;
use cosa::align::widen::widen as wider;
use cosa::eval::records;

use super::{Common, files_digest, write};
use crate::files::replace_bytes;

#[derive(Args)]
pub struct Corpus {
    /// Files of `text`, `messages`, `question` and `answer`, or `term` and `definition`.
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    source: Vec<PathBuf>,
    /// Bytes to be taken of each file at most, in a random choice of records.
    #[arg(long, default_value_t = usize::MAX)]
    bytes: usize,
    /// Records of each file that go to `--held-out`, before any are taken.
    #[arg(long, default_value_t = 20)]
    kept_back: usize,
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Where records go that are not to be learned.
    #[arg(long, value_name = "FILE")]
    held_out: PathBuf,
}

#[derive(Args)]
pub struct New {
    /// JSON Lines whose words the vocabulary is made for, as `sft` reads them.
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    data: Vec<PathBuf>,
    /// The model file.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Its name.
    #[arg(long, default_value = "cosa")]
    name: String,
    #[arg(long, default_value_t = 2048)]
    vocabulary: usize,
    /// Width of the residual stream.
    #[arg(long, default_value_t = 192)]
    width: usize,
    #[arg(long, default_value_t = 6)]
    blocks: usize,
    #[arg(long, default_value_t = 6)]
    heads: usize,
    #[arg(long, default_value_t = 6)]
    kv_heads: usize,
    #[arg(long, default_value_t = 512)]
    feed_forward: usize,
    /// Context in tokens.
    #[arg(long, default_value_t = 1024)]
    context: usize,
}

#[derive(Args)]
pub struct Widen {
    /// The model, a GGUF file or a folder as the Transformers library saves it.
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// The new width of its feed-forward layers.
    #[arg(long)]
    feed_forward: usize,
    /// The wider model, of 32-bit floats.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Args)]
pub struct Deepen {
    /// The model, a GGUF file or a folder as the Transformers library saves it.
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// How many blocks it has then, at most twice as many as before.
    #[arg(long)]
    blocks: usize,
    /// The deeper model, of 32-bit floats.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Args)]
pub struct Average {
    /// A model, a GGUF file or a folder as the Transformers library saves it.
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// Another one of the same shape, trained on from it, say.
    #[arg(long, value_name = "FILE")]
    with: PathBuf,
    /// The other one's part in every weight, from 0 to 1.
    #[arg(long, default_value_t = 0.5)]
    share: f64,
    /// The model between them, of 32-bit floats.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub fn corpus(stage: &Corpus, common: &Common) -> Result<()> {
    let (mut lines, mut held_out) = (Vec::new(), Vec::new());
    for path in &stage.source {
        let mut own = Vec::new();
        for record in records::open(path)? {
            let line = train_line(&record?)?;
            if is_harmless(&line, &common.taxonomy) {
                own.push(line);
            }
        }
        shuffle(&mut own, common.seed);
        let mut left = stage.bytes;
        for (at, line) in own.into_iter().enumerate() {
            match left.checked_sub(size(&line)) {
                _ if at < stage.kept_back => held_out.push(line),
                Some(rest) => {
                    left = rest;
                    lines.push(line);
                }
                None => break,
            }
        }
    }
    shuffle(&mut lines, common.seed);
    write(&stage.held_out, &held_out)?;
    write(&stage.out, &lines)
}

pub fn new(stage: &New, common: &Common) -> Result<()> {
    let lines = common.read_all::<TrainLine>(&stage.data)?;
    let texts: Vec<&str> = lines.iter().flat_map(TrainLine::texts).collect();
    let shape = Shape {
        vocabulary: stage.vocabulary,
        width: stage.width,
        blocks: stage.blocks,
        heads: stage.heads,
        kv_heads: stage.kv_heads,
        feed_forward: stage.feed_forward,
        context: stage.context,
    };
    let bytes = base(&shape, &stage.name, &texts, common.seed)?;
    write_model(&stage.out, &bytes)
}

pub fn widen(stage: &Widen, common: &Common) -> Result<()> {
    let bytes = wider(&stage.model, stage.feed_forward, common.seed)?;
    write_model(&stage.out, &bytes)
}

pub fn deepen(stage: &Deepen) -> Result<()> {
    let bytes = deeper(&stage.model, stage.blocks)?;
    write_model(&stage.out, &bytes)
}

pub fn average(stage: &Average) -> Result<()> {
    let Average {
        model, with, share, ..
    } = stage;
    let hashes = files_digest(&[model.clone(), with.clone()])?;
    let bytes = between(
        model,
        with,
        *share,
        &format!("average {hashes} share {share}"),
    )?;
    write_model(&stage.out, &bytes)
}

fn write_model(path: &Path, bytes: &[u8]) -> Result<()> {
    replace_bytes(path, bytes)?;
    eprintln!("a model of {} bytes in {}", bytes.len(), path.display());
    Ok(())
}
