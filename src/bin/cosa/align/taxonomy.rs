//! `cosa align taxonomy`: a draft of risk categories.

use std::path::{Path, PathBuf};

use clap::Args;
use cosa::align::records::PromptLine;
use cosa::align::taxonomy::cluster::{ClusterOptions, cluster};
use cosa::align::taxonomy::embed::{embed, unit};
use cosa::align::taxonomy::propose::{Grouped, propose};
use cosa::align::train::{Encoder, Network, Parameters};
use cosa::eval::systems::System;
use cosa::safety::Taxonomy as Categories;
use cosa::{Error, Result};
use indicatif::ProgressBar;
use serde::Deserialize;

use super::{Common, write};
use crate::eval::{Reach, endpoint_of, system_of};
use crate::files::replace;

/// Tokens of a prompt that are looked at.
const LONGEST: usize = 512;
/// Prompts that an endpoint embeds at a time.
const AT_A_TIME: usize = 64;

#[derive(Args)]
pub struct Taxonomy {
    /// JSON Lines of `id, prompt`.
    #[arg(long, value_name = "FILE")]
    prompts: PathBuf,
    /// What embeds the prompts: a GGUF file, or `endpoint:URL` of an embedding model.
    #[arg(long, value_name = "FILE|endpoint:URL")]
    model: String,
    /// What names the groups: a GGUF file or `endpoint:URL`; without it, their words do.
    #[arg(long, value_name = "FILE|endpoint:URL")]
    namer: Option<String>,
    /// The name of the embedding model at its endpoint; by default, that of the other one.
    #[arg(long, value_name = "NAME")]
    embedding_model: Option<String>,
    #[command(flatten)]
    reach: Reach,
    /// Principal components of the vectors that are looked at.
    #[arg(long, default_value_t = 10)]
    dimensions: usize,
    /// Prompts that make a category at least.
    #[arg(long, default_value_t = 15)]
    smallest: usize,
    /// The categories, for `--taxonomy` of the other stages: a draft, to be edited.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The prompts that have a category, with its id as their risk: what `configs` reads.
    #[arg(long, value_name = "FILE")]
    assigned: PathBuf,
}

/// A prompt whose risks nobody knows yet.
#[derive(Deserialize)]
struct Asked {
    id: String,
    prompt: String,
}

pub fn run(stage: &Taxonomy, common: &Common) -> Result<()> {
    let asked: Vec<Asked> = common.read(&stage.prompts)?;
    let prompts: Vec<&str> = asked.iter().map(|asked| &*asked.prompt).collect();
    let vectors = vectors(stage, &prompts)?;
    let options = ClusterOptions {
        dimensions: stage.dimensions,
        smallest: stage.smallest,
    };
    let groups = cluster(&vectors, options)?;
    let grouped = Grouped {
        prompts: &prompts,
        vectors: &vectors,
        groups: &groups,
    };
    if grouped.count() == 0 {
        let detail = format!(
            "no {} of the {} prompts are close to one another; try fewer",
            stage.smallest,
            prompts.len()
        );
        let name = "smallest".to_owned();
        return Err(Error::InvalidOption { name, detail });
    }
    let mut namer = match &stage.namer {
        Some(named) => Some(system_of(named, &stage.reach)?),
        None => None,
    };
    let namer = namer.as_mut();
    let taxonomy = propose(
        &grouped,
        namer.map(|system| &mut **system as &mut dyn System),
    )?;
    let json = serde_json::to_string_pretty(&taxonomy).map_err(|error| Error::BadRecord {
        at: stage.out.display().to_string(),
        detail: error.to_string(),
    })?;
    replace(&stage.out, &json)?;
    write(&stage.assigned, &assigned(&asked, &groups, &taxonomy))
}

/// The prompts that have a category; tells how many each has.
fn assigned(asked: &[Asked], groups: &[Option<usize>], taxonomy: &Categories) -> Vec<PromptLine> {
    for (group, category) in taxonomy.categories.iter().enumerate() {
        let size = groups.iter().filter(|own| **own == Some(group)).count();
        eprintln!("{size:>6}  {}: {}", category.name, category.definition);
    }
    let alone = groups.iter().filter(|group| group.is_none()).count();
    eprintln!("{alone:>6}  of no category");
    let lines = asked.iter().zip(groups).filter_map(|(asked, group)| {
        Some(PromptLine {
            id: asked.id.clone(),
            prompt: asked.prompt.clone(),
            risks: vec![taxonomy.categories[(*group)?].id.clone()],
        })
    });
    lines.collect()
}

/// A vector of unit length for each prompt.
fn vectors(stage: &Taxonomy, prompts: &[&str]) -> Result<Vec<Vec<f32>>> {
    let bar = ProgressBar::new(prompts.len() as u64).with_message("vectors");
    let mut found = Vec::with_capacity(prompts.len());
    if let Some(url) = stage.model.strip_prefix("endpoint:") {
        let endpoint = endpoint_of(&stage.reach, url, stage.embedding_model.as_deref())?;
        for some in prompts.chunks(AT_A_TIME) {
            found.extend(endpoint.embed(some)?.iter().map(|vector| unit(vector)));
            bar.inc(some.len() as u64);
        }
    } else {
        let network = Network::new(Parameters::load(Path::new(&stage.model))?, LONGEST)?;
        let encoder = Encoder::new(network.parameters().metadata(), LONGEST)?;
        for prompt in prompts {
            found.push(embed(&network, &encoder, prompt)?);
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    Ok(found)
}
