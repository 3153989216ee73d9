//! `cargo xtask`: the one program that sets up, builds, tests and shows this project.
//!
//! It installs what it can by itself and names the exact command for what it cannot.
//! A second run finds everything in place and only checks that it is.

mod bench;
mod check;
mod console;
mod counts;
mod demo;
mod process;
mod server;
mod setup;
mod size;
mod wasm;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use workspace::Workspace;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Build, test and try cosa")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Set up, build, serve the page on this machine and open it
    Demo {
        /// Port on 127.0.0.1; the next free one is taken where it is in use
        #[arg(long, default_value_t = 8080)]
        port: u16,
        /// Print the address only
        #[arg(long)]
        no_open: bool,
    },
    /// Measure the engine in the browser beside wllama and llama.cpp
    Bench(bench::Options),
    /// Set up and build pkg/wasm
    Build,
    /// Set up and run every check and test
    Test,
}

fn main() -> ExitCode {
    match run(Cli::parse().task) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            console::error(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Runs one task; `false` means that it ran to its end and found failures.
fn run(task: Task) -> anyhow::Result<bool> {
    let workspace = Workspace::find()?;
    match task {
        Task::Demo { port, no_open } => demo::run(&workspace, port, !no_open).map(|()| true),
        Task::Bench(options) => bench::run(&workspace, &options).map(|()| true),
        Task::Build => build(&workspace).map(|()| true),
        Task::Test => check::run(&workspace),
    }
}

fn build(workspace: &Workspace) -> anyhow::Result<()> {
    console::heading("Set-up");
    let setup = setup::for_page(workspace)?;
    console::heading("WebAssembly");
    wasm::build(workspace, &setup)?;
    size::report(workspace)
}
