//! What one step of a generation yields.

use super::Channel;

/// One bounded piece of work, so that an abort is honoured between two of them.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// A chunk of the prompt went through the model.
    Prefill {
        /// Prompt tokens that are in the cache now, reused ones included.
        done: usize,
        /// Tokens of the prompt.
        total: usize,
        /// Prompt tokens that were in the cache before.
        cached: usize,
    },
    /// A token was drawn; its text may be empty.
    Text {
        /// Where the text belongs.
        channel: Channel,
        /// Whole characters.
        text: String,
    },
    /// The last step.
    Done {
        /// Why it ended.
        finish_reason: FinishReason,
        /// What it took.
        stats: Stats,
    },
}

/// Why a generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishReason {
    /// The model ended its turn, or a stop string came.
    Stop,
    /// `max_tokens` were drawn.
    Length,
    /// The context is full.
    Context,
    /// The caller ended it.
    Abort,
}

impl FinishReason {
    /// The name in transcripts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::Context => "context",
            Self::Abort => "abort",
        }
    }
}

/// Counts and times of one generation; times are in milliseconds of the caller's clock.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Stats {
    /// Tokens of the prompt, cached ones included.
    pub prompt_tokens: usize,
    /// Prompt tokens whose keys and values were still there from before.
    pub cached_tokens: usize,
    /// Time in prefill steps.
    pub prefill_ms: f64,
    /// Tokens drawn, an end-of-turn token included.
    pub decoded_tokens: usize,
    /// Time in decode steps.
    pub decode_ms: f64,
    /// From the request to the first token drawn, whatever its channel.
    pub time_to_first_token_ms: f64,
    /// Older exchanges left out of the prompt because the context is too small.
    pub dropped_turns: usize,
    /// Tokens in the KV cache at the end.
    pub tokens_in_context: usize,
    /// Tokens that the context can hold.
    pub context_length: usize,
}
