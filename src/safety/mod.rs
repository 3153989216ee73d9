//! The CoSA domain: what a safety config is.
//!
//! Pure: no I/O, no tensors, no clock, no randomness. Paper: "Controllable Safety
//! Alignment", arXiv 2410.08968. Deliberately absent: who may set a config (that is
//! [`crate::guard`]) and how text becomes tokens.

mod config;
mod prompt;

pub use config::SafetyConfig;
pub use prompt::{Frame, system_message};
