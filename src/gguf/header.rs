//! What stands before the weights in a GGUF file.

use super::foreign;
use super::metadata::Metadata;
use crate::error::{Error, Result};
use crate::quant::Dtype;

pub(super) const MAGIC: &[u8] = b"GGUF";
pub(super) const ALIGNMENT_KEY: &str = "general.alignment";
pub(super) const DEFAULT_ALIGNMENT: u32 = 32;
const MAX_ALIGNMENT: u32 = 1 << 16;

/// One entry of the tensor directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    /// The tensor's name, unique in the file.
    pub name: String,
    /// One to four dimensions in ggml's order: `shape[0]` is the row length.
    pub shape: Vec<u64>,
    /// How the weights are stored.
    pub dtype: Dtype,
    /// Where the bytes start, counted from the start of the file.
    pub offset: u64,
    /// How many bytes there are.
    pub bytes: u64,
}

/// Everything that stands before the weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// 2 or 3; both have the same layout.
    pub version: u32,
    /// The key-value pairs.
    pub metadata: Metadata,
    /// The tensors, sorted by offset.
    pub tensors: Vec<TensorInfo>,
    /// Where the data section starts, counted from the start of the file.
    pub data_start: u64,
}

/// Refuses a file as soon as one of its first four bytes is wrong.
pub(super) fn check_magic(start: &[u8]) -> Result<()> {
    let seen = start.len().min(MAGIC.len());
    if seen > 0 && start[..seen] == MAGIC[..seen] {
        return Ok(());
    }
    Err(foreign::not_gguf(start))
}

pub(super) fn check_version(version: u32) -> Result<u32> {
    let detail = match version {
        2 | 3 => return Ok(version),
        1 => "version 1 is obsolete; convert the model again".to_owned(),
        _ if (1..=0xff).contains(&version.swap_bytes()) => {
            "the file is big-endian; convert it to little-endian".to_owned()
        }
        _ => format!("version {version} is unknown; 2 and 3 are supported"),
    };
    Err(Error::MalformedGguf {
        at: "the version".to_owned(),
        detail,
    })
}

/// The alignment of tensor data that the metadata asks for.
pub(super) fn alignment(metadata: &Metadata) -> Result<u64> {
    let alignment = metadata
        .opt_u32(ALIGNMENT_KEY)?
        .unwrap_or(DEFAULT_ALIGNMENT);
    if alignment.is_power_of_two() && alignment <= MAX_ALIGNMENT {
        return Ok(u64::from(alignment));
    }
    Err(Error::BadMetadata {
        key: ALIGNMENT_KEY.to_owned(),
        detail: format!("{alignment} is not a power of two up to {MAX_ALIGNMENT}"),
    })
}
