//! A model behind an OpenAI-compatible endpoint, native only.

use std::collections::VecDeque;

use super::{Ask, Reply, Response, System};
use crate::error::Result;
use crate::eval::endpoint::Endpoint;
use crate::generate::{Channel, GenerateOptions, ReasoningSplitter};
use crate::text::Message;

/// Tokens for a verdict: a model may reason in front of it.
const VERDICT_TOKENS: usize = 1024;

/// Asks several prompts at a time, each on its own connection.
pub struct Remote {
    name: String,
    endpoint: Endpoint,
    waiting: VecDeque<Ask>,
    width: usize,
}

impl Remote {
    /// Has at most `width` requests under way.
    #[must_use]
    pub fn new(name: String, endpoint: Endpoint, width: usize) -> Self {
        Self {
            name,
            endpoint,
            waiting: VecDeque::new(),
            width: width.max(1),
        }
    }

    fn answer(&self, turns: &[Message], options: &GenerateOptions) -> Result<Response> {
        let text = self.endpoint.chat(turns, options)?;
        let mut splitter = ReasoningSplitter::new(false);
        let parts = splitter.push(&text).into_iter().chain(splitter.finish());
        let (mut answer, mut reasoning) = (String::new(), String::new());
        for (channel, part) in parts {
            match channel {
                Channel::Answer => answer.push_str(&part),
                Channel::Reasoning => reasoning.push_str(&part),
            }
        }
        Ok(Response {
            text: answer,
            reasoning: Some(reasoning).filter(|text| !text.is_empty()),
        })
    }
}

impl System for Remote {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn ask(&mut self, asks: Vec<Ask>) {
        self.waiting.extend(asks);
    }

    fn step(&mut self) -> Result<Vec<Reply>> {
        let count = self.waiting.len().min(self.width);
        let asks: Vec<Ask> = self.waiting.drain(..count).collect();
        let this = &*self;
        let answer = |ask: &Ask| this.answer(&ask.turns, &ask.options);
        // A thread that dies takes its answer with it, not the run.
        let died = || crate::Error::Endpoint {
            url: this.name.clone(),
            detail: "the request's thread ended early".to_owned(),
        };
        Ok(std::thread::scope(|scope| {
            let threads: Vec<_> = asks
                .iter()
                .map(|ask| scope.spawn(move || answer(ask)))
                .collect();
            let answers = threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|_| Err(died())));
            let replies = asks.iter().zip(answers);
            replies
                .map(|(ask, response)| Reply {
                    key: ask.key,
                    response,
                })
                .collect()
        }))
    }

    fn choose(&mut self, turns: &[Message], options: &[&str]) -> Result<Vec<f64>> {
        let drawing = GenerateOptions {
            max_tokens: VERDICT_TOKENS,
            ..GenerateOptions::default()
        };
        let text = self.answer(turns, &drawing)?.text.to_lowercase();
        let last = last_of(&text, options);
        let chance = |index| f64::from(u8::from(Some(index) == last));
        Ok((0..options.len()).map(chance).collect())
    }
}

/// The option that is said last, as a whole word: models sum up at the end.
fn last_of(text: &str, options: &[&str]) -> Option<usize> {
    let mut words = text.rsplit(|c: char| !c.is_alphanumeric());
    words.find_map(|word| {
        let said = |option: &&str| option.to_lowercase() == word;
        options.iter().position(said)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_verdict_counts() {
        let of = |text: &str| last_of(&text.to_lowercase(), &["yes", "no"]);
        assert_eq!(of("Yes."), Some(0));
        assert_eq!(of("At first yes, but on the whole: NO!"), Some(1));
        assert_eq!(of("nobody yesterday"), None);
        assert_eq!(of("<html>"), None);
        assert_eq!(last_of("3 of 5", &["0", "3", "5"]), Some(2));
    }
}
