//! From logits to text: one [`Generation`] that yields pieces.
//!
//! Deliberately absent: chats and configs (those are [`crate::guard`]) and clocks, which
//! callers hand in because wasm's standard library has none.

mod batch;
mod context;
mod generation;
mod likelihood;
mod options;
mod reasoning;
mod sampling;
mod step;
mod stop;
mod text_stream;

pub use batch::{Batch, Engine, Finished};
pub use context::Context;
pub use generation::{Clock, Generation, Output, PREFILL_CHUNK, Request};
pub use likelihood::{log_sum_exp, most_likely, surprise};
pub use options::GenerateOptions;
pub use reasoning::{Channel, ReasoningSplitter};
pub use sampling::Sampler;
pub use step::{FinishReason, Stats, Step};
pub use stop::StopFilter;
