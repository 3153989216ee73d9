//! Debian packages, where this is a Debian and we may install them.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{
    process::{self, NO_LIMIT},
    workspace::Workspace,
};

/// Whether this system has apt.
pub fn available() -> bool {
    which::which("apt-get").is_ok()
}

/// The command that a person types for the same packages.
pub fn by_hand(packages: &[&str]) -> String {
    let packages = packages.join(" ");
    format!("sudo apt-get update && sudo apt-get install -y --no-install-recommends {packages}")
}

/// The version that apt would install, or `None` where it knows none.
pub fn candidate(package: &str) -> Option<String> {
    let policy = process::output(Command::new("apt-cache").args(["policy", package])).ok()?;
    let line = policy.lines().find(|line| line.contains("Candidate:"))?;
    let version = line.split_once(':')?.1.trim();
    (version != "(none)").then(|| version.to_owned())
}

/// Installs packages; reads the package lists anew only where they are too old or absent.
pub fn install(workspace: &Workspace, packages: &[&str]) -> Result<()> {
    let message = || format!("cannot install {packages:?}; type: {}", by_hand(packages));
    if !available() {
        bail!(message());
    }
    let mut arguments = vec!["install", "-y", "--no-install-recommends"];
    arguments.extend(packages);
    if apt_get(workspace, "apt-get install", &arguments).is_ok() {
        return Ok(());
    }
    apt_get(workspace, "apt-get update", &["update"])
        .and_then(|()| apt_get(workspace, "apt-get install", &arguments))
        .with_context(message)
}

fn apt_get(workspace: &Workspace, title: &str, arguments: &[&str]) -> Result<()> {
    let mut command = privileged()?;
    command
        .args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"])
        .args(["-o", "DPkg::Lock::Timeout=120"])
        .args(arguments);
    let log = workspace.scratch().join("apt.log");
    process::quiet(title, &mut command, &log, NO_LIMIT)
}

/// `env`, as root; a password is never asked for.
fn privileged() -> Result<Command> {
    let uid = process::output(Command::new("id").arg("-u"))?;
    if uid.trim() == "0" {
        return Ok(Command::new("env"));
    }
    process::output(Command::new("sudo").args(["-n", "true"]))
        .context("neither root nor sudo without a password")?;
    let mut command = Command::new("sudo");
    command.args(["-n", "env"]);
    Ok(command)
}
