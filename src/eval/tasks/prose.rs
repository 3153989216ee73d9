//! Texts for perplexity: the column `text`.

use super::ReadOptions;
use crate::error::Result;
use crate::eval::records::Record;

pub(super) fn read(
    records: impl Iterator<Item = Result<Record>>,
    options: &ReadOptions,
) -> Result<Vec<String>> {
    let limit = options.limit.unwrap_or(usize::MAX);
    records
        .take(limit)
        .map(|record| Ok(record?.text("text")?.to_owned()))
        .collect()
}
