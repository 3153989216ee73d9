//! `cosa align sft` and `dpo`: better models from data.

use std::path::PathBuf;
use std::slice;

use clap::Args;
use cosa::Result;
use cosa::align::dpo::{Dpo as DpoObjective, Preference, Weights};
use cosa::align::provenance;
use cosa::align::records::{PairLine, TurnLine};
use cosa::align::sft::Sft as SftObjective;
use cosa::align::train::optimizer::Method;
use cosa::align::train::{
    Encoder, Example, Lora, Network, Objective, Parameters, Place, Precision, Scope, TrainOptions,
    mean_loss, train,
};
use indicatif::ProgressBar;

use super::curves::Curves;
use super::{Common, files_digest};
use crate::files::replace_bytes;

#[derive(Args)]
pub struct Sft {
    /// JSON Lines of `messages`, of `text`, or of `prompt` and `chosen`, as `mistakes` writes them: of
    /// a pair the chosen answer is learned.
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    data: Vec<PathBuf>,
    /// Data of the same form that is only looked at, for the curve.
    #[arg(long, value_name = "FILE")]
    held_out: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Args)]
pub struct Dpo {
    /// JSON Lines of `prompt`, `chosen`, `rejected`, as `pairs` writes them.
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    pairs: Vec<PathBuf>,
    /// How closely the model stays to the one it was.
    #[arg(long, default_value_t = 0.1)]
    beta: f64,
    /// The weight of the chosen answer's own loss beside the pair's: above 0 it grows likelier,
    /// not only likelier than the rejected one (iterative RPO).
    #[arg(long, default_value_t = 0.0)]
    rpo_alpha: f64,
    #[command(flatten)]
    settings: Settings,
}

/// What all training takes.
#[derive(Args)]
struct Settings {
    /// The GGUF file to begin with, or a folder as the Transformers library saves it
    /// (`config.json`, safetensors, `tokenizer.json`).
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// The trained model, of 32-bit floats. Beside it stand the checkpoint and the curves.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// `adamw`, or `muon` for the matrices of the blocks: fewer steps where all is trained.
    #[arg(long, default_value = "adamw")]
    optimizer: Method,
    /// `cuda` where the program was built with `--features cuda`.
    #[arg(long, default_value = "cpu")]
    device: Place,
    /// What products are computed in: `bf16` on a GPU that has it.
    #[arg(long, default_value = "f32")]
    precision: Precision,
    #[arg(long, default_value_t = 1000)]
    steps: u64,
    /// Longest conversation in tokens; longer ones are left out, longer texts are cut.
    #[arg(long, default_value_t = 512)]
    longest: usize,
    /// Tokens of one pass at most: what memory allows.
    #[arg(long, default_value_t = 4096)]
    batch_tokens: usize,
    /// Passes that make one step; they run at the same time, one a core. Small models are
    /// trained fastest with as many as there are cores, or a multiple, and `RAYON_NUM_THREADS=1`.
    #[arg(long, default_value_t = 1)]
    accumulate: usize,
    /// The highest rate; by default 0.001 for `sft`, 5e-7 for `dpo`.
    #[arg(long)]
    learning_rate: Option<f64>,
    /// Steps until it is reached; by default 100 for `sft`, 150 for `dpo`.
    #[arg(long)]
    warm_up: Option<u64>,
    /// The share of the highest rate that is left at the end of the cosine.
    #[arg(long, default_value_t = 0.1)]
    final_share: f64,
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

pub fn sft(stage: &Sft, common: &Common) -> Result<()> {
    let network = network(&stage.settings, common.seed)?;
    let encoder = Encoder::new(network.parameters().metadata(), stage.settings.longest)?;
    let examples = |paths: &[PathBuf]| -> Result<Vec<Example>> {
        let (examples, too_long) = encoder.examples(&common.read_all(paths)?)?;
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
        &stage.settings,
        (common.seed, &stage.data, "sft"),
        (1e-3, 100),
    )
}

pub fn dpo(stage: &Dpo, common: &Common) -> Result<()> {
    let network = network(&stage.settings, common.seed)?;
    let encoder = Encoder::new(network.parameters().metadata(), stage.settings.longest)?;
    let lines = common.read_all::<PairLine>(&stage.pairs)?;
    let mut pairs = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let pair = preference(&encoder, line, at)?;
        if pair.chosen.ids.len().max(pair.rejected.ids.len()) <= stage.settings.longest {
            pairs.push(pair);
        }
    }
    eprintln!(
        "{} pairs, {} too long",
        pairs.len(),
        lines.len() - pairs.len()
    );
    let weights = Weights {
        beta: stage.beta,
        alpha: stage.rpo_alpha,
    };
    let name = format!("dpo beta {} rpo alpha {}", weights.beta, weights.alpha);
    let bar = ProgressBar::new(pairs.len() as u64).with_message("reference");
    let objective = DpoObjective::new(pairs, &network, weights, &mut || bar.inc(1))?;
    bar.finish_and_clear();
    run(
        &network,
        (&objective, None),
        &stage.settings,
        (common.seed, &stage.pairs, &name),
        // As published.
        (5e-7, 150),
    )
}

