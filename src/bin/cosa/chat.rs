//! `cosa chat`: messages from the command line or standard input, answers as they come.

use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, ValueEnum};
use cosa::Result;
use cosa::backend::{Backend, reference::Reference};
use cosa::generate::{Channel, GenerateOptions, Stats, Step};
use cosa::guard::Session;
use cosa::safety::SafetyConfig;

use crate::files::{cpu, io, load};

/// What `cosa chat` is asked to do.
#[derive(Args)]
pub struct Arguments {
    /// The model, a GGUF file; of a sharded model, the first file.
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// A file with the safety config.
    #[arg(long, value_name = "FILE", conflicts_with = "config_text")]
    config: Option<PathBuf>,
    /// The safety config itself.
    #[arg(long, value_name = "TEXT")]
    config_text: Option<String>,
    /// A message; may be given several times. Without it, standard input is read.
    #[arg(long, value_name = "TEXT")]
    prompt: Vec<String>,
    /// Tokens of an answer at most.
    #[arg(long, default_value_t = 512)]
    max_tokens: usize,
    /// 0 is greedy.
    #[arg(long, default_value_t = 0.0)]
    temperature: f64,
    /// 0 is off.
    #[arg(long, default_value_t = 0)]
    top_k: usize,
    /// 1 is off.
    #[arg(long, default_value_t = 1.0)]
    top_p: f64,
    /// 0 is off.
    #[arg(long, default_value_t = 0.0)]
    min_p: f64,
    /// Same seed, same text.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Where the arithmetic runs.
    #[arg(long, value_enum, default_value = "cpu")]
    backend: BackendName,
    /// Threads to compute with; by default, one for each processor.
    #[arg(long)]
    threads: Option<usize>,
    /// Print what the model writes between think tags.
    #[arg(long)]
    show_reasoning: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum BackendName {
    /// The fast kernels.
    Cpu,
    /// Plain scalar code, the specification.
    Reference,
}

/// Runs the chat to its end.
pub fn run(arguments: &Arguments) -> Result<()> {
    match arguments.backend {
        BackendName::Cpu => chat(cpu(arguments.threads), arguments),
        BackendName::Reference => chat(Reference, arguments),
    }
}

fn chat<B: Backend>(backend: B, arguments: &Arguments) -> Result<()> {
    let config = starting_config(arguments)?;
    let mut session = Session::new(load(backend, &arguments.model)?);
    let number = session.create_chat(config)?;
    let mut talk = Talk {
        session,
        chat: number,
        options: options(arguments),
        show_reasoning: arguments.show_reasoning,
        started: Instant::now(),
    };
    talk.show_readings()?;
    for prompt in &arguments.prompt {
        println!("> {prompt}");
        talk.line(prompt)?;
    }
    if !arguments.prompt.is_empty() {
        return Ok(());
    }
    let mut input = std::io::stdin().lock();
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line).map_err(io("stdin"))? > 0 {
        // A message that cannot be served must not end the chat.
        if let Err(error) = talk.line(String::from_utf8_lossy(&line).trim()) {
            eprintln!("error: {error}");
        }
        line.clear();
    }
    Ok(())
}

struct Talk<B: Backend> {
    session: Session<B>,
    chat: u32,
    options: GenerateOptions,
    show_reasoning: bool,
    started: Instant,
}

impl<B: Backend> Talk<B> {
    /// A message, a config switch, or nothing.
    fn line(&mut self, line: &str) -> Result<()> {
        if line.is_empty() {
            return Ok(());
        }
        match line.strip_prefix("/config") {
            Some(text) if text.is_empty() || text.starts_with(char::is_whitespace) => {
                self.switch(text.trim())
            }
            _ => self.answer(line),
        }
    }

    fn switch(&mut self, text: &str) -> Result<()> {
        let config = match text {
            "" => None,
            text => Some(SafetyConfig::new(None, text)?),
        };
        let label = config
            .as_ref()
            .map_or("none".to_owned(), SafetyConfig::hash);
        self.session.set_safety_config(self.chat, config)?;
        eprintln!("[safety config: {label}]");
        self.show_readings()
    }

    /// What the model takes each rule to say, before anybody asks.
    fn show_readings(&self) -> Result<()> {
        let chat = self.session.chat(self.chat)?;
        let reading = chat.read(self.session.model(), "")?;
        for read in &reading.rules {
            let sure = if read.sure { "" } else { " (not sure)" };
            let or = read
                .alternatives
                .iter()
                .map(|it| format!(" or {}", it.says));
            let or: String = or.collect();
            eprintln!("[{}{or}{sure}] {}", read.read_as, read.rule);
        }
        if !reading.told.is_empty() {
            eprintln!("[told] {}", reading.told);
        }
        Ok(())
    }

    fn answer(&mut self, text: &str) -> Result<()> {
        let started = self.started;
        let clock = move || started.elapsed().as_secs_f64() * 1000.0;
        let options = self.options.clone();
        self.session.send(self.chat, text, options, &clock)?;
        let mut thinking = false;
        loop {
            match self.session.step(&clock)? {
                Step::Prefill { .. } => {}
                Step::Text { channel, text } => {
                    let reasoning = channel == Channel::Reasoning;
                    if std::mem::replace(&mut thinking, reasoning) && !reasoning {
                        self.reason("\n");
                    }
                    match channel {
                        Channel::Answer => print(&text)?,
                        Channel::Reasoning => self.reason(&text),
                    }
                }
                Step::Done {
                    finish_reason,
                    stats,
                } => {
                    print("\n")?;
                    report(finish_reason.name(), &stats);
                    return Ok(());
                }
            }
        }
    }

    fn reason(&self, text: &str) {
        if self.show_reasoning {
            eprint!("{text}");
        }
    }
}

fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(io("stdout"))
}

fn report(finish_reason: &str, stats: &Stats) {
    let rate = |tokens: usize, ms: f64| tokens as f64 * 1000.0 / ms.max(1e-3);
    eprintln!(
        "[{finish_reason}; prompt {} tokens, {} cached, {:.0}/s; answer {} tokens, {:.0}/s; context {} of {}]",
        stats.prompt_tokens,
        stats.cached_tokens,
        rate(stats.prompt_tokens - stats.cached_tokens, stats.prefill_ms),
        stats.decoded_tokens,
        rate(stats.decoded_tokens, stats.decode_ms),
        stats.tokens_in_context,
        stats.context_length,
    );
    if stats.dropped_turns > 0 {
        eprintln!(
            "[the model was shown the last exchanges alone: the oldest {} were left out]",
            stats.dropped_turns
        );
    }
}

fn options(arguments: &Arguments) -> GenerateOptions {
    GenerateOptions {
        max_tokens: arguments.max_tokens,
        temperature: arguments.temperature,
        top_k: arguments.top_k,
        top_p: arguments.top_p,
        min_p: arguments.min_p,
        seed: arguments.seed,
        ..GenerateOptions::default()
    }
}

fn starting_config(arguments: &Arguments) -> Result<Option<SafetyConfig>> {
    if let Some(path) = &arguments.config {
        let text = std::fs::read_to_string(path).map_err(io(&path.display().to_string()))?;
        let name = path.file_stem().and_then(|stem| stem.to_str());
        return SafetyConfig::new(name, &text).map(Some);
    }
    let text = arguments.config_text.as_deref();
    text.map(|text| SafetyConfig::new(None, text)).transpose()
}
