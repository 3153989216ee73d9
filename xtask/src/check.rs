//! `cargo xtask test`: every check of the project, one after another, all of them.

use std::{collections::BTreeSet, fs, path::PathBuf, process::Command, time::Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    console,
    counts::Counts,
    process,
    setup::{self, Setup},
    size, wasm,
    workspace::{Workspace, cargo},
};

/// What the parts share.
struct Run<'a> {
    workspace: &'a Workspace,
    setup: Setup,
    status_before: Option<BTreeSet<String>>,
    /// Whether pkg/wasm is there and current.
    built: bool,
}

/// One part of the run.
type Part = fn(&mut Run<'_>, &mut Counts) -> Result<()>;

const PARTS: [(&str, Part); 11] = [
    ("set-up", set_up),
    ("format", format),
    ("lints", lints),
    ("native tests", native_tests),
    ("shaders", shaders),
    ("wasm lints", wasm_lints),
    ("wasm build", wasm_build),
    ("types", types),
    ("browser tests", browser_tests),
    ("size", sizes),
    ("clean checkout", clean_checkout),
];

/// Runs all parts, whatever fails; returns whether none did.
///
/// The last line printed is `N passed, N failed`.
pub fn run(workspace: &Workspace) -> Result<bool> {
    let mut run = Run {
        workspace,
        setup: Setup::default(),
        status_before: git_status(workspace),
        built: false,
    };
    let start = Instant::now();
    let mut total = Counts::default();
    let mut summary = Vec::new();
    for (name, part) in PARTS {
        let (counts, line) = run_part(&mut run, name, part);
        total = total.plus(counts);
        summary.push(line);
    }
    console::heading(&format!("Summary, {}", console::elapsed(start)));
    summary.iter().for_each(|line| console::note(line));
    println!("\n{} passed, {} failed", total.passed, total.failed);
    Ok(total.failed == 0)
}

fn run_part(run: &mut Run<'_>, name: &str, part: Part) -> (Counts, String) {
    console::heading(name);
    let start = Instant::now();
    let mut counts = Counts::default();
    let outcome = part(run, &mut counts);
    let counts = counts.of_part(outcome.is_ok());
    let word = if counts.failed == 0 { "ok" } else { "FAILED" };
    let mut line = format!(
        "{name:15} {word:6} {:5} passed {:3} failed  {}",
        counts.passed,
        counts.failed,
        console::elapsed(start)
    );
    if let Err(error) = outcome {
        console::error(&format!("{name}: {error:#}"));
        line.push_str(&format!(
            "  {}",
            format!("{error:#}").lines().next().unwrap_or_default()
        ));
    }
    (counts, line)
}

fn set_up(run: &mut Run<'_>, _: &mut Counts) -> Result<()> {
    run.setup = setup::for_tests(run.workspace);
    ensure!(run.setup.failures.is_empty(), run.setup.failures.join("\n"));
    Ok(())
}

fn cargo_command(run: &Run<'_>, arguments: &[&str]) -> Command {
    let mut command = Command::new(cargo());
    command.current_dir(&run.workspace.root).args(arguments);
    command
}

fn format(run: &mut Run<'_>, _: &mut Counts) -> Result<()> {
    process::show(&mut cargo_command(run, &["fmt", "--all", "--check"]))
}

fn lints(run: &mut Run<'_>, _: &mut Counts) -> Result<()> {
    let arguments = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    process::show(&mut cargo_command(run, &arguments))
}

fn native_tests(run: &mut Run<'_>, counts: &mut Counts) -> Result<()> {
    let mut command = cargo_command(run, &["test", "--workspace", "--no-fail-fast"]);
    let succeeded = process::lines(&mut command, |line| counts.read(line))?;
    ensure!(succeeded, "cargo test failed");
    Ok(())
}

/// Shaders are checked by naga in the native tests; this part says how many there are.
fn shaders(run: &mut Run<'_>, _: &mut Counts) -> Result<()> {
    let folder = run.workspace.root.join("src/backend/webgpu/wgsl");
    let shaders = fs::read_dir(folder).map_or(0, Iterator::count);
    match shaders {
        0 => console::note("there are no shaders yet"),
        _ => console::note(&format!("{shaders} shaders, checked by the native tests")),
    }
    Ok(())
}

fn wasm_lints(run: &mut Run<'_>, _: &mut Counts) -> Result<()> {
    wasm::lint(run.workspace, &run.setup)
}

fn wasm_build(run: &mut Run<'_>, _: &mut Counts) -> Result<()> {
    wasm::build(run.workspace, &run.setup)?;
    run.built = true;
    Ok(())
}

fn types(run: &mut Run<'_>, _: &mut Counts) -> Result<()> {
    if !run.workspace.npm().join("tsconfig.json").is_file() {
        console::note("tests/tsconfig.json is absent; nothing to check");
        return Ok(());
    }
    ensure!(run.setup.npm, "not run, because the npm tools are missing");
    let mut tsc = Command::new(run.workspace.npm_tool("tsc"));
    process::show(
        tsc.current_dir(&run.workspace.root)
            .args(["-p", "tests/tsconfig.json"]),
    )
}

fn browser_tests(run: &mut Run<'_>, counts: &mut Counts) -> Result<()> {
    let files = browser_test_files(run.workspace)?;
    if files.is_empty() {
        console::note("tests/browser holds no tests yet");
        return Ok(());
    }
    ensure!(
        run.built && run.setup.npm,
        "not run, because the package was not built"
    );
    let chromium = run.setup.chromium.as_ref();
    let chromium = chromium.context("not run, because there is no browser")?;
    let mut node = Command::new("node");
    // One file at a time: two browsers at once would disturb each other's timing.
    node.current_dir(&run.workspace.root)
        .args(["--test", "--test-reporter=spec", "--test-concurrency=1"])
        .args(files)
        .env("CHROMIUM", chromium);
    let succeeded = process::lines(&mut node, |line| counts.read(line))?;
    ensure!(succeeded, "node --test failed");
    Ok(())
}

/// The files by name: versions of Node differ in what a folder after `--test` means.
fn browser_test_files(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let Ok(folder) = fs::read_dir(workspace.npm().join("browser")) else {
        return Ok(Vec::new());
    };
    let mut files = Vec::new();
    for entry in folder {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(".test.mjs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn sizes(run: &mut Run<'_>, _: &mut Counts) -> Result<()> {
    ensure!(run.built, "not run, because the package was not built");
    size::report(run.workspace)
}

/// Nothing that this run made may lie where git sees it.
fn clean_checkout(run: &mut Run<'_>, _: &mut Counts) -> Result<()> {
    let before = run.status_before.take();
    let Some((before, after)) = before.zip(git_status(run.workspace)) else {
        console::note("not a git checkout; nothing to compare");
        return Ok(());
    };
    let new: Vec<&str> = after.difference(&before).map(String::as_str).collect();
    if !new.is_empty() {
        bail!("this run changed the checkout: {}", new.join(", "));
    }
    console::note("git status is as it was");
    Ok(())
}

fn git_status(workspace: &Workspace) -> Option<BTreeSet<String>> {
    let mut git = Command::new("git");
    git.current_dir(&workspace.root)
        .args(["status", "--porcelain"]);
    let status = process::output(&mut git).ok()?;
    Some(status.lines().map(str::to_owned).collect())
}