/// Two answers behind one prompt.
fn preference(encoder: &Encoder, line: &PairLine, at: usize) -> Result<Preference> {
    let of = |answer| encoder.chat(&TurnLine::behind(&line.prompt, answer), at);
    Ok(Preference {
        chosen: of(&line.chosen)?,
        rejected: of(&line.rejected)?,
    })
}

fn network(settings: &Settings, seed: u64) -> Result<Network> {
    let mut parameters = Parameters::load_on(&settings.model, &settings.device.open()?)?;
    parameters.train(&match settings.lora_rank {
        None => Scope::Full,
        Some(rank) => Scope::Lora(Lora {
            rank,
            alpha: settings.lora_alpha,
            targets: settings.lora_targets.clone(),
            seed,
        }),
    })?;
    Network::new(parameters, settings.longest)?.in_precision(settings.precision)
}

/// All but where checkpoints go.
fn options(settings: &Settings, seed: u64, learning_rate: f64, warm_up: u64) -> TrainOptions {
    TrainOptions {
        optimizer: settings.optimizer,
        steps: settings.steps,
        batch_tokens: settings.batch_tokens,
        accumulate: settings.accumulate,
        learning_rate: settings.learning_rate.unwrap_or(learning_rate),
        warm_up: settings.warm_up.unwrap_or(warm_up),
        final_share: settings.final_share,
        weight_decay: settings.weight_decay,
        clip: settings.clip,
        seed,
        checkpoint_every: settings.checkpoint_every,
        ..TrainOptions::default()
    }
}

/// Trains, with curves beside the model, and writes the model.
fn run(
    network: &Network,
    (objective, held_out): (&dyn Objective, Option<&dyn Objective>),
    settings: &Settings,
    (seed, data, stage): (u64, &[PathBuf], &str),
    (learning_rate, warm_up): (f64, u64),
) -> Result<()> {
    let options = options(settings, seed, learning_rate, warm_up);
    let hashes = files_digest(&[slice::from_ref(&settings.model), data].concat())?;
    let lora = settings.lora_rank.map(|rank| (rank, settings.lora_alpha));
    let about = format!(
        "{stage} {hashes} longest {} lora {lora:?} {:?} {:?} {options:?}",
        settings.longest, settings.lora_targets, settings.precision
    );
    // Folders of this machine are nobody else's business.
    let options = TrainOptions {
        checkpoint: Some(settings.out.with_extension("checkpoint")),
        ..options
    };
    let mut curves = Curves::open(&settings.out, options.steps)?;
    train(network, objective, &options, &about, &mut |progress| {
        curves.add(progress, || {
            held_out
                .map(|held_out| mean_loss(network, held_out))
                .transpose()
        })
    })?;
    curves.close(stage)?;
    let mut metadata = network.parameters().metadata().clone();
    provenance::add(&mut metadata, [about])?;
    replace_bytes(&settings.out, &network.parameters().to_gguf(metadata)?)
}
