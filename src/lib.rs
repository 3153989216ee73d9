//! `cosa`: chat models that follow a safety config, on the user's own machine.
//!
//! A token's way: [`text`] turns messages into ids, [`model`] turns ids into logits on a
//! [`backend`], [`generate`] draws the next id and gives text back; [`guard`] decides what
//! the prompt holds and that the [`safety`] config is always in it. [`eval`] measures how
//! well that works, and `align` makes models better at it.

#[cfg(not(target_arch = "wasm32"))]
pub mod align;
pub mod backend;
pub mod error;
pub mod eval;
pub mod generate;
pub mod gguf;
pub mod guard;
pub mod model;
pub mod quant;
pub mod safety;
pub mod text;
#[cfg(target_arch = "wasm32")]
pub mod web;

pub use error::{Error, Result};
