//! The prompt of one answer: config, kept exchanges, new message.

use std::borrow::Cow;

use super::ChatModel;
use super::conversation::Exchange;
use crate::backend::Backend;
use crate::error::Result;
use crate::safety::{Frame, SafetyConfig, summary, system_message};
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

/// Renders and tokenizes turns that are complete as they are, but that a config is read first
/// where the model is shown it so.
///
/// # Errors
/// The template's and the tokenizer's; where a config is read, as [`ConfigReader::read`].
///
/// [`ConfigReader::read`]: super::ConfigReader::read
pub(super) fn render<B: Backend>(model: &ChatModel<B>, messages: &[Message]) -> Result<Prompt> {
    let segments = model.template.render(&as_read(model, messages)?, true)?;
    Ok(Prompt {
        ids: model.tokenizer.encode(&segments)?,
        opens_reasoning: opens_reasoning(&segments),
    })
}

/// The turns with what the model read in the config in its place, or what is given as read, as data
/// to train on is. With no message behind it, it is itself what is to be read.
fn as_read<'m, B: Backend>(
    model: &ChatModel<B>,
    messages: &'m [Message],
) -> Result<Cow<'m, [Message]>> {
    let reads = model.frame == Frame::Read && messages.len() > 1;
    let is_read = |it: &Message| it.role == Role::System && it.reasoning.is_some();
    if !reads && !messages.iter().any(is_read) {
        return Ok(Cow::Borrowed(messages));
    }
    let mut messages = messages.to_vec();
    for message in &mut messages {
        if reads && message.role == Role::System && message.reasoning.is_none() {
            let readings = model.reader.read(model, &message.content)?;
            message.reasoning = Some(summary(&readings));
        }
        message.show_reading();
    }
    Ok(Cow::Owned(messages))
}
