//! A model in this process.

use std::collections::BTreeSet;

use super::{Ask, Reply, Response, System, Times};
use crate::backend::Backend;
use crate::error::{Error, Result};
use crate::generate::{Batch, Context, Engine, Finished, GenerateOptions, PREFILL_CHUNK};
use crate::generate::{log_sum_exp, surprise};
use crate::guard::ChatModel;
use crate::safety::Frame;
use crate::text::Message;

/// Milliseconds from any fixed moment on.
pub type Clock = Box<dyn Fn() -> f64>;

/// A loaded model, several prompts at a time.
pub struct Local<B: Backend> {
    model: ChatModel<B>,
    clock: Clock,
    batch: Batch<B>,
    /// Prompts that could not even begin.
    failed: Vec<Reply>,
    /// What [`System::choose`] asked last; the next question often begins alike.
    asked: Context<B>,
    times: Times,
}

impl<B: Backend> Local<B> {
    /// Runs at most `width` prompts at a time.
    pub fn new(model: ChatModel<B>, width: usize, clock: Clock) -> Self {
        let transformer = &model.transformer;
        Self {
            batch: Batch::new(transformer, width),
            asked: Context::new(transformer),
            model,
            clock,
            failed: Vec::new(),
            times: Times::new(),
        }
    }

    fn spend(&mut self, on: &'static str, begin: f64) {
        *self.times.entry(on).or_default() += (self.clock)() - begin;
    }
}

impl<B: Backend> System for Local<B> {
    fn name(&self) -> String {
        let info = &self.model.info;
        let name = info.name.as_deref().unwrap_or("model");
        format!("{name} ({}, sha256 {})", info.quantization, info.sha256)
    }

    fn frame(&self) -> Frame {
        self.model.frame
    }

    fn context_length(&self) -> Option<usize> {
        Some(self.model.context_length())
    }

    fn ask(&mut self, asks: Vec<Ask>) {
        for Ask {
            key,
            turns,
            options,
            ..
        } in asks
        {
            match self.model.request(&turns, options) {
                Ok(request) => self.batch.push(key, request),
                Err(error) => self.failed.push(Reply {
                    key,
                    response: Err(error),
                }),
            }
        }
    }

    fn step(&mut self) -> Result<Vec<Reply>> {
        if !self.failed.is_empty() {
            return Ok(std::mem::take(&mut self.failed));
        }
        let begin = (self.clock)();
        let model = &self.model;
        let engine = Engine {
            model: &model.transformer,
            tokenizer: &model.tokenizer,
            clock: &*self.clock,
        };
        let decoding = self.batch.decodes_next();
        let finished = self.batch.step(&engine);
        self.spend(if decoding { "decode_ms" } else { "prefill_ms" }, begin);
        Ok(finished.into_iter().map(reply).collect())
    }

    fn choose(&mut self, turns: &[Message], options: &[&str]) -> Result<Vec<f64>> {
        let begin = (self.clock)();
        let model = &self.model;
        let prompt = model.request(turns, GenerateOptions::default())?.prompt;
        let kept = self.asked.keep_prefix_of(&prompt);
        let mut logits = Vec::new();
        let mut chunks = prompt[kept..].chunks(PREFILL_CHUNK).peekable();
        while let Some(chunk) = chunks.next() {
            let wanted = chunks.peek().is_none().then_some(&mut logits);
            self.asked.append(&model.transformer, chunk, wanted)?;
        }
        let firsts = first_tokens(model, options)?;
        let chances = chances(&logits, &firsts);
        self.spend("judge_ms", begin);
        Ok(chances)
    }

    /// Texts longer than the context are cut at its end.
    fn surprise(&mut self, text: &str) -> Result<(f64, usize)> {
        let model = &self.model;
        let mut ids = model.tokenizer.encode_document(text)?;
        ids.truncate(model.context_length());
        let nats = surprise(&model.transformer, &ids)?;
        Ok((nats, ids.len().saturating_sub(1)))
    }

    fn times(&self) -> Times {
        self.times.clone()
    }
}

fn reply<B: Backend>((key, output): Finished<B>) -> Reply {
    let response = output.map(|output| Response {
        text: output.answer,
        reasoning: Some(output.reasoning).filter(|text| !text.is_empty()),
    });
    Reply { key, response }
}

/// Of each option, the tokens that may begin it, as it is or with a capital.
fn first_tokens<B: Backend>(model: &ChatModel<B>, options: &[&str]) -> Result<Vec<BTreeSet<u32>>> {
    let mut all = BTreeSet::new();
    let mut firsts = Vec::new();
    for option in options {
        let mut own = BTreeSet::new();
        let (first, rest) = option.split_at_checked(1).unwrap_or((option, ""));
        let capital = first.to_uppercase() + rest;
        for spelling in [(*option).to_owned(), capital, format!(" {option}")] {
            own.extend(model.tokenizer.encode_text(&spelling)?.first());
        }
        // A bare space, say, begins every option and tells none.
        own.retain(|id| !model.tokenizer.token_bytes(*id).trim_ascii().is_empty());
        if own.iter().any(|id| !all.insert(*id)) || own.is_empty() {
            return Err(Error::InvalidOption {
                name: "judge".to_owned(),
                detail: format!("its tokenizer begins {options:?} with the same tokens"),
            });
        }
        firsts.push(own);
    }
    Ok(firsts)
}

/// The probability of each set of tokens.
fn chances(logits: &[f32], sets: &[BTreeSet<u32>]) -> Vec<f64> {
    let all = log_sum_exp(logits);
    let of = |set: &BTreeSet<u32>| {
        let ids = set.iter().filter_map(|&id| logits.get(id as usize));
        ids.map(|&logit| (f64::from(logit) - all).exp()).sum()
    };
    sets.iter().map(of).collect()
}
