//! `pkg/wasm`: the crate compiled, bound to JavaScript, and made small.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, anyhow};
use sha2::{Digest, Sha256};
use wasm_bindgen_cli_support::Bindgen;

use crate::{
    console::{self, Progress},
    process::{self, NO_LIMIT},
    setup::Setup,
    workspace::Workspace,
};

/// What the compiler may assume of the browser. Separated as cargo separates flags that
/// hold quotes.
const RUSTFLAGS: &str = "-C\x1ftarget-feature=+simd128\x1f--cfg\x1fgetrandom_backend=\"wasm_js\"";

/// wasm-opt's level, and the features that the compiler turns on for this target.
const WASM_OPT: [&str; 9] = [
    "-O3",
    "--enable-simd",
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
    "--enable-extended-const",
];

/// Builds `pkg/wasm/cosa.js` and `cosa_bg.wasm`.
pub fn build(workspace: &Workspace, setup: &Setup) -> Result<()> {
    let module = compile(workspace, setup)?;
    let stamp = workspace.scratch().join("wasm.stamp");
    if fs::read_to_string(&stamp).is_ok_and(|old| digest(workspace, &module).ok() == Some(old)) {
        console::note("pkg/wasm is up to date");
        return Ok(());
    }
    let out = workspace.wasm_out();
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    bind(&module, &out)?;
    optimise(workspace, &out)?;
    fs::write(stamp, digest(workspace, &module)?)?;
    Ok(())
}

/// Lints the library as the browser gets it, where the toolchain brings clippy.
pub fn lint(workspace: &Workspace, setup: &Setup) -> Result<()> {
    let toolchain = setup.toolchain.as_ref();
    let toolchain = toolchain.context("no toolchain; see the set-up")?;
    if !toolchain.has_clippy() {
        console::note("skipped: clippy does not come with Debian's compiler for the browser");
        return Ok(());
    }
    let mut command = cargo(workspace, setup, "clippy")?;
    process::show(command.args(["--", "-D", "warnings"]))
}

/// Compiles the library.
fn compile(workspace: &Workspace, setup: &Setup) -> Result<PathBuf> {
    process::show(cargo(workspace, setup, "build")?.arg("--release"))?;
    Ok(target(workspace)
        .join("wasm32-unknown-unknown")
        .join("release")
        .join("cosa.wasm"))
}

/// `cargo SUBCOMMAND` on the library, for the browser.
fn cargo(workspace: &Workspace, setup: &Setup, subcommand: &str) -> Result<Command> {
    let toolchain = setup
        .toolchain
        .as_ref()
        .context("no toolchain; see the set-up")?;
    let mut command = toolchain.command(subcommand);
    command
        .current_dir(&workspace.root)
        .args(["--package=cosa", "--lib", "--target-dir"])
        .arg(target(workspace))
        .env("CARGO_ENCODED_RUSTFLAGS", RUSTFLAGS)
        .env_remove("RUSTFLAGS");
    Ok(command)
}

/// A target directory of its own keeps what two compilers build apart.
fn target(workspace: &Workspace) -> PathBuf {
    workspace.target.join("wasm")
}

/// Writes the JavaScript that calls the module, with the library's own wasm-bindgen.
fn bind(module: &Path, out: &Path) -> Result<()> {
    let progress = Progress::start("wasm-bindgen");
    let done = Bindgen::new()
        .input_path(module)
        .out_name("cosa")
        .web(true)
        .and_then(|bindgen| {
            bindgen
                // The module finds its own bytes, beside itself.
                .omit_default_module_path(false)
                .typescript(true)
                .remove_name_section(true)
                .remove_producers_section(true)
                .generate(out)
        })
        .map_err(|error| anyhow!("wasm-bindgen: {error:#}"));
    progress.finish(if done.is_ok() { "done" } else { "failed" });
    done
}

fn optimise(workspace: &Workspace, out: &Path) -> Result<()> {
    let module = out.join("cosa_bg.wasm");
    let mut command = Command::new(workspace.npm_tool("wasm-opt"));
    command.args(WASM_OPT).arg(&module).arg("-o").arg(&module);
    let log = workspace.scratch().join("wasm-opt.log");
    process::quiet("wasm-opt", &mut command, &log, NO_LIMIT)
}

/// One hash over what goes in, how it is treated, and what lies in `pkg/wasm`.
fn digest(workspace: &Workspace, module: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update(WASM_OPT.join(" "));
    hash.update(fs::read(workspace.npm().join("package-lock.json"))?);
    hash.update(fs::read(workspace.root.join("Cargo.lock"))?);
    hash.update(fs::read(module)?);
    for name in ["cosa.js", "cosa_bg.wasm"] {
        hash.update(fs::read(workspace.wasm_out().join(name))?);
    }
    Ok(hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}
