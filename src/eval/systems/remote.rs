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
        let text = self.answer(turns, &drawing)?.text;
        let said = verdict_in(&text, options);
        let chance = |index| f64::from(u8::from(Some(index) == said));
        Ok((0..options.len()).map(chance).collect())
    }
}

/// The option that a text decides for: its first or its last word, where the two do not
/// contradict each other, else the only one that is said at all. "3/5" is 3.
fn verdict_in(text: &str, options: &[&str]) -> Option<usize> {
    let text = text
        .replace("/5", "")
        .replace("out of 5", "")
        .replace(" of 5", "");
    let words = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    // Single letters count as they are: "a" is a word, "A" a choice.
    let option = |word: &str| {
        let same = |option: &&str| match option.len() {
            1 => *option == word,
            _ => option.eq_ignore_ascii_case(word),
        };
        options.iter().position(same)
    };
    let said: Vec<Option<usize>> = words.map(option).collect();
    match (
        said.first().copied().flatten(),
        said.last().copied().flatten(),
    ) {
        (Some(first), Some(last)) => (first == last).then_some(first),
        (Some(one), None) | (None, Some(one)) => Some(one),
        (None, None) => {
            let mut all: Vec<usize> = said.into_iter().flatten().collect();
            all.dedup();
            <[usize; 1]>::try_from(all).ok().map(|[one]| one)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_must_not_contradict_itself() {
        let of = |text: &str| verdict_in(text, &["yes", "no"]);
        assert_eq!(of("Yes."), Some(0));
        assert_eq!(of("At first yes, but on the whole: NO!"), Some(1));
        assert_eq!(
            of("Yes. It gives the dosage and shows no restraint."),
            Some(0)
        );
        assert_eq!(of("I would say yes here."), Some(0));
        assert_eq!(of("Yes and no"), None);
        assert_eq!(of("One could say yes or no here."), None);
        assert_eq!(of("nobody yesterday"), None);
        assert_eq!(of("<html>"), None);
        assert_eq!(of(""), None);
        let ratings = ["0", "3", "5"];
        assert_eq!(verdict_in("Rating: 3/5", &ratings), Some(1));
        assert_eq!(verdict_in("3 out of 5", &ratings), Some(1));
        assert_eq!(
            verdict_in("C. A whale is a mammal.", &["A", "B", "C"]),
            Some(2)
        );
    }
}
