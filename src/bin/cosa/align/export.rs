//! `cosa align export`: a trained model as a file to be shipped.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use cosa::Result;
use cosa::align::export::{Scheme, export};
use cosa::align::synthesize::content::Content;
use cosa::gguf::Value;
use cosa::guard::EXCHANGES_KEY;
use cosa::safety::{Frame, KnownTopic};

use crate::files::{io, replace_bytes};

#[derive(Args)]
pub struct Export {
    /// The trained model, a GGUF file or a folder as the Transformers library saves it.
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// f16, q8_0, q4_0 or q4_k_m.
    #[arg(long, default_value = "q8_0")]
    scheme: Scheme,
    /// `general.license` of the file.
    #[arg(long, value_name = "TEXT")]
    license: Option<String>,
    /// How configs are shown to it: guideline, plain or read; as its file says where not given.
    #[arg(long, value_name = "FRAME")]
    safety_frame: Option<String>,
    /// Exchanges before a message that it learned to answer behind: in a longer conversation it
    /// is shown the last ones alone. As its file says where not given.
    #[arg(long)]
    exchanges: Option<u32>,
    /// The folder of written pieces that it learned from, whose topics the file will name.
    #[arg(long, value_name = "FOLDER")]
    topics: Option<PathBuf>,
    /// Who must be named, as a text file: `cosa.attributions` of the model.
    #[arg(long, value_name = "FILE")]
    attributions: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub fn run(stage: &Export) -> Result<()> {
    let attributions = match &stage.attributions {
        Some(path) => fs::read_to_string(path).map_err(io(&path.display().to_string()))?,
        None => String::new(),
    };
    let license = stage.license.as_deref().unwrap_or_default();
    let frame = stage.safety_frame.as_deref();
    let frame = frame.map(|name| Frame::parse(Some(name))).transpose()?;
    let text = |text: &str| (!text.is_empty()).then(|| Value::String(text.to_owned()));
    let exchanges = stage.exchanges.map(|most| Value::Uint(most.into()));
    let topics = stage.topics.as_deref().map(topics).transpose()?;
    let about = [
        (Frame::KEY, text(frame.map_or("", Frame::name))),
        (EXCHANGES_KEY, exchanges),
        (KnownTopic::KEY, topics),
        ("general.license", text(license)),
        ("cosa.attributions", text(attributions.trim())),
    ];
    let about = about.into_iter();
    let about: Vec<_> = about
        .filter_map(|(key, value)| Some((key, value?)))
        .collect();
    let bytes = export(&stage.model, stage.scheme, &about)?;
    replace_bytes(&stage.out, &bytes)?;
    eprintln!("{} bytes in {}", bytes.len(), stage.out.display());
    Ok(())
}

fn topics(folder: &Path) -> Result<Value> {
    let topics = Content::read(folder)?.topics.into_iter();
    let known = topics.map(|topic| KnownTopic {
        name: topic.name,
        parts: topic.scopes.into_iter().map(|scope| scope.name).collect(),
    });
    let texts: Vec<String> = known.map(|it| it.to_string()).collect();
    // What no loader would take is not written.
    KnownTopic::parse_all(&texts)?;
    Ok(Value::Strings(texts))
}
