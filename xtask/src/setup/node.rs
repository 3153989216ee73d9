//! Node with npm, and the development tools that `npm ci` brings.

use std::{env, fs, path::PathBuf, process::Command};

use anyhow::{Context, Result, bail};

use super::apt;
use crate::{
    console,
    process::{self, NO_LIMIT},
    workspace::{Workspace, modified},
};

/// The oldest major version with the test runner's options that we use.
const OLDEST: u32 = 20;

/// Makes `tests/node_modules` agree with `tests/package-lock.json`.
///
/// Packages' install scripts never run: none of ours needs one, and some download.
pub fn install(workspace: &Workspace) -> Result<()> {
    let (version, npm) = find_or_install(workspace)?;
    let lock = workspace.npm().join("package-lock.json");
    let modules = workspace.npm().join("node_modules");
    let stamp = modules.join(".installed");
    let current = modified(&stamp).zip(modified(&lock));
    if current.is_none_or(|(stamp, lock)| stamp < lock) {
        let mut command = Command::new(npm);
        command.current_dir(workspace.npm()).args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
        ]);
        let log = workspace.scratch().join("npm.log");
        process::quiet("npm ci", &mut command, &log, NO_LIMIT)
            .context("cannot install the tools; type: npm ci --ignore-scripts --prefix tests")?;
        fs::write(&stamp, "")?;
    }
    console::note(&format!(
        "node: {version}, packages as in tests/package-lock.json"
    ));
    Ok(())
}

/// Node's version and npm's path, installed from Debian where Debian's is new enough.
fn find_or_install(workspace: &Workspace) -> Result<(String, PathBuf)> {
    if let Some(found) = find() {
        return Ok(found);
    }
    let packaged = apt::available().then(|| apt::candidate("nodejs")).flatten();
    if packaged.is_some_and(|version| is_enough(&version)) {
        apt::install(workspace, &["nodejs", "npm"])?;
        if let Some(found) = find() {
            return Ok(found);
        }
    }
    bail!(
        "Node {OLDEST} or newer with npm is needed; type: {}",
        by_hand()
    )
}

fn find() -> Option<(String, PathBuf)> {
    let npm = which::which("npm").ok()?;
    let version = process::output(Command::new("node").arg("--version")).ok()?;
    let version = version.trim().to_owned();
    is_enough(&version).then_some((version, npm))
}

fn is_enough(version: &str) -> bool {
    let version = version.trim_start_matches('v');
    let major = version.split('.').next().unwrap_or_default();
    major.parse().is_ok_and(|major: u32| major >= OLDEST)
}

/// The command for this system where we cannot install Node ourselves.
fn by_hand() -> &'static str {
    match env::consts::OS {
        "macos" => "brew install node",
        "windows" => "winget install OpenJS.NodeJS.LTS",
        _ => {
            "curl -fsSL https://raw.githubusercontent.com/nvm-sh/nvm/v0.40.3/install.sh | bash \
             && . ~/.nvm/nvm.sh && nvm install 22"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_enough;

    #[test]
    fn versions_of_node_and_of_debian_are_read() {
        assert!(is_enough("v20.20.2"));
        assert!(is_enough("22.14.0+dfsg-1"));
        assert!(!is_enough("18.20.4+dfsg-1~deb12u1"));
        assert!(!is_enough("v9.0.0"));
        assert!(!is_enough(""));
    }
}
