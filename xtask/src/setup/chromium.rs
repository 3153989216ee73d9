//! The browser of the tests.

use std::{env, path::PathBuf};

use anyhow::{Context, Result, bail};

use super::apt;
use crate::{console, workspace::Workspace};

/// Names on `PATH`, and where the systems without one keep the browser.
const PLACES: [&str; 6] = [
    "google-chrome",
    "google-chrome-stable",
    "chromium",
    "chromium-browser",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
];

/// The browser that `CHROMIUM` names, else one that is installed, else Debian's.
pub fn find_or_install(workspace: &Workspace) -> Result<PathBuf> {
    if let Some(path) = env::var_os("CHROMIUM") {
        let found = which::which(&path).with_context(|| {
            format!(
                "CHROMIUM names {}, which cannot be run",
                path.to_string_lossy()
            )
        })?;
        return Ok(said(found));
    }
    if let Some(found) = installed() {
        return Ok(said(found));
    }
    if !apt::available() {
        bail!(
            "the browser tests need Chromium: {}, or set CHROMIUM to its path",
            by_hand()
        );
    }
    apt::install(workspace, &["chromium"])?;
    installed()
        .map(said)
        .context("the chromium package brought no program of that name; set CHROMIUM to its path")
}

fn installed() -> Option<PathBuf> {
    PLACES.iter().find_map(|place| which::which(place).ok())
}

fn said(path: PathBuf) -> PathBuf {
    console::note(&format!("browser: {}", path.display()));
    path
}

fn by_hand() -> String {
    match env::consts::OS {
        "macos" => "brew install --cask google-chrome".to_owned(),
        "windows" => "winget install Google.Chrome".to_owned(),
        _ => apt::by_hand(&["chromium"]),
    }
}
