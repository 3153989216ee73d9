//! Prompts that somebody else answers, outside this process or module.

use std::collections::VecDeque;

use super::{Ask, Reply, Response, System};
use crate::error::{Error, Result};
use crate::safety::Frame;
use crate::text::Message;

/// Hands prompts out and takes answers in, in any order.
pub struct Queue {
    name: String,
    frame: Frame,
    waiting: VecDeque<Ask>,
    replies: Vec<Reply>,
}

impl Queue {
    /// `name` and `frame` are those of whatever answers.
    #[must_use]
    pub fn new(name: String, frame: Frame) -> Self {
        Self {
            name,
            frame,
            waiting: VecDeque::new(),
            replies: Vec::new(),
        }
    }

    /// The next prompt; each is handed out once.
    pub fn next_ask(&mut self) -> Option<Ask> {
        self.waiting.pop_front()
    }

    /// The answer to the prompt with that key.
    pub fn reply(&mut self, key: usize, response: Result<Response>) {
        self.replies.push(Reply { key, response });
    }
}

impl System for Queue {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn frame(&self) -> Frame {
        self.frame
    }

    fn ask(&mut self, asks: Vec<Ask>) {
        self.waiting.extend(asks);
    }

    fn step(&mut self) -> Result<Vec<Reply>> {
        Ok(std::mem::take(&mut self.replies))
    }

    fn choose(&mut self, _: &[Message], _: &[&str]) -> Result<Vec<f64>> {
        Err(Error::WrongState {
            detail: "a model cannot be asked about its own answers here; leave out the set-up \
                     cascade, or run it on the command line"
                .to_owned(),
        })
    }
}
