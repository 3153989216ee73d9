//! The GGUF file format: bytes become metadata and a tensor directory.
//!
//! [`Reader`] takes a file in pieces of any size and tells a [`Sink`] first the
//! [`Header`], then each tensor's bytes; [`Writer`] makes files. Nothing here computes,
//! and no length in a file is trusted before it is compared with the bytes that are
//! really there: memory grows with the bytes received, never with the numbers they hold.
//! Source: `ggml/docs/gguf.md`, versions 2 and 3, little-endian.
//!
//! Absent on purpose: big-endian files, version 1, arrays of arrays, memory mapping.

mod cursor;
mod directory;
#[cfg(not(target_arch = "wasm32"))]
mod files;
mod foreign;
mod header;
pub mod metadata;
mod parser;
mod reader;
mod tensor_type;
mod value;
mod writer;

#[cfg(not(target_arch = "wasm32"))]
pub use files::{read_path, shard_paths};
pub use header::{Header, TensorInfo};
pub use metadata::{Metadata, Value};
pub use reader::{Reader, Sink};
pub use writer::Writer;
