//! The GGUF door: files that lie, files that are cut, and files that are right.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod chunks;
mod fuzz;
mod lies;
mod raw;
mod round_trip;
mod truncation;

use cosa::gguf::{Header, Metadata, Reader, Sink, TensorInfo, Value, Writer};
use cosa::quant::Dtype;
use cosa::{Error, Result};

/// What a sink is told, in order.
#[derive(Debug, Default, PartialEq)]
struct Events {
    header: Option<Header>,
    tensors: Vec<(TensorInfo, Vec<u8>)>,
}

impl Sink for Events {
    fn header(&mut self, header: &Header) -> Result<()> {
        assert!(self.header.is_none(), "a second header");
        self.header = Some(header.clone());
        Ok(())
    }

    fn tensor(&mut self, info: &TensorInfo, bytes: &[u8]) -> Result<()> {
        assert!(self.header.is_some(), "a tensor before the header");
        assert_eq!(bytes.len() as u64, info.bytes);
        self.tensors.push((info.clone(), bytes.to_vec()));
        Ok(())
    }
}

/// Reads `bytes` in chunks whose sizes `sizes` gives, in turn.
fn read(bytes: &[u8], sizes: &[usize], total: Option<u64>) -> (Events, Result<()>) {
    let mut events = Events::default();
    let mut reader = Reader::new(total);
    let mut rest = bytes;
    let mut result = Ok(());
    for size in sizes.iter().cycle() {
        if rest.is_empty() || result.is_err() {
            break;
        }
        let (chunk, after) = rest.split_at((*size).clamp(1, rest.len()));
        result = reader.push(chunk, &mut events);
        rest = after;
    }
    let finished = reader.finish();
    if result.is_err() {
        assert_eq!(finished, result, "an error stays");
    }
    (events, finished)
}

/// Reads `bytes` in one chunk of known total size.
fn read_whole(bytes: &[u8]) -> (Events, Result<()>) {
    read(bytes, &[usize::MAX], Some(bytes.len() as u64))
}

fn error_of(bytes: &[u8]) -> Error {
    read_whole(bytes).1.expect_err("an error")
}

/// Metadata with every value type and its extremes.
fn sample_metadata() -> Metadata {
    let mut metadata = Metadata::default();
    metadata
        .set("bool", Value::Bool(true))
        .set("bools", Value::Bools(vec![true, false, true]))
        .set("empty", Value::Strings(Vec::new()))
        .set("f32", Value::Float(1.5))
        .set("f64", Value::Float(0.1))
        .set("floats", Value::Floats(vec![0.1, -0.0, f32::INFINITY]))
        .set("general.architecture", Value::String("llama".to_owned()))
        .set("i32", Value::Int(i64::from(i32::MIN)))
        .set("i64", Value::Int(i64::MIN))
        .set("ints", Value::Ints(vec![1, -1, i64::from(i32::MAX)]))
        .set("longs", Value::Ints(vec![i64::MAX, i64::MIN]))
        .set(
            "strings",
            Value::Strings(vec![String::new(), "Ġü\0".to_owned()]),
        )
        .set("u32", Value::Uint(u64::from(u32::MAX)))
        .set("u64", Value::Uint(u64::MAX));
    metadata
}

/// A small valid file: tensors of three types, with padding after two of them.
fn sample() -> Vec<u8> {
    let bytes = |len: u8| (0..len).collect::<Vec<u8>>();
    Writer::new(sample_metadata())
        .tensor("a.weight", &[32, 2], Dtype::Q4_0, bytes(36))
        .tensor("b.bias", &[3], Dtype::F32, bytes(12))
        .tensor("c", &[2, 2, 2, 4], Dtype::F16, bytes(64))
        .to_bytes()
}
