//! `pkg/wasm`: the crate compiled and bound to JavaScript.
//!
//! Deliberately absent: wasm-opt. It saves 6 % of the bytes, and what it does to the order
//! of instructions costs the kernels a quarter of their speed.

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
    process,
    setup::Setup,
    workspace::Workspace,
};

/// One build of the library.
struct Build {
    /// Its folder in `pkg/wasm`.
    name: &'static str,
    /// What the compiler may assume of the browser beyond threads.
    features: &'static str,
    /// The folder that it shares with builds of the same flags.
    target: &'static str,
    /// What `src/web` offers in it, and how the library itself is optimised.
    offers: &'static str,
    opt_level: &'static str,
}

/// Two of the engine, of which `pkg/threads.js` chooses one, and the evaluation, which is
/// fetched by those who measure.
const BUILDS: [Build; 3] = [
    Build {
        name: "relaxed-simd",
        features: "+simd128,+relaxed-simd",
        target: "relaxed-simd",
        offers: "engine",
        opt_level: "3",
    },
    Build {
        name: "simd",
        features: "+simd128",
        target: "simd",
        offers: "engine",
        opt_level: "3",
    },
    Build {
        name: "evaluation",
        features: "+simd128",
        target: "simd",
        offers: "evaluation",
        opt_level: "z",
    },
];

/// Memory that threads share, and what each of them needs to begin.
const THREADS: [&str; 7] = [
    "--shared-memory",
    "--import-memory",
    "--max-memory=4294967296",
    "--export=__wasm_init_tls",
    "--export=__tls_size",
    "--export=__tls_align",
    "--export=__tls_base",
];

/// Cargo's profile for the browser.
const PROFILE: &str = "wasm";

impl Build {
    /// Separated as cargo separates flags that hold quotes.
    fn rustflags(&self) -> String {
        let features = format!("target-feature=+atomics,+bulk-memory,{}", self.features);
        let mut flags = vec!["-C".to_owned(), features];
        for argument in THREADS {
            flags.extend(["-C".to_owned(), format!("link-arg={argument}")]);
        }
        flags.extend(["--cfg", "getrandom_backend=\"wasm_js\""].map(str::to_owned));
        flags.join("\x1f")
    }

    /// A target directory of its own keeps what two compilers or two sets of flags build
    /// apart.
    fn target(&self, workspace: &Workspace) -> PathBuf {
        workspace.target.join("wasm").join(self.target)
    }

    /// `cargo SUBCOMMAND` on the library, for the browser.
    fn cargo(&self, workspace: &Workspace, setup: &Setup, subcommand: &str) -> Result<Command> {
        let toolchain = setup.toolchain.as_ref();
        let toolchain = toolchain.context("no toolchain; see the set-up")?;
        let mut command = toolchain.command(subcommand);
        command
            .current_dir(&workspace.root)
            .args(["--package=cosa", "--lib", "--target-dir"])
            .arg(self.target(workspace))
            .args(["--no-default-features", "--features", self.offers])
            .env("CARGO_PROFILE_WASM_OPT_LEVEL", self.opt_level)
            .env("CARGO_ENCODED_RUSTFLAGS", self.rustflags())
            .env_remove("RUSTFLAGS");
        Ok(command)
    }
}

/// Builds `pkg/wasm/<build>/cosa.js` and `cosa_bg.wasm`.
pub fn build(workspace: &Workspace, setup: &Setup) -> Result<()> {
    for build in &BUILDS {
        console::note(&format!("the {} build", build.name));
        make(workspace, setup, build)?;
    }
    Ok(())
}

/// The folders that [`build`] makes.
pub fn folders(workspace: &Workspace) -> Vec<PathBuf> {
    let folder = |build: &Build| workspace.wasm_out().join(build.name);
    BUILDS.iter().map(folder).collect()
}

fn make(workspace: &Workspace, setup: &Setup, build: &Build) -> Result<()> {
    let module = compile(workspace, setup, build)?;
    let out = workspace.wasm_out().join(build.name);
    let stamp = workspace.scratch().join(format!("{}.stamp", build.name));
    let digest = || digest(workspace, &module, &out);
    if fs::read_to_string(&stamp).is_ok_and(|old| digest().ok() == Some(old)) {
        console::note(&format!("{} is up to date", out.display()));
        return Ok(());
    }
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    bind(&module, &out)?;
    fs::write(stamp, digest()?)?;
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
    for build in &BUILDS {
        let mut command = build.cargo(workspace, setup, "clippy")?;
        process::show(command.args(["--", "-D", "warnings"]))?;
    }
    Ok(())
}

/// Compiles the library.
fn compile(workspace: &Workspace, setup: &Setup, build: &Build) -> Result<PathBuf> {
    let mut cargo = build.cargo(workspace, setup, "build")?;
    process::show(cargo.args(["--profile", PROFILE]))?;
    Ok(build
        .target(workspace)
        .join("wasm32-unknown-unknown")
        .join(PROFILE)
        .join("cosa.wasm"))
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

/// One hash over what goes in, how it is treated, and what came out.
fn digest(workspace: &Workspace, module: &Path, out: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update(fs::read(workspace.root.join("Cargo.lock"))?);
    hash.update(fs::read(module)?);
    for name in ["cosa.js", "cosa_bg.wasm"] {
        hash.update(fs::read(out.join(name))?);
    }
    Ok(hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}
