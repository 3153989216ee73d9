//! `cosa bench`: models of real sizes with random weights, and a check of the arithmetic.

mod random_model;
mod speed;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use cosa::align::export::Scheme;
use cosa::backend::cpu::{Cpu, KvType, pool::Pool};
use cosa::backend::{Backend, reference::Reference};
use cosa::generate::{GenerateOptions, Step};
use cosa::guard::Session;
use cosa::model::{Sequence, Transformer};
use cosa::{Error, Result};

use crate::files::{io, load};

/// Tokens whose logits are compared.
const CHECKED: u32 = 16;

/// What `cosa bench` is asked to do.
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Write a model of a real one's shape with random weights
    Model {
        /// Whose shape
        #[arg(value_enum)]
        shape: random_model::Shape,
        /// In which types: f16, q8_0, q4_0 or q4_k_m
        scheme: Scheme,
        /// The GGUF file
        out: PathBuf,
    },
    /// Print how far the logits are from the reference's, and a greedy continuation
    Check {
        /// The GGUF file
        model: PathBuf,
        /// What to continue
        #[arg(long)]
        prompt: String,
        /// Tokens to generate
        #[arg(long, default_value_t = 32)]
        tokens: usize,
    },
    /// Print tokens a second: after 128 tokens, of four sequences together, after a long past
    Speed {
        /// The GGUF file
        model: PathBuf,
        /// Threads to compute with; by default, one for each processor
        #[arg(long)]
        threads: Option<usize>,
        /// Tokens of the long past
        #[arg(long, default_value_t = 4096)]
        long: usize,
    },
}

/// Runs the task.
pub fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.task {
        Task::Model { shape, scheme, out } => {
            let bytes = random_model::bytes(*shape, *scheme);
            std::fs::write(out, bytes).map_err(io("model"))
        }
        Task::Check {
            model,
            prompt,
            tokens,
        } => check(model, prompt, *tokens),
        Task::Speed {
            model,
            threads,
            long,
        } => speed::run(model, *threads, *long),
    }
}

/// One JSON line: `{ "error": …, "text": … }`.
fn check(path: &Path, prompt: &str, tokens: usize) -> Result<()> {
    let reference = logits(&load(Reference, path)?.transformer)?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let model = load(Cpu::with(Pool::with_threads(threads), KvType::Int8), path)?;
    let found = logits(&model.transformer)?;
    let square =
        |values: &mut dyn Iterator<Item = f32>| values.map(|v| f64::from(v * v)).sum::<f64>();
    let difference = square(&mut found.iter().zip(&reference).map(|(a, b)| a - b));
    let error = (difference / square(&mut reference.iter().copied())).sqrt();
    let text = continuation(&mut Session::new(model), prompt, tokens)?;
    println!("{}", serde_json::json!({ "error": error, "text": text }));
    Ok(())
}

fn logits<B: Backend>(model: &Transformer<B>) -> Result<Vec<f32>> {
    let tokens: Vec<u32> = (0..CHECKED).map(|i| i * 37 % 256).collect();
    let mut logits = Vec::new();
    let sequence = Sequence {
        tokens: &tokens,
        cache: &mut model.new_cache(),
        logits: 1,
    };
    model.forward(&mut [sequence], &mut logits)?;
    Ok(logits)
}

fn continuation(session: &mut Session<Cpu>, prompt: &str, tokens: usize) -> Result<String> {
    let options = GenerateOptions {
        max_tokens: tokens,
        ignore_eos: true,
        ..GenerateOptions::default()
    };
    session.complete(prompt, options, &|| 0.0)?;
    let mut text = String::new();
    loop {
        match session.step(&|| 0.0)? {
            Step::Text { text: piece, .. } => text.push_str(&piece),
            Step::Done { .. } => return Ok::<_, Error>(text),
            Step::Prefill { .. } => {}
        }
    }
}
