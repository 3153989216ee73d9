//! The command line: chat with a local model under a safety config, and what else the library offers.

#[cfg(not(target_arch = "wasm32"))]
mod align;
#[cfg(not(target_arch = "wasm32"))]
mod bench;
#[cfg(not(target_arch = "wasm32"))]
mod chat;
#[cfg(not(target_arch = "wasm32"))]
mod eval;
#[cfg(not(target_arch = "wasm32"))]
mod files;

#[cfg(not(target_arch = "wasm32"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    use clap::Parser as _;

    let Cli { command } = Cli::parse();
    let outcome = match command {
        Command::Align(arguments) => align::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Chat(arguments) => chat::run(&arguments),
        Command::Eval(arguments) => eval::run(&arguments),
    };
    match outcome {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

#[cfg(target_arch = "wasm32")]
fn main() {}

/// Chat models that follow a safety config, on your own machine.
#[cfg(not(target_arch = "wasm32"))]
#[derive(clap::Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[cfg(not(target_arch = "wasm32"))]
#[derive(clap::Subcommand)]
enum Command {
    /// Make preference data for controllable safety alignment, stage by stage.
    Align(align::Arguments),
    /// Make models for benchmarks and check them.
    Bench(bench::Arguments),
    /// Chat, one line a message; `/config TEXT` switches the safety config.
    Chat(chat::Arguments),
    /// Measure how well a model follows safety configs.
    Eval(eval::Arguments),
}
