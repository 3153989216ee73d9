//! Responses that were made elsewhere and written down.

use std::collections::BTreeMap;

use super::{Address, Ask, Reply, Response, System};
use crate::error::{Error, Result};
use crate::eval::line::Line;
use crate::text::Message;

/// Looks responses up by set-up, config and prompt; a recording without a set-up holds for all.
pub struct Recorded {
    name: String,
    responses: BTreeMap<Address, Response>,
    replies: Vec<Reply>,
}

impl Recorded {
    /// From the lines of a `responses.jsonl`; lines without a response are left out.
    #[must_use]
    pub fn new(name: String, lines: &[Line]) -> Self {
        let found = lines.iter().filter_map(|line| {
            let response = line.as_response()?;
            Some((line.address(), response))
        });
        Self {
            name,
            responses: found.collect(),
            replies: Vec::new(),
        }
    }

    fn find(&self, address: &Address) -> Result<Response> {
        let for_all = Address {
            setup: String::new(),
            ..address.clone()
        };
        let found = self.responses.get(address);
        let found = found.or_else(|| self.responses.get(&for_all)).cloned();
        found.ok_or_else(|| Error::BadRecord {
            at: self.name.clone(),
            detail: format!(
                "holds no response for set-up {}, config_id {}, prompt_id {}",
                address.setup, address.config_id, address.prompt_id
            ),
        })
    }
}

impl System for Recorded {
    fn name(&self) -> String {
        format!("recorded in {}", self.name)
    }

    fn ask(&mut self, asks: Vec<Ask>) {
        for ask in asks {
            let response = self.find(&ask.address);
            self.replies.push(Reply {
                key: ask.key,
                response,
            });
        }
    }

    fn step(&mut self) -> Result<Vec<Reply>> {
        Ok(std::mem::take(&mut self.replies))
    }

    fn choose(&mut self, _: &[Message], _: &[&str]) -> Result<Vec<f64>> {
        Err(Error::WrongState {
            detail: "recorded responses cannot judge themselves; leave out the set-up cascade, or \
                     give a model"
                .to_owned(),
        })
    }
}
