//! Many prompts, a few of them at a time: decoded together, so that the weights are read once
//! for all, on top of beginnings that are prefilled once.

use std::collections::VecDeque;

use super::context::shared;
use super::{Clock, Context, Generation, Output, Request};
use crate::backend::Backend;
use crate::error::Result;
use crate::model::Transformer;
use crate::text::Tokenizer;

/// What one step of a batch works with.
pub struct Engine<'a, B: Backend> {
    /// Ids in, logits out.
    pub model: &'a Transformer<B>,
    /// Ids to text.
    pub tokenizer: &'a Tokenizer,
    /// For the stats.
    pub clock: Clock<'a>,
}

/// Prompts in waiting and prompts under way. Each gets the text that it would get alone.
pub struct Batch<B: Backend> {
    width: usize,
    waiting: VecDeque<(usize, Request)>,
    running: Vec<(usize, Generation<B>)>,
    /// The beginning that the last prompts shared.
    shared: Context<B>,
    logits: Vec<f32>,
}

/// What came of one prompt: the key it was pushed with, and its output.
pub type Finished<B> = (usize, Result<Output<B>>);

impl<B: Backend> Batch<B> {
    /// An empty batch that runs at most `width` prompts at a time.
    #[must_use]
    pub fn new(model: &Transformer<B>, width: usize) -> Self {
        Self {
            width: width.max(1),
            waiting: VecDeque::new(),
            running: Vec::new(),
            shared: Context::new(model),
            logits: Vec::new(),
        }
    }

    /// Adds a prompt behind those that wait. Prompts with a common beginning belong behind
    /// one another: it is prefilled once for them.
    pub fn push(&mut self, key: usize, request: Request) {
        self.waiting.push_back((key, request));
    }

    /// Whether nothing waits or runs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.running.is_empty()
    }

    /// Whether the next step draws tokens; else it works on a prompt.
    #[must_use]
    pub fn decodes_next(&self) -> bool {
        let full = self.running.len() == self.width || self.waiting.is_empty();
        full && !self.running.iter().any(|(_, run)| run.prefills())
    }

    /// One bounded piece of work: a prompt is begun, a chunk of one prefilled, or a token
    /// drawn for each that runs. Returns what ended with it.
    pub fn step(&mut self, engine: &Engine<'_, B>) -> Vec<Finished<B>> {
        let prefilling = self.running.iter().position(|(_, run)| run.prefills());
        if let Some(index) = prefilling {
            return self.prefill(index, engine);
        }
        if self.running.len() < self.width
            && let Some((key, request)) = self.waiting.pop_front()
        {
            match self.begin(request, engine) {
                Ok(run) => self.running.push((key, run)),
                Err(error) => return vec![(key, Err(error))],
            }
            return Vec::new();
        }
        self.decode(engine)
    }

    /// A run on a fork of the beginning that its prompt shares with those around it.
    fn begin(&mut self, request: Request, engine: &Engine<'_, B>) -> Result<Generation<B>> {
        let prompt = &request.prompt;
        let behind = self.waiting.front();
        let next = behind.map_or(0, |(_, next)| shared(prompt, &next.prompt));
        let held = self.shared.shared_with(prompt);
        if next > held {
            self.shared.keep_prefix_of(prompt);
            let held = self.shared.ids().len();
            self.shared
                .prefill(engine.model, &prompt[held..next], None)?;
        }
        Generation::new(self.shared.fork(), request, engine.model, engine.clock)
    }

    fn prefill(&mut self, index: usize, engine: &Engine<'_, B>) -> Vec<Finished<B>> {
        let (key, run) = &mut self.running[index];
        let key = *key;
        match run.step(engine.model, engine.tokenizer, engine.clock) {
            Ok(_) => Vec::new(),
            Err(error) => {
                self.running.remove(index);
                vec![(key, Err(error))]
            }
        }
    }

    fn decode(&mut self, engine: &Engine<'_, B>) -> Vec<Finished<B>> {
        let begin = (engine.clock)();
        if let Err(error) = self.forward(engine.model) {
            let lost = self.running.drain(..);
            return lost.map(|(key, _)| (key, Err(error.clone()))).collect();
        }
        let mut ended = Vec::new();
        let mut going = Vec::with_capacity(self.running.len());
        for (key, mut run) in self.running.drain(..) {
            let drawn = run.draw(engine.tokenizer);
            run.count_decode(begin, (engine.clock)());
            run.ready.clear();
            match drawn {
                Err(error) => ended.push((key, Err(error))),
                Ok(()) if run.finished.is_some() => ended.push((key, Ok(run.into_output()))),
                Ok(()) => going.push((key, run)),
            }
        }
        self.running = going;
        ended
    }

    /// The drawn tokens of all runs through the model at once.
    fn forward(&mut self, model: &Transformer<B>) -> Result<()> {
        let (mut contexts, mut targets) = (Vec::new(), Vec::new());
        for (_, run) in &mut self.running {
            if let Some(id) = run.drawn.take() {
                contexts.push((&mut run.context, id));
                targets.push(&mut run.logits);
            }
        }
        if contexts.is_empty() {
            return Ok(());
        }
        Context::append_together(&mut contexts, model, &mut self.logits)?;
        let rows = self.logits.chunks_exact(model.config.vocab_size);
        for (target, row) in targets.into_iter().zip(rows) {
            target.clear();
            target.extend_from_slice(row);
        }
        Ok(())
    }
}
