//! The systems and judges that the command line names.

use std::path::Path;
use std::time::{Duration, Instant};

use cosa::backend::cpu::{Cpu, KvType, pool::Pool};
use cosa::eval::endpoint::{Endpoint, EndpointOptions};
use cosa::eval::judges::{Judge, ModelJudge, RecordedJudge, RuleBased};
use cosa::eval::line::Line;
use cosa::eval::systems::{Local, Recorded, Remote, System};
use cosa::guard::{ChatLoadOptions, ChatModel};
use cosa::model::loader::LoadOptions;
use cosa::{Error, Result};

use super::data::taxonomy;
use super::{Arguments, files};
use crate::files::load_with;

/// What answers.
pub fn system(arguments: &Arguments) -> Result<Box<dyn System>> {
    if let Some(url) = arguments.model.strip_prefix("endpoint:") {
        return remote(arguments, url);
    }
    if let Some(path) = arguments.model.strip_prefix("recorded:") {
        return Ok(Box::new(Recorded::new(path.to_owned(), &lines(path)?)));
    }
    local(arguments, &arguments.model)
}

/// What judges.
pub fn judge(arguments: &Arguments) -> Result<Box<dyn Judge>> {
    let named = &arguments.judge;
    if named == "rules" {
        return Ok(Box::new(RuleBased::new(taxonomy(arguments)?)));
    }
    if let Some(path) = named.strip_prefix("recorded:") {
        return Ok(Box::new(RecordedJudge::new(path.to_owned(), &lines(path)?)));
    }
    let system = match (
        named.strip_prefix("model:"),
        named.strip_prefix("endpoint:"),
    ) {
        (Some(path), _) => local(arguments, path)?,
        (_, Some(url)) => remote(arguments, url)?,
        _ => {
            return Err(Error::InvalidOption {
                name: "judge".to_owned(),
                detail: format!(
                    "{named:?} is not known; known: rules, model:FILE, endpoint:URL, recorded:FILE"
                ),
            });
        }
    };
    Ok(Box::new(ModelJudge::new(system, taxonomy(arguments)?)))
}

fn local(arguments: &Arguments, path: &str) -> Result<Box<dyn System>> {
    let all = || std::thread::available_parallelism().map_or(1, usize::from);
    let threads = arguments.threads.unwrap_or_else(all);
    let backend: Cpu = Cpu::with(Pool::with_threads(threads), KvType::Int8);
    let options = ChatLoadOptions {
        load: LoadOptions {
            context_length: arguments.context_length,
        },
        ..ChatLoadOptions::default()
    };
    let model: ChatModel<Cpu> = load_with(backend, Path::new(path), options)?;
    let started = Instant::now();
    let clock = Box::new(move || started.elapsed().as_secs_f64() * 1000.0);
    Ok(Box::new(Local::new(model, arguments.batch, clock)))
}

fn remote(arguments: &Arguments, url: &str) -> Result<Box<dyn System>> {
    let endpoint = Endpoint::new(EndpointOptions {
        api_key: std::env::var(&arguments.api_key_variable).ok(),
        timeout: Duration::from_secs(arguments.endpoint_timeout),
        ..EndpointOptions::new(url, &arguments.endpoint_model)
    })?;
    let name = format!("{} at {url}", arguments.endpoint_model);
    Ok(Box::new(Remote::new(name, endpoint, arguments.batch)))
}

fn lines(path: &str) -> Result<Vec<Line>> {
    files::read_lines(Path::new(path))
}
