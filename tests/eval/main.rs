//! The evaluation from data set to numbers, with systems and judges whose words are known.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod builtin;
mod formats;
mod parts;
mod runs;
