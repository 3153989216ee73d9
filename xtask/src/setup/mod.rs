//! Set-up: everything that a build or a test needs, brought in where it is missing.
//!
//! Every step first looks for what is there, so a second run only looks. A step that
//! cannot help itself returns one message with the exact command to type.

mod apt;
mod chromium;
mod node;
mod toolchain;
mod vendor;

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::{console, workspace::Workspace};

pub use toolchain::Toolchain;

/// What set-up found or brought in; what is absent has its reason in `failures`.
#[derive(Default)]
pub struct Setup {
    /// Builds WebAssembly.
    pub toolchain: Option<Toolchain>,
    /// Whether the npm tools and the page's vendored modules are in place.
    pub npm: bool,
    /// The browser of the tests.
    pub chromium: Option<PathBuf>,
    /// One message for each thing that is missing.
    pub failures: Vec<String>,
}

impl Setup {
    /// Keeps a step's outcome: its value, or its message among the failures.
    fn take<T>(&mut self, step: Result<T>) -> Option<T> {
        match step {
            Ok(value) => Some(value),
            Err(error) => {
                console::error(&format!("{error:#}"));
                self.failures.push(format!("{error:#}"));
                None
            }
        }
    }
}

/// All that the page needs; the first thing missing is an error.
pub fn for_page(workspace: &Workspace) -> Result<Setup> {
    let setup = page(workspace);
    if !setup.failures.is_empty() {
        bail!("set-up is incomplete; see the message above");
    }
    Ok(setup)
}

/// All that the tests need; what is missing is reported, so that the rest can run.
pub fn for_tests(workspace: &Workspace) -> Setup {
    let mut setup = page(workspace);
    let chromium = chromium::find_or_install(workspace);
    setup.chromium = setup.take(chromium);
    setup
}

fn page(workspace: &Workspace) -> Setup {
    let mut setup = Setup::default();
    let toolchain = toolchain::find_or_install(workspace);
    setup.toolchain = setup.take(toolchain);
    let npm = node::install(workspace).and_then(|()| vendor::copy(workspace));
    setup.npm = setup.take(npm).is_some();
    setup
}
