//! A Rust toolchain that builds WebAssembly together with the standard library.
//!
//! One recipe, `-Zbuild-std`, serves every build, with threads or without, so what is
//! needed is the library's source. It comes from the toolchain in use, from rustup, or
//! from Debian's packages, in this order.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Result, bail};

use super::apt;
use crate::{
    console, process,
    workspace::{Workspace, cargo},
};

/// Debian's Rust for building browsers, under `/usr`, with sources and linker.
const PACKAGES: [&str; 5] = [
    "rustc-web",
    "cargo-web",
    "rust-web-src",
    "rust-web-llvm",
    "lld-22",
];

/// What a person types where rustup can download.
const RUSTUP_BY_HAND: &str = "rustup component add rust-src";

/// How long rustup may try; where there is no way to its server it would try for minutes.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(30);

/// Where the compiler for the browser comes from.
pub enum Toolchain {
    /// The toolchain that runs this program, with its sources.
    InUse,
    /// The toolchain that runs this program has a prebuilt library but no sources.
    Prebuilt,
    /// Debian's packages.
    Debian,
}

impl Toolchain {
    /// `cargo SUBCOMMAND` for the browser, told which compiler to use and whether to build
    /// the library.
    pub fn command(&self, subcommand: &str) -> Command {
        let mut command = match self {
            Self::InUse | Self::Prebuilt => Command::new(cargo()),
            Self::Debian => debian_cargo(),
        };
        command.args([subcommand, "--target=wasm32-unknown-unknown"]);
        if !matches!(self, Self::Prebuilt) {
            // The flag is unstable; the variable lets a stable compiler take it.
            command
                .env("RUSTC_BOOTSTRAP", "1")
                .arg("-Zbuild-std=std,panic_abort");
        }
        command
    }

    /// Whether `cargo clippy` comes with this compiler.
    pub fn has_clippy(&self) -> bool {
        !matches!(self, Self::Debian)
    }

    /// The compiler's version, as it names itself.
    pub fn version(&self) -> Result<String> {
        let rustc = if matches!(self, Self::Debian) {
            "/usr/bin/rustc"
        } else {
            "rustc"
        };
        Ok(process::output(Command::new(rustc).arg("--version"))?
            .trim()
            .to_owned())
    }

    fn describe(&self) -> &'static str {
        match self {
            Self::InUse => "the toolchain in use, its library built from rust-src",
            Self::Prebuilt => "the toolchain in use, with its prebuilt wasm32 library",
            Self::Debian => "Debian's rustc-web packages, their library built from source",
        }
    }
}

/// Debian's cargo, kept from seeing what the cargo that runs us told its children.
fn debian_cargo() -> Command {
    let mut command = Command::new("/usr/bin/cargo");
    command.env("RUSTC", "/usr/bin/rustc").env(
        "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER",
        "/usr/bin/rust-lld",
    );
    for name in [
        "RUSTUP_TOOLCHAIN",
        "CARGO",
        "RUSTC_WRAPPER",
        "LD_LIBRARY_PATH",
    ] {
        command.env_remove(name);
    }
    command
}

/// Finds a toolchain or brings one in, and says in one line which.
pub fn find_or_install(workspace: &Workspace) -> Result<Toolchain> {
    let toolchain = choose(workspace)?;
    let version = toolchain.version()?;
    console::note(&format!(
        "wasm toolchain: {} ({version})",
        toolchain.describe()
    ));
    Ok(toolchain)
}

/// `COSA_WASM_TOOLCHAIN=debian` passes over the toolchain in use.
fn choose(workspace: &Workspace) -> Result<Toolchain> {
    let wanted = env::var("COSA_WASM_TOOLCHAIN").unwrap_or_default();
    match wanted.as_str() {
        "" => (),
        "debian" => return debian(workspace),
        other => bail!("COSA_WASM_TOOLCHAIN is {other:?}; the one known value is \"debian\""),
    }
    let library = sysroot_library("rustc").unwrap_or_default();
    let prebuilt = has_prebuilt(&library);
    if has_sources(&library) || download_sources(workspace, prebuilt) {
        return Ok(Toolchain::InUse);
    }
    if prebuilt {
        return Ok(Toolchain::Prebuilt);
    }
    debian(workspace)
}

/// Asks rustup for the sources.
///
/// An attempt that failed is not repeated for this compiler while there is another way.
fn download_sources(workspace: &Workspace, prebuilt: bool) -> bool {
    if which::which("rustup").is_err() {
        return false;
    }
    let failed = workspace.scratch().join("rust-src-not-to-be-had");
    let version = Toolchain::InUse.version().unwrap_or_default();
    let known = fs::read_to_string(&failed).is_ok_and(|text| text == version);
    if known && (prebuilt || debian_library().is_some()) {
        return false;
    }
    let log = workspace.scratch().join("rustup.log");
    let mut rustup = Command::new("rustup");
    rustup.args(["component", "add", "rust-src"]);
    match process::quiet(RUSTUP_BY_HAND, &mut rustup, &log, DOWNLOAD_LIMIT) {
        Ok(()) => sysroot_library("rustc").as_deref().is_some_and(has_sources),
        Err(_) => {
            // Without this note the next run waits again; that is the only harm.
            let _ = fs::write(&failed, version);
            false
        }
    }
}

fn debian(workspace: &Workspace) -> Result<Toolchain> {
    if debian_library().is_some() {
        return Ok(Toolchain::Debian);
    }
    if !apt::available() {
        bail!("no toolchain can build WebAssembly here; type: {RUSTUP_BY_HAND}");
    }
    apt::install(workspace, &PACKAGES)?;
    if debian_library().is_none() {
        bail!("Debian's packages are installed, but sources or rust-lld are not under /usr");
    }
    Ok(Toolchain::Debian)
}

/// The library's directory of Debian's toolchain, where it is complete.
fn debian_library() -> Option<PathBuf> {
    let complete = ["/usr/bin/cargo", "/usr/bin/rust-lld"]
        .iter()
        .all(|path| Path::new(path).exists());
    complete
        .then(|| sysroot_library("/usr/bin/rustc"))
        .flatten()
        .filter(|path| has_sources(path))
}

/// `lib/rustlib` of a compiler.
fn sysroot_library(rustc: &str) -> Option<PathBuf> {
    let sysroot = process::output(Command::new(rustc).args(["--print", "sysroot"])).ok()?;
    Some(Path::new(sysroot.trim()).join("lib").join("rustlib"))
}

/// Whether the sources lie where cargo looks for them.
fn has_sources(library: &Path) -> bool {
    library.join("src/rust/library/std/Cargo.toml").is_file()
}

fn has_prebuilt(library: &Path) -> bool {
    library.join("wasm32-unknown-unknown/lib").is_dir()
}
