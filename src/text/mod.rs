//! Text to token ids and back: what the model's file says about its vocabulary and its turns.
//!
//! [`ChatTemplate`] turns messages into [`Segment`]s that keep the template's words apart
//! from the messages' own; [`Tokenizer`] turns those into ids, and only template words can
//! become control tokens; [`StreamDecoder`] turns generated ids back into text.
//! Deliberately absent: tool calls, images, clocks (the caller says what time it is).

mod bpe;
mod chat_template;
mod jinja;
mod json;
mod message;
mod placeholder;
mod pretokenizer;
mod special;
mod spm;
mod stream_decoder;
mod tokenizer;
#[cfg(not(target_arch = "wasm32"))]
mod training;
mod vocabulary;

pub use chat_template::{ChatTemplate, opens_reasoning};
pub use message::{Message, Role, Segment};
pub use stream_decoder::StreamDecoder;
pub use tokenizer::Tokenizer;
#[cfg(not(target_arch = "wasm32"))]
pub use training::byte_level_vocabulary;
