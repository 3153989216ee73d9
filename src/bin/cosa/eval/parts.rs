//! The systems and judges that the command line names.

use std::path::Path;
use std::time::{Duration, Instant};

use clap::Args;
use cosa::eval::endpoint::{Endpoint, EndpointOptions};
use cosa::eval::judges::{Judge, ModelJudge, RecordedJudge, RuleBased};
use cosa::eval::line::Line;
use cosa::eval::systems::{Local, Recorded, Remote, System};
use cosa::guard::ChatLoadOptions;
use cosa::model::loader::LoadOptions;
use cosa::safety::Taxonomy;
use cosa::{Error, Result};

use super::files;
use crate::files::{BadLines, cpu, io, load_with, read_lines};

/// How local models are run and endpoints are reached.
#[derive(Args)]
pub struct Reach {
    /// Tokens of prompt and answer together, for a local model.
    #[arg(long, value_name = "TOKENS")]
    context_length: Option<usize>,
    /// Prompts under way at a time.
    #[arg(long, default_value_t = 8)]
    batch: usize,
    /// Threads to compute with; by default, one for each processor.
    #[arg(long)]
    threads: Option<usize>,
    /// The name of the model at an endpoint.
    #[arg(long, value_name = "NAME", default_value = "default")]
    endpoint_model: String,
    /// The environment variable that holds an endpoint's API key.
    #[arg(long, value_name = "VARIABLE", default_value = "COSA_API_KEY")]
    api_key_variable: String,
    /// Seconds that one answer of an endpoint may take.
    #[arg(long, default_value_t = 120)]
    endpoint_timeout: u64,
}

/// What answers: a GGUF file, `endpoint:URL`, or `recorded:FILE`.
pub fn system_of(named: &str, reach: &Reach) -> Result<Box<dyn System>> {
    if let Some(url) = named.strip_prefix("endpoint:") {
        return remote(reach, url);
    }
    if let Some(path) = named.strip_prefix("recorded:") {
        let (name, lines) = recorded(path)?;
        return Ok(Box::new(Recorded::new(name, &lines)));
    }
    local(reach, named)
}

/// What judges.
pub fn judge_of(named: &str, reach: &Reach, taxonomy: &Taxonomy) -> Result<Box<dyn Judge>> {
    if named == "rules" {
        return Ok(Box::new(RuleBased::new(taxonomy.clone())));
    }
    if let Some(path) = named.strip_prefix("recorded:") {
        let (name, lines) = recorded(path)?;
        return Ok(Box::new(RecordedJudge::new(name, &lines)));
    }
    let system = match (
        named.strip_prefix("model:"),
        named.strip_prefix("endpoint:"),
    ) {
        (Some(path), _) => local(reach, path)?,
        (_, Some(url)) => remote(reach, url)?,
        _ => {
            return Err(Error::InvalidOption {
                name: "judge".to_owned(),
                detail: format!(
                    "{named:?} is not known; known: rules, model:FILE, endpoint:URL, recorded:FILE"
                ),
            });
        }
    };
    Ok(Box::new(ModelJudge::new(system, taxonomy.clone())))
}

fn local(reach: &Reach, path: &str) -> Result<Box<dyn System>> {
    let options = ChatLoadOptions {
        load: LoadOptions {
            context_length: reach.context_length,
        },
        ..ChatLoadOptions::default()
    };
    let model = load_with(cpu(reach.threads), Path::new(path), options)?;
    let started = Instant::now();
    let clock = Box::new(move || started.elapsed().as_secs_f64() * 1000.0);
    Ok(Box::new(Local::new(model, reach.batch, clock)))
}

/// The endpoint at `url`, with a model of that name or the usual one.
pub fn endpoint_of(reach: &Reach, url: &str, model: Option<&str>) -> Result<Endpoint> {
    Endpoint::new(EndpointOptions {
        api_key: std::env::var(&reach.api_key_variable).ok(),
        timeout: Duration::from_secs(reach.endpoint_timeout),
        ..EndpointOptions::new(url, model.unwrap_or(&reach.endpoint_model))
    })
}

fn remote(reach: &Reach, url: &str) -> Result<Box<dyn System>> {
    let endpoint = endpoint_of(reach, url, None)?;
    let name = format!("{} at {url}", reach.endpoint_model);
    Ok(Box::new(Remote::new(name, endpoint, reach.batch)))
}

/// What was recorded in a file, with a name that tells the file by its content.
fn recorded(path: &str) -> Result<(String, Vec<Line>)> {
    let bytes = std::fs::read(path).map_err(io(path))?;
    let name = format!("{path} (sha256 {})", files::digest(&bytes));
    Ok((
        name,
        read_lines(path, bytes.as_slice(), BadLines::MayBeCut)?,
    ))
}
