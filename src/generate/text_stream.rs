//! From drawn token ids to text in channels, cut at stop strings.

use super::{Channel, ReasoningSplitter, StopFilter};
use crate::text::{StreamDecoder, Tokenizer};

/// Decoder, reasoning splitter and stop filter in a row; keeps what it passed on.
pub(super) struct TextStream {
    decoder: StreamDecoder,
    /// `None`: tags are plain text, all is answer.
    splitter: Option<ReasoningSplitter>,
    stop: StopFilter,
    /// All answer text passed on.
    pub answer: String,
    /// All reasoning passed on.
    pub reasoning: String,
}

impl TextStream {
    pub fn new(splitter: Option<ReasoningSplitter>, stops: &[String]) -> Self {
        Self {
            decoder: StreamDecoder::new(),
            splitter,
            stop: StopFilter::new(stops),
            answer: String::new(),
            reasoning: String::new(),
        }
    }

    /// The text that is certain after `id`.
    pub fn push(&mut self, tokenizer: &Tokenizer, id: u32) -> Vec<(Channel, String)> {
        let text = self.decoder.push(tokenizer, id);
        let parts = self.split(&text);
        self.pass(parts)
    }

    /// Whether a stop string came.
    pub fn stopped(&self) -> bool {
        self.stop.stopped()
    }

    /// What was held back; nothing follows.
    pub fn finish(&mut self) -> Vec<(Channel, String)> {
        let text = self.decoder.finish();
        let mut parts = self.split(&text);
        if let Some(splitter) = &mut self.splitter {
            parts.extend(splitter.finish());
        }
        let mut passed = self.pass(parts);
        let held = self.stop.finish();
        if !held.is_empty() {
            self.answer.push_str(&held);
            passed.push((Channel::Answer, held));
        }
        passed
    }

    fn split(&mut self, text: &str) -> Vec<(Channel, String)> {
        match &mut self.splitter {
            Some(splitter) => splitter.push(text),
            None => vec![(Channel::Answer, text.to_owned())],
        }
    }

    /// Stop strings count in the answer only: a "\n" must not end a model's reasoning.
    fn pass(&mut self, parts: Vec<(Channel, String)>) -> Vec<(Channel, String)> {
        let mut passed = Vec::new();
        for (channel, text) in parts {
            let text = match channel {
                Channel::Answer => self.stop.push(&text),
                Channel::Reasoning => text,
            };
            if text.is_empty() {
                continue;
            }
            match channel {
                Channel::Answer => self.answer.push_str(&text),
                Channel::Reasoning => self.reasoning.push_str(&text),
            }
            passed.push((channel, text));
        }
        passed
    }
}
