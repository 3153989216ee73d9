//! The page's two third-party modules, copied from npm so that the page loads nothing else.

use std::{fs, path::Path};

use anyhow::{Context, Result};

use crate::workspace::Workspace;

/// From `tests/node_modules` to `www/vendor`: each module with its licence.
const FILES: [(&str, &str); 4] = [
    ("marked/lib/marked.esm.js", "marked.esm.js"),
    ("marked/LICENSE", "marked.LICENSE"),
    ("dompurify/dist/purify.es.mjs", "purify.es.mjs"),
    ("dompurify/LICENSE", "purify.LICENSE"),
];

/// Copies what differs.
pub fn copy(workspace: &Workspace) -> Result<()> {
    let modules = workspace.npm().join("node_modules");
    let vendor = workspace.root.join("www").join("vendor");
    fs::create_dir_all(&vendor)?;
    for (from, to) in FILES {
        copy_file(&modules.join(from), &vendor.join(to))?;
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> Result<()> {
    let bytes = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    if fs::read(to).ok().as_ref() != Some(&bytes) {
        fs::write(to, bytes).with_context(|| format!("cannot write {}", to.display()))?;
    }
    Ok(())
}
