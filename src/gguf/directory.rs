//! The tensor directory: every entry checked alone, then all of them together.

use std::collections::HashSet;

use super::cursor::{Cursor, Step, Stop};
use super::header::TensorInfo;
use super::tensor_type;
use crate::error::{Error, Result};

/// ggml stops at 63 bytes; some writers go further.
const MAX_NAME: u64 = 255;
const MAX_DIMS: u32 = 4;
/// The fewest bytes of an entry: empty name, one dimension, type, offset.
pub(super) const MIN_ENTRY: u64 = 8 + 4 + 8 + 4 + 8;

/// Reads one entry; its offset still counts from the start of the data section.
pub(super) fn read_entry(cursor: &mut Cursor<'_>) -> Step<TensorInfo> {
    let name = cursor.string(MAX_NAME)?;
    let dims = cursor.u32()?;
    if dims == 0 || dims > MAX_DIMS {
        let detail = format!("{dims} dimensions, 1 to {MAX_DIMS} are possible");
        return Err(malformed(&name, detail).into());
    }
    let shape = (0..dims)
        .map(|_| cursor.u64())
        .collect::<Step<Vec<u64>>>()?;
    let dtype = tensor_type::from_ggml(cursor.u32()?).map_err(|found| {
        Stop::Fail(Error::UnsupportedTensorType {
            tensor: printable(&name),
            dtype: found,
            known: tensor_type::known(),
        })
    })?;
    let offset = cursor.u64()?;
    if shape.contains(&0) {
        let detail = format!("a dimension of 0 in the shape {shape:?}");
        return Err(malformed(&name, detail).into());
    }
    let row = dtype.row_bytes(shape[0]).ok_or_else(|| {
        let detail = format!("rows of {} weights are no whole {dtype} blocks", shape[0]);
        malformed(&name, detail)
    })?;
    let rows = shape[1..]
        .iter()
        .try_fold(row, |n, dim| n.checked_mul(*dim));
    let bytes = rows.ok_or_else(|| malformed(&name, format!("the shape {shape:?} overflows")))?;
    Ok(TensorInfo {
        name,
        shape,
        dtype,
        offset,
        bytes,
    })
}

/// Makes offsets absolute and sorts by them.
///
/// # Errors
/// `MalformedGguf` where tensors share a name, are misaligned, overlap or end beyond 2^64;
/// `TruncatedGguf` where one ends beyond `total`.
pub(super) fn lay_out(
    mut tensors: Vec<TensorInfo>,
    data_start: u64,
    alignment: u64,
    total: Option<u64>,
) -> Result<Vec<TensorInfo>> {
    check_names(&tensors)?;
    for info in &mut tensors {
        if !info.offset.is_multiple_of(alignment) {
            let detail = format!(
                "offset {} is not a multiple of the alignment {alignment}",
                info.offset
            );
            return Err(malformed(&info.name, detail));
        }
        let start = info.offset.checked_add(data_start);
        let end = start.and_then(|start| start.checked_add(info.bytes));
        let (Some(start), Some(end)) = (start, end) else {
            let detail = format!("offset {} overflows", info.offset);
            return Err(malformed(&info.name, detail));
        };
        info.offset = start;
        if let Some(found) = total.filter(|total| end > *total) {
            return Err(truncated(info, found));
        }
    }
    tensors.sort_by_key(|info| info.offset);
    for pair in tensors.windows(2) {
        if pair[0].offset + pair[0].bytes > pair[1].offset {
            let detail = format!("overlaps tensor {}", printable(&pair[0].name));
            return Err(malformed(&pair[1].name, detail));
        }
    }
    Ok(tensors)
}

fn check_names(tensors: &[TensorInfo]) -> Result<()> {
    let mut names = HashSet::new();
    match tensors.iter().find(|info| !names.insert(&*info.name)) {
        Some(info) => Err(malformed(
            &info.name,
            "the name stands there twice".to_owned(),
        )),
        None => Ok(()),
    }
}

/// The error for a file of `found` bytes that ends inside the tensor.
pub(super) fn truncated(info: &TensorInfo, found: u64) -> Error {
    Error::TruncatedGguf {
        at: format!("tensor {}", printable(&info.name)),
        needed: info.offset + info.bytes,
        found,
    }
}

pub(super) fn malformed(name: &str, detail: String) -> Error {
    Error::MalformedGguf {
        at: format!("tensor {}", printable(name)),
        detail,
    }
}

/// A name from the file, with control characters escaped, as terminals act on them.
pub(super) fn printable(name: &str) -> String {
    name.escape_debug().to_string()
}
