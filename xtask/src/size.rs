//! How much a visitor downloads: the size of `pkg/wasm`, as it is and as served.

use std::{fs, path::Path, process::Command};

use anyhow::{Result, ensure};

use crate::{console, process, wasm, workspace::Workspace};

/// Node's own Brotli at its best quality, which is what a static host serves.
const BROTLI: &str = "const { brotliCompressSync, constants: c } = require('node:zlib');
const bytes = require('node:fs').readFileSync(process.argv[1]);
const params = { [c.BROTLI_PARAM_QUALITY]: 11, [c.BROTLI_PARAM_SIZE_HINT]: bytes.length };
console.log(brotliCompressSync(bytes, { params }).length);";

/// What a module may weigh, in bytes: as it is, and with Brotli.
const MOST: (u64, u64) = (2_000_000, 800_000);

/// Prints one line for each file; fails where a module is too large.
pub fn report(workspace: &Workspace) -> Result<()> {
    for folder in wasm::folders(workspace) {
        for name in ["cosa_bg.wasm", "cosa.js"] {
            let path = folder.join(name);
            let raw = fs::metadata(&path)?.len();
            let brotli = brotli(&path)?;
            console::note(&format!(
                "{}: {:.1} kB, {:.1} kB with Brotli",
                path.strip_prefix(&workspace.root)
                    .unwrap_or(&path)
                    .display(),
                raw as f64 / 1e3,
                brotli as f64 / 1e3
            ));
            ensure!(
                raw <= MOST.0 && brotli <= MOST.1,
                "{name} may take {} bytes, {} with Brotli",
                MOST.0,
                MOST.1
            );
        }
    }
    Ok(())
}

fn brotli(path: &Path) -> Result<u64> {
    let output = process::output(Command::new("node").arg("-e").arg(BROTLI).arg(path))?;
    Ok(output.trim().parse()?)
}
