//! How a model's weights came to be, a line a stage, in its file.

use crate::error::Result;
use crate::gguf::{Metadata, Value};

const KEY: &str = "cosa.provenance";

/// The lines of a file, oldest first.
///
/// # Errors
/// `BadMetadata` where they are no texts.
pub fn of(metadata: &Metadata) -> Result<Vec<String>> {
    let lines = metadata.opt_strings(KEY)?.unwrap_or_default();
    Ok(lines.to_vec())
}

/// Adds lines behind those that are there.
///
/// # Errors
/// As [`of`].
pub fn add(metadata: &mut Metadata, lines: impl IntoIterator<Item = String>) -> Result<()> {
    let all = of(metadata)?.into_iter().chain(lines).collect();
    metadata.set(KEY, Value::Strings(all));
    Ok(())
}
