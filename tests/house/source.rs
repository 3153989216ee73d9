//! The files that the rules read.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// One text file, by its path from the repository's root.
pub struct Source {
    /// With `/` on every system.
    pub path: String,
    pub text: String,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    fn read(file: &Path) -> Option<Self> {
        let text = String::from_utf8(fs::read(file).ok()?).ok()?;
        let path = file.strip_prefix(root()).unwrap_or(file);
        let path = path.to_string_lossy().replace('\\', "/");
        (!text.contains('\0')).then_some(Self { path, text })
    }

    /// The names of the modules that this file is in: `["model", "config"]`.
    pub fn module(&self) -> Vec<&str> {
        let path = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let path = path.trim_end_matches(".rs").trim_end_matches("/mod");
        path.split('/').filter(|name| *name != "lib").collect()
    }

    /// Whether the file holds only tests.
    pub fn is_tests(&self) -> bool {
        self.path.starts_with("tests/") || self.path.ends_with("tests.rs")
    }

    pub fn violation(&self, line: usize, reason: impl Into<String>) -> Violation {
        Violation {
            path: self.path.clone(),
            line,
            reason: reason.into(),
        }
    }
}

/// A broken rule: where, and why the rule is there.
#[derive(Debug)]
pub struct Violation {
    pub path: String,
    pub line: usize,
    pub reason: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.reason)
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below some folders.
pub fn rust_files(folders: &[&str]) -> Vec<Source> {
    folders
        .iter()
        .flat_map(|folder| walk(&root().join(folder)))
        .filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
        .filter_map(|file| Source::read(&file))
        .collect()
}

/// The JavaScript files directly in some folders; what is generated lies deeper.
pub fn script_files(folders: &[&str]) -> Vec<Source> {
    folders
        .iter()
        .filter_map(|folder| fs::read_dir(root().join(folder)).ok())
        .flat_map(|entries| entries.filter_map(Result::ok))
        .map(|entry| entry.path())
        .filter(|file| file.extension().is_some_and(|extension| extension == "js"))
        .filter_map(|file| Source::read(&file))
        .collect()
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files = Vec::new();
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.is_file() {
            files.push(path);
        } else if !path.ends_with("node_modules") {
            files.extend(walk(&path));
        }
    }
    files.sort();
    files
}

/// The text files that git tracks or would track; `None` where this is no checkout.
pub fn tracked_files() -> Option<Vec<Source>> {
    let output = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root())
        .output()
        .ok()?;
    let names = String::from_utf8(output.stdout).ok()?;
    let names = names.split('\0').filter(|name| !name.is_empty());
    let files = names.filter_map(|name| Source::read(&root().join(name)));
    output.status.success().then(|| files.collect())
}
