//! Training: gradients by candle's autograd, everything else in plain sight.
//!
//! A step's way: [`batches`] says which items come, an [`Objective`] turns them into a loss
//! on the [`network`], the [`optimizer`] moves the weights, and a [`checkpoint`] keeps them. The
//! same seed gives the same weights, also for a run that was stopped and goes on.

mod adamw;
pub mod batches;
pub mod checkpoint;
mod cores;
pub mod curve;
pub mod examples;
pub mod gradients;
pub mod likelihood;
mod muon;
pub mod network;
mod ops;
pub mod optimizer;
pub mod options;
pub mod parameters;
pub mod place;
pub mod run;

pub use examples::{Encoder, Example};
pub use network::Network;
pub use options::TrainOptions;
pub use parameters::{Lora, Parameters, Scope};
pub use place::{Place, Precision};
pub use run::{Loss, Objective, Progress, mean_loss, train};

use crate::error::Error;

/// An error of candle's.
#[expect(clippy::needless_pass_by_value, reason = "map_err gives the value")]
pub(super) fn training(error: candle_core::Error) -> Error {
    Error::Training {
        detail: error.to_string(),
    }
}
