//! Gathers entries into scenarios: gives ids, refuses doubles, keeps a fair part of each.

use std::collections::{BTreeMap, BTreeSet};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::{Entry, ReadOptions};
use crate::error::Result;
use crate::eval::records::Record;
use crate::eval::sample::Task;
use crate::eval::statistics::below;

/// A task in the making. Of each scenario it holds `limit` prompts at most, whatever the
/// length of the file.
pub(super) struct Collector {
    task: Task,
    limit: Option<usize>,
    random: ChaCha8Rng,
    /// Of each scenario's key, its index.
    known: BTreeMap<String, usize>,
    ids: BTreeSet<(usize, String)>,
    /// Prompts seen of each scenario, kept or not.
    seen: Vec<usize>,
}

impl Collector {
    pub fn new(options: &ReadOptions) -> Self {
        Self {
            task: Task {
                name: options.name.clone(),
                ..Task::default()
            },
            limit: options.limit,
            random: ChaCha8Rng::seed_from_u64(options.seed),
            known: BTreeMap::new(),
            ids: BTreeSet::new(),
            seen: Vec::new(),
        }
    }

    /// Scenarios with the same id, or without one the same config, are the same.
    pub fn add(&mut self, record: &Record, entry: Entry) -> Result<()> {
        let Entry {
            mut scenario,
            mut sample,
        } = entry;
        let text = scenario.config.as_ref().map_or("", |config| config.text());
        let key = match scenario.id.as_str() {
            "" => text.to_owned(),
            id => format!("#{id}"),
        };
        let index = match self.known.get(&key) {
            Some(&index) => index,
            None => {
                let index = self.task.scenarios.len();
                if scenario.id.is_empty() {
                    scenario.id = format!("config-{}", index + 1);
                }
                self.known.insert(key, index);
                self.task.scenarios.push(scenario);
                self.seen.push(0);
                index
            }
        };
        if sample.id.is_empty() {
            sample.id = format!("{:04}", self.seen[index] + 1);
        }
        if !self.ids.insert((index, sample.id.clone())) {
            let scenario = &self.task.scenarios[index].id;
            return Err(record.error(format!(
                "the id {:?} is there twice in config {scenario}; give each prompt its own",
                sample.id
            )));
        }
        self.seen[index] += 1;
        let samples = &mut self.task.scenarios[index].samples;
        match self.limit {
            Some(limit) if samples.len() >= limit => {
                // Reservoir sampling: every prompt has the same chance to stay.
                let place = below(&mut self.random, self.seen[index]);
                if let Some(sample_there) = samples.get_mut(place) {
                    *sample_there = sample;
                }
            }
            _ => samples.push(sample),
        }
        Ok(())
    }

    pub fn finish(mut self) -> Task {
        for scenario in &mut self.task.scenarios {
            scenario.samples.sort_by(|a, b| a.id.cmp(&b.id));
        }
        self.task
    }
}
