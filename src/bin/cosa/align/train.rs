//! `cosa align sft` and `dpo`: better models from data.

use std::path::PathBuf;
use std::slice;

use clap::Args;
use cosa::Result;
use cosa::align::dpo::{Dpo as DpoObjective, Preference};
use cosa::align::records::{PairLine, TurnLine};
use cosa::align::sft::Sft as SftObjective;
use cosa::align::train::{
    Encoder, Example, Lora, Network, Objective, Parameters, Scope, TrainOptions, mean_loss, train,
};
use cosa::gguf::{Metadata, Value};
use indicatif::ProgressBar;

use super::curves::Curves;
use super::{files_digest, read_all};
use crate::files::replace_bytes;

#[derive(Args)]
pub struct Sft {
    /// JSON Lines of `messages` or `text`.
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    data: Vec<PathBuf>,
    /// Data of the same form that is only looked at, for the curve.
    #[arg(long, value_name = "FILE")]
    held_out: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

#[derive(Args)]
pub struct Dpo {
    /// JSON Lines of `prompt`, `chosen`, `rejected`, as `pairs` writes them.
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    pairs: Vec<PathBuf>,
    /// How closely the model stays to the one it was.
    #[arg(long, default_value_t = 0.1)]
    beta: f64,
    #[command(flatten)]
    common: Common,
}

/// What all training takes.
#[derive(Args)]
struct Common {
    /// The GGUF file to begin with.
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// The trained model, of 32-bit floats. Beside it stand the checkpoint and the curves.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[arg(long, default_value_t = 1000)]
    steps: u64,
    /// Longest conversation in tokens; longer ones are left out, longer texts are cut.
    #[arg(long, default_value_t = 512)]
    longest: usize,
    /// Tokens of one pass at most: what memory allows.
    #[arg(long, default_value_t = 4096)]
    batch_tokens: usize,
    /// Passes that make one step.
    #[arg(long, default_value_t = 1)]
    accumulate: usize,
    #[arg(long, default_value_t = 1e-3)]
    learning_rate: f64,
    #[arg(long, default_value_t = 100)]
    warm_up: u64,
    #[arg(long, default_value_t = 0.1)]
    weight_decay: f64,
    /// Length at which gradients are clipped.
    #[arg(long, default_value_t = 1.0)]
    clip: f64,
    #[arg(long, default_value_t = 200)]
    checkpoint_every: u64,
    /// Train low-rank additions of this rank instead of all weights.
    #[arg(long)]
    lora_rank: Option<usize>,
    #[arg(long, default_value_t = 16.0)]
    lora_alpha: f64,
    #[arg(long, value_delimiter = ',', default_value = "attn_q,attn_v")]
    lora_targets: Vec<String>,
}

pub fn sft(stage: &Sft, seed: u64) -> Result<()> {
    let network = network(&stage.common, seed)?;
    let encoder = Encoder::new(network.parameters().metadata(), stage.common.longest)?;
    let examples = |paths: &[PathBuf]| -> Result<Vec<Example>> {
        let (examples, too_long) = encoder.examples(&read_all(paths)?)?;
        let tokens: usize = examples.iter().map(|e| e.ids.len()).sum();
        let learned: usize = examples.iter().map(Example::learned).sum();
        eprintln!(
            "{} examples of {tokens} tokens, {learned} of them learned; {too_long} too long",
            examples.len()
        );
        Ok(examples)
    };
    let objective = SftObjective::new(examples(&stage.data)?);
    let held_out = match &stage.held_out {
        Some(path) => Some(SftObjective::new(examples(slice::from_ref(path))?)),
        None => None,
    };
    let looked_at = held_out
        .as_ref()
        .map(|objective| objective as &dyn Objective);
    run(
        &network,
        (&objective, looked_at),
        &stage.common,
        (seed, &stage.data, "sft"),
    )
}

pub fn dpo(stage: &Dpo, seed: u64) -> Result<()> {
    let network = network(&stage.common, seed)?;
    let encoder = Encoder::new(network.parameters().metadata(), stage.common.longest)?;
    let lines = read_all::<PairLine>(&stage.pairs)?;
    let mut pairs = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let of = |answer: &[TurnLine]| encoder.chat(&[&line.prompt[..], answer].concat(), at);
        let pair = Preference {
            chosen: of(&line.chosen)?,
            rejected: of(&line.rejected)?,
        };
        if pair.chosen.ids.len().max(pair.rejected.ids.len()) <= stage.common.longest {
            pairs.push(pair);
        }
    }
    eprintln!(
        "{} pairs, {} too long",
        pairs.len(),
        lines.len() - pairs.len()
    );
    let bar = ProgressBar::new(pairs.len() as u64).with_message("reference");
    let objective = DpoObjective::new(pairs, &network, stage.beta, &mut || bar.inc(1))?;
    bar.finish_and_clear();
    run(
        &network,
        (&objective, None),
        &stage.common,
        (seed, &stage.pairs, "dpo"),
    )
}

fn network(common: &Common, seed: u64) -> Result<Network> {
    let mut parameters = Parameters::load(&common.model)?;
    parameters.train(&match common.lora_rank {
        None => Scope::Full,
        Some(rank) => Scope::Lora(Lora {
            rank,
            alpha: common.lora_alpha,
            targets: common.lora_targets.clone(),
            seed,
        }),
    })?;
    Network::new(parameters, common.longest)
}

/// Trains, with curves beside the model, and writes the model.
fn run(
    network: &Network,
    (objective, held_out): (&dyn Objective, Option<&dyn Objective>),
    common: &Common,
    (seed, data, stage): (u64, &[PathBuf], &str),
) -> Result<()> {
    let options = TrainOptions {
        steps: common.steps,
        batch_tokens: common.batch_tokens,
        accumulate: common.accumulate,
        learning_rate: common.learning_rate,
        warm_up: common.warm_up,
        weight_decay: common.weight_decay,
        clip: common.clip,
        seed,
        checkpoint_every: common.checkpoint_every,
        checkpoint: Some(common.out.with_extension("checkpoint")),
        ..TrainOptions::default()
    };
    let hashes = files_digest(&[slice::from_ref(&common.model), data].concat())?;
    let about = format!(
        "{stage} {hashes} longest {} lora {:?} {:?} {options:?}",
        common.longest, common.lora_rank, common.lora_targets
    );
    let mut curves = Curves::open(&common.out, options.steps)?;
    train(network, objective, &options, &about, &mut |progress| {
        curves.add(progress, || {
            held_out
                .map(|held_out| mean_loss(network, held_out))
                .transpose()
        })
    })?;
    curves.close(stage)?;
    let metadata = provenance(network.parameters().metadata(), stage, &about);
    replace_bytes(&common.out, &network.parameters().to_gguf(metadata)?)
}

/// The metadata with one line more about how the weights came to be.
fn provenance(metadata: &Metadata, stage: &str, about: &str) -> Metadata {
    let mut metadata = metadata.clone();
    metadata.set(
        &format!("cosa.provenance.{stage}"),
        Value::String(about.to_owned()),
    );
    metadata
}
