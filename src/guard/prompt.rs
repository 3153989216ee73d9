//! The prompt of one answer: config, kept exchanges, new message.

use super::ChatModel;
use super::conversation::Exchange;
use crate::backend::Backend;
use crate::error::Result;
use crate::safety::{SafetyConfig, system_message};
use crate::text::{Message, Role, opens_reasoning};

/// A rendered prompt.
pub(super) struct Prompt {
    pub ids: Vec<u32>,
    /// The template has already written `<think>`.
    pub opens_reasoning: bool,
}

/// Renders and tokenizes; `exchanges` without an answer text are left out, because
/// templates demand that user and assistant take turns. Earlier reasoning is left out too:
/// perhaps it was about another config, and models take up what they once thought.
///
/// The config stands first whatever was left out; where the template has no system role,
/// rendering puts it before the oldest kept user message.
///
/// # Errors
/// The template's, also where it leaves out the config or the message; the tokenizer's.
pub(super) fn build<B: Backend>(
    model: &ChatModel<B>,
    config: Option<&SafetyConfig>,
    exchanges: &[Exchange],
    user: &str,
) -> Result<Prompt> {
    let mut messages = Vec::new();
    if let Some(config) = config {
        let system = system_message(config, model.frame);
        messages.push(Message::new(Role::System, system));
    }
    for exchange in exchanges {
        let content = &exchange.answer.content;
        if !content.trim().is_empty() {
            messages.push(Message::new(Role::User, &exchange.user));
            messages.push(Message::new(Role::Assistant, content));
        }
    }
    messages.push(Message::new(Role::User, user));
    render(model, &messages)
}

/// Renders and tokenizes turns that are complete as they are.
///
/// # Errors
/// The template's and the tokenizer's.
pub(super) fn render<B: Backend>(model: &ChatModel<B>, messages: &[Message]) -> Result<Prompt> {
    let segments = model.template.render(messages, true)?;
    Ok(Prompt {
        ids: model.tokenizer.encode(&segments)?,
        opens_reasoning: opens_reasoning(&segments),
    })
}
