//! Writing of GGUF files: version 3, little-endian, tensors aligned to 32 bytes.

use std::borrow::Cow;

use super::header::{ALIGNMENT_KEY, DEFAULT_ALIGNMENT, MAGIC};
use super::metadata::{Metadata, Value};
use crate::quant::Dtype;

/// A file in the making.
///
/// Sizes are not checked here: what is given is written. [`super::Reader`] checks.
#[derive(Debug, Clone)]
pub struct Writer<'a> {
    metadata: Metadata,
    tensors: Vec<Tensor<'a>>,
}

#[derive(Debug, Clone)]
struct Tensor<'a> {
    name: String,
    shape: Vec<u64>,
    dtype: Dtype,
    bytes: Cow<'a, [u8]>,
}

impl<'a> Writer<'a> {
    /// A file with these metadata and no tensors. A `general.alignment` is dropped, as
    /// the default alignment is used.
    #[must_use]
    pub fn new(mut metadata: Metadata) -> Self {
        metadata.0.remove(ALIGNMENT_KEY);
        Self {
            metadata,
            tensors: Vec::new(),
        }
    }

    /// Adds a tensor; `shape` is in ggml's order, row length first.
    #[must_use]
    pub fn tensor(
        mut self,
        name: &str,
        shape: &[u64],
        dtype: Dtype,
        bytes: impl Into<Cow<'a, [u8]>>,
    ) -> Self {
        self.tensors.push(Tensor {
            name: name.to_owned(),
            shape: shape.to_vec(),
            dtype,
            bytes: bytes.into(),
        });
        self
    }

    /// The whole file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        put_u32(&mut out, 3);
        put_u64(&mut out, self.tensors.len() as u64);
        put_u64(&mut out, self.metadata.0.len() as u64);
        for (key, value) in &self.metadata.0 {
            put_text(&mut out, key);
            put_value(&mut out, value);
        }
        self.put_directory(&mut out);
        for tensor in &self.tensors {
            pad(&mut out);
            out.extend_from_slice(&tensor.bytes);
        }
        pad(&mut out);
        out
    }

    fn put_directory(&self, out: &mut Vec<u8>) {
        let mut offset = 0;
        for tensor in &self.tensors {
            put_text(out, &tensor.name);
            put_u32(out, tensor.shape.len() as u32);
            tensor.shape.iter().for_each(|dim| put_u64(out, *dim));
            put_u32(out, tensor.dtype as u32);
            put_u64(out, offset);
            offset += (tensor.bytes.len() as u64).next_multiple_of(u64::from(DEFAULT_ALIGNMENT));
        }
    }
}

/// Writes the type, then the value, in the narrowest of the usual types that holds it.
fn put_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Uint(number) => match u32::try_from(*number) {
            Ok(number) => put(out, 4, &number.to_le_bytes()),
            Err(_) => put(out, 10, &number.to_le_bytes()),
        },
        Value::Int(number) => match i32::try_from(*number) {
            Ok(number) => put(out, 5, &number.to_le_bytes()),
            Err(_) => put(out, 11, &number.to_le_bytes()),
        },
        Value::Float(number) if f64::from(*number as f32).to_bits() == number.to_bits() => {
            put(out, 6, &(*number as f32).to_le_bytes());
        }
        Value::Float(number) => put(out, 12, &number.to_le_bytes()),
        Value::Bool(truth) => put(out, 7, &[u8::from(*truth)]),
        Value::String(text) => {
            put_u32(out, 8);
            put_text(out, text);
        }
        Value::Strings(items) => put_array(out, 8, items, |out, text| put_text(out, text)),
        Value::Ints(items) if items.iter().all(|item| i32::try_from(*item).is_ok()) => {
            put_array(out, 5, items, |out, item| put_u32(out, *item as u32));
        }
        Value::Ints(items) => put_array(out, 11, items, |out, item| put_u64(out, *item as u64)),
        Value::Floats(items) => put_array(out, 6, items, |out, item| put_u32(out, item.to_bits())),
        Value::Bools(items) => put_array(out, 7, items, |out, item| out.push(u8::from(*item))),
    }
}

fn put_array<T>(out: &mut Vec<u8>, kind: u32, items: &[T], item: impl Fn(&mut Vec<u8>, &T)) {
    put_u32(out, 9);
    put_u32(out, kind);
    put_u64(out, items.len() as u64);
    items.iter().for_each(|value| item(out, value));
}

fn put(out: &mut Vec<u8>, kind: u32, bytes: &[u8]) {
    put_u32(out, kind);
    out.extend_from_slice(bytes);
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_u64(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

fn put_u32(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn put_u64(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn pad(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(DEFAULT_ALIGNMENT as usize), 0);
}
