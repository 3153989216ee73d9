//! Which reader a file gets, by its name.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::{Record, csv, json, jsonl, parquet};
use crate::error::{Error, Result};

/// The records of a data file, read as they are asked for.
///
/// `.jsonl` and `.ndjson` (also with `.gz` behind), `.csv` with commas and `.tsv` with tabs,
/// both with a header row, `.parquet`, and `.json` with one array of objects, which is read
/// whole and may have 64 MiB. A damaged Parquet file is mostly an error, but the library that
/// reads them panics on some.
///
/// # Errors
/// `InvalidOption` for an ending that is not known, `Io` where the file cannot be read,
/// `BadRecord` where it is not what its name says. Each record may be a `BadRecord` too.
pub fn open(path: &Path) -> Result<Box<dyn Iterator<Item = Result<Record>>>> {
    let name = path.file_name().unwrap_or(path.as_os_str());
    let name = name.to_string_lossy().into_owned();
    let lower = name.to_ascii_lowercase();
    let mut endings = lower.rsplit('.');
    let kind = (endings.next(), endings.next());
    if !matches!(
        kind,
        (
            Some("jsonl" | "ndjson" | "csv" | "tsv" | "json" | "parquet"),
            Some(_)
        ) | (Some("gz"), Some("jsonl" | "ndjson"))
    ) {
        return Err(unknown(path));
    }
    let file = File::open(path).map_err(|error| Error::Io {
        path: path.display().to_string(),
        detail: error.to_string(),
    })?;
    Ok(match kind.0 {
        Some("csv") => Box::new(csv::records(&name, file, b',')?),
        Some("tsv") => Box::new(csv::records(&name, file, b'\t')?),
        Some("json") => Box::new(json::records(&name, file)?),
        Some("parquet") => Box::new(parquet::records(&name, file)?),
        Some("gz") => {
            let text = MultiGzDecoder::new(BufReader::new(file));
            Box::new(jsonl(&name, BufReader::new(text)))
        }
        _ => Box::new(jsonl(&name, BufReader::new(file))),
    })
}

fn unknown(path: &Path) -> Error {
    Error::InvalidOption {
        name: "data".to_owned(),
        detail: format!(
            "the ending of {} is not known; known: .jsonl, .ndjson, .jsonl.gz, .ndjson.gz, \
             .csv, .tsv, .json, .parquet",
            path.display()
        ),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn an_unknown_ending_names_the_known_ones() {
        for name in [
            "prompts",
            "jsonl",
            "prompts.txt",
            "prompts.gz",
            "prompts.csv.gz",
        ] {
            let error = open(Path::new(name)).err().unwrap();
            assert_eq!(error.code(), "invalid_option");
            let message = error.to_string();
            assert!(
                message.contains(name) && message.contains(".jsonl.gz"),
                "{message}"
            );
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = open(Path::new("no-such-folder/a.JSONL")).err().unwrap();
        assert_eq!(error.code(), "io");
        assert!(error.to_string().contains("no-such-folder"));
    }
}
