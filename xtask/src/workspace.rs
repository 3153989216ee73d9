//! Where things lie in this checkout.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::process;

/// The directories that every task works in.
pub struct Workspace {
    /// The repository's root.
    pub root: PathBuf,
    /// Cargo's target directory, wherever the user's configuration puts it.
    pub target: PathBuf,
}

impl Workspace {
    /// Asks cargo, because `CARGO_TARGET_DIR` and configuration files can move the target.
    pub fn find() -> Result<Self> {
        let output = process::output(Command::new(cargo()).args([
            "metadata",
            "--no-deps",
            "--format-version=1",
            "--manifest-path",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        ]))?;
        let metadata: serde_json::Value = serde_json::from_str(&output)?;
        let field = |name: &str| {
            let path = metadata[name].as_str().map(PathBuf::from);
            path.with_context(|| format!("cargo metadata names no {name}"))
        };
        let workspace = Self {
            root: field("workspace_root")?,
            target: field("target_directory")?,
        };
        fs::create_dir_all(workspace.scratch())?;
        Ok(workspace)
    }

    /// Where this program keeps its own notes: logs, stamps.
    pub fn scratch(&self) -> PathBuf {
        self.target.join("xtask")
    }

    /// The npm project that holds the development tools.
    pub fn npm(&self) -> PathBuf {
        self.root.join("tests")
    }

    /// A command line tool that `npm ci` installed.
    pub fn npm_tool(&self, name: &str) -> PathBuf {
        let suffix = if cfg!(windows) { ".cmd" } else { "" };
        let bin = self.npm().join("node_modules").join(".bin");
        bin.join(format!("{name}{suffix}"))
    }

    /// The generated part of the npm package.
    pub fn wasm_out(&self) -> PathBuf {
        self.root.join("pkg").join("wasm")
    }
}

/// The cargo that runs this program, so that both use one toolchain.
pub fn cargo() -> PathBuf {
    env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

/// The newest modification time of a file, or `None` where it is absent.
pub fn modified(path: &Path) -> Option<std::time::SystemTime> {
    fs::metadata(path).and_then(|data| data.modified()).ok()
}
