//! What is evaluated: anything that answers prompts.

mod local;
mod queue;
mod recorded;
#[cfg(not(target_arch = "wasm32"))]
mod remote;

pub use local::Local;
pub use queue::Queue;
pub use recorded::Recorded;
#[cfg(not(target_arch = "wasm32"))]
pub use remote::Remote;

use std::collections::BTreeMap;

use crate::error::{Error, Result};
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

    /// Tokens that prompt and answer may take together, where that is known.
    fn context_length(&self) -> Option<usize> {
        None
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

    /// Negative log-likelihood of a text in nats, and the tokens that it is the sum of.
    ///
    /// # Errors
    /// `WrongState` where the system cannot tell.
    fn surprise(&mut self, _text: &str) -> Result<(f64, usize)> {
        Err(Error::WrongState {
            detail: format!(
                "{} does not say how likely a text is; perplexity needs a local model",
                self.name()
            ),
        })
    }

    /// Where the time went so far.
    fn times(&self) -> Times {
        Times::new()
    }
}

/// Asks `system` all of `asks` and gives each reply to `keep`, as it comes.
///
/// # Errors
/// The system's, where going on is pointless, and `keep`'s.
pub fn ask_all(
    system: &mut dyn System,
    asks: Vec<Ask>,
    mut keep: impl FnMut(Reply) -> Result<()>,
) -> Result<()> {
    let mut open = asks.len();
    system.ask(asks);
    while open > 0 {
        for reply in system.step()? {
            open -= 1;
            keep(reply)?;
        }
    }
    Ok(())
}

impl<S: System + ?Sized> System for Box<S> {
    fn name(&self) -> String {
        (**self).name()
    }

    fn frame(&self) -> Frame {
        (**self).frame()
    }

    fn context_length(&self) -> Option<usize> {
        (**self).context_length()
    }

    fn ask(&mut self, asks: Vec<Ask>) {
        (**self).ask(asks);
    }

    fn step(&mut self) -> Result<Vec<Reply>> {
        (**self).step()
    }

    fn choose(&mut self, turns: &[Message], options: &[&str]) -> Result<Vec<f64>> {
        (**self).choose(turns, options)
    }

    fn surprise(&mut self, text: &str) -> Result<(f64, usize)> {
        (**self).surprise(text)
    }

    fn times(&self) -> Times {
        (**self).times()
    }
}
