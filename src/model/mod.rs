//! One decoder-only transformer: token ids in, logits out.
//!
//! Families are data ([`config`]), and optional parts are read from the tensors that are
//! there. What is deliberately absent: text, sampling, and any knowledge of where the
//! arithmetic runs.

pub mod checks;
mod config;
pub mod kv_cache;
pub mod loader;
mod tensors;
pub mod transformer;
mod weights;

pub use config::ModelConfig;
pub use kv_cache::KvCache;
pub use loader::{LoadOptions, LoadedModel, Loader};
pub use transformer::{Sequence, Transformer};
