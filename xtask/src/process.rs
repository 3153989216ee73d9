//! Running other programs: shown as they run, captured, or behind a spinner.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::console::Progress;

/// Runs a command with its output shown as it comes.
pub fn show(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| cannot_run(command))?;
    succeeded(command, status)
}

/// Runs a command and returns what it wrote to standard output.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| cannot_run(command))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("{}\n{}", failed(command, output.status), stderr.trim_end());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a command with its output shown, and hands every line of standard output on.
///
/// Returns whether the command succeeded.
pub fn lines(command: &mut Command, mut each: impl FnMut(&str)) -> Result<bool> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| cannot_run(command))?;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line?;
            let line = String::from_utf8_lossy(&line);
            println!("{}", line.trim_end_matches('\r'));
            each(&line);
        }
    }
    Ok(child.wait()?.success())
}

/// Runs a command behind a spinner; its output is shown only when it fails.
///
/// The command is stopped when it takes longer than `limit`. Its output goes to `log`.
pub fn quiet(title: &str, command: &mut Command, log: &Path, limit: Duration) -> Result<()> {
    let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .spawn()
        .with_context(|| cannot_run(command))?;
    let mut progress = Progress::start(title);
    let status = wait(&mut child, limit, || progress.tick())?;
    let done = status.is_some_and(|status| status.success());
    progress.finish(if done { "done" } else { "failed" });
    let tail = tail(log);
    let Some(status) = status else {
        bail!(
            "{} took longer than {} s\n{tail}",
            name(command),
            limit.as_secs()
        );
    };
    succeeded(command, status).with_context(|| tail)
}

/// The limit for work that only a person can call too long.
pub const NO_LIMIT: Duration = Duration::from_secs(24 * 3600);

/// Polls a child until it ends; `None` means that it was stopped at the limit.
fn wait(child: &mut Child, limit: Duration, mut tick: impl FnMut()) -> Result<Option<ExitStatus>> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        tick();
        thread::sleep(Duration::from_millis(50));
    }
}

/// The last lines of a log, where the reason of a failure stands.
fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

fn succeeded(command: &Command, status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!(failed(command, status));
    }
    Ok(())
}

fn failed(command: &Command, status: ExitStatus) -> String {
    format!("{} failed ({status})", name(command))
}

fn cannot_run(command: &Command) -> String {
    format!("cannot run {}", name(command))
}

/// The program and its first argument: enough to recognise it.
fn name(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program.file_name().unwrap_or(command.get_program());
    let first = command.get_args().next().unwrap_or_default();
    format!("{} {}", program.to_string_lossy(), first.to_string_lossy())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_command_is_stopped_at_its_limit() {
        let log = std::env::temp_dir().join(format!("xtask-limit-{}.log", std::process::id()));
        let start = Instant::now();
        let limit = Duration::from_millis(200);
        let error = quiet("sleep", Command::new("sleep").arg("30"), &log, limit).unwrap_err();
        assert!(start.elapsed() < Duration::from_secs(10));
        assert!(error.to_string().contains("took longer"), "{error}");
        fs::remove_file(log).unwrap();
    }

    #[test]
    #[cfg(unix)]
    fn a_failure_shows_the_end_of_the_output() {
        let log = std::env::temp_dir().join(format!("xtask-tail-{}.log", std::process::id()));
        let mut command = Command::new("sh");
        command.args(["-c", "echo the reason; exit 3"]);
        let error = quiet("sh", &mut command, &log, NO_LIMIT).unwrap_err();
        assert!(format!("{error:#}").contains("the reason"), "{error:#}");
        fs::remove_file(log).unwrap();
    }
}
