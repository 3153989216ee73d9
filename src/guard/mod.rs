//! What enforces a safety config while text is generated.
//!
//! A [`Session`] holds the model and its [`Conversation`]s; each conversation builds its
//! prompts so that the config is always in them. Deliberately absent: how a config is
//! worded ([`crate::safety`]) and any promise that a model obeys it.

mod authority;
mod chat_loader;
mod chat_model;
mod config_reader;
mod conversation;
mod hashing;
mod prompt;
mod session;

pub use authority::Authority;
pub use chat_loader::{ChatLoadOptions, ChatLoader};
pub use chat_model::{ChatModel, EXCHANGES_KEY, ModelInfo};
pub use config_reader::ConfigReader;
pub use conversation::{Answer, Conversation, Exchange};
pub use hashing::hex;
pub use session::Session;
