//! How much a visitor downloads: the size of `pkg/wasm`, as it is and as served.

use std::{fs, path::Path, process::Command};

use anyhow::Result;

use crate::{console, process, workspace::Workspace};

/// Node's own Brotli at its best quality, which is what a static host serves.
const BROTLI: &str = "const { brotliCompressSync, constants: c } = require('node:zlib');
const bytes = require('node:fs').readFileSync(process.argv[1]);
const params = { [c.BROTLI_PARAM_QUALITY]: 11, [c.BROTLI_PARAM_SIZE_HINT]: bytes.length };
console.log(brotliCompressSync(bytes, { params }).length);";

/// Prints one line for each file.
pub fn report(workspace: &Workspace) -> Result<()> {
    for name in ["cosa_bg.wasm", "cosa.js"] {
        let path = workspace.wasm_out().join(name);
        let raw = fs::metadata(&path)?.len();
        let brotli = brotli(&path)?;
        console::note(&format!(
            "pkg/wasm/{name}: {:.1} kB, {:.1} kB with Brotli",
            raw as f64 / 1e3,
            brotli as f64 / 1e3
        ));
    }
    Ok(())
}

fn brotli(path: &Path) -> Result<u64> {
    let output = process::output(Command::new("node").arg("-e").arg(BROTLI).arg(path))?;
    Ok(output.trim().parse()?)
}
