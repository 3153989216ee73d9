//! What is evaluated: anything that answers prompts.

mod local;
mod recorded;

pub use local::Local;
pub use recorded::Recorded;

use std::collections::BTreeMap;

use crate::error::Result;
use crate::generate::GenerateOptions;
use crate::safety::Frame;
use crate::text::Message;

/// Where in a run a response belongs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// Name of the set-up that generated it.
    pub setup: String,
    /// Id of the scenario.
    pub config_id: String,
    /// Id of the sample.
    pub prompt_id: String,
}

/// One prompt to answer.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Comes back with the reply.
    pub key: usize,
    /// For systems that look answers up.
    pub address: Address,
    /// The whole prompt.
    pub turns: Vec<Message>,
    /// How to draw and when to stop.
    pub options: GenerateOptions,
}

/// What a system said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// The answer.
    pub text: String,
    /// What it thought before.
    pub reasoning: Option<String>,
}

/// What came of an [`Ask`].
#[derive(Debug, Clone)]
pub struct Reply {
    /// Of the ask.
    pub key: usize,
    /// An error concerns this prompt alone.
    pub response: Result<Response>,
}

/// Where a system's time went, in milliseconds, by name.
pub type Times = BTreeMap<&'static str, f64>;

/// Something that answers prompts.
pub trait System {
    /// For the report: which model, which weights.
    fn name(&self) -> String;

    /// How it wants to see a config.
    fn frame(&self) -> Frame {
        Frame::default()
    }

    /// Takes prompts; those with a common beginning behind one another.
    fn ask(&mut self, asks: Vec<Ask>);

    /// One bounded piece of work. Returns what came of it; all asked prompts come back.
    ///
    /// # Errors
    /// What makes going on pointless.
    fn step(&mut self) -> Result<Vec<Reply>>;

    /// How likely each of `options` is as the answer, 0 to 1. All near 0 where the system
    /// says something else.
    ///
    /// # Errors
    /// Where the question cannot be asked.
    fn choose(&mut self, turns: &[Message], options: &[&str]) -> Result<Vec<f64>>;

    /// Where the time went so far.
    fn times(&self) -> Times {
        Times::new()
    }
}
