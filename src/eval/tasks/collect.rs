//! Gathers entries into scenarios: gives ids, refuses doubles, keeps a fair part of each.

use std::collections::{BTreeMap, BTreeSet};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::{Entry, ReadOptions};
use crate::error::{Error, Result};
use crate::eval::records::Record;
use crate::eval::sample::{Scenario, Task};
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

    /// Adds one prompt.
    pub fn add(&mut self, record: &Record, entry: Entry) -> Result<()> {
        let Entry {
            scenario,
            mut sample,
        } = entry;
        let index = self.place(record, scenario)?;
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
                if let Some(kept) = samples.get_mut(place) {
                    *kept = sample;
                }
            }
            _ => samples.push(sample),
        }
        Ok(())
    }

    /// The index of a scenario. Those with the same id, or without one the same config, are
    /// the same.
    fn place(&mut self, record: &Record, mut scenario: Scenario) -> Result<usize> {
        let text = scenario.config.as_ref().map_or("", |config| config.text());
        let key = match scenario.id.as_str() {
            "" => text.to_owned(),
            id => format!("#{id}"),
        };
        if let Some(&index) = self.known.get(&key) {
            let known = &self.task.scenarios[index];
            if known.config != scenario.config || known.allowed != scenario.allowed {
                return Err(record.error(format!(
                    "config {:?} has another text than before; give each config its own id",
                    known.id
                )));
            }
            return Ok(index);
        }
        let index = self.task.scenarios.len();
        let is_taken = |id: &String| self.task.scenarios.iter().any(|other| other.id == *id);
        if scenario.id.is_empty() {
            let mut names = (index + 1..).map(|number| format!("config-{number}"));
            scenario.id = names.find(|name| !is_taken(name)).unwrap_or_default();
        } else if is_taken(&scenario.id) {
            return Err(record.error(format!(
                "the id {:?} was given to a config without one; give every config its id",
                scenario.id
            )));
        }
        self.known.insert(key, index);
        self.task.scenarios.push(scenario);
        self.seen.push(0);
        Ok(index)
    }

    /// All that was added.
    pub fn finish(mut self) -> Result<Task> {
        for scenario in &mut self.task.scenarios {
            scenario.samples.sort_by(|a, b| a.id.cmp(&b.id));
        }
        let scenarios = &self.task.scenarios;
        let bases = scenarios.iter().filter(|it| it.edit.is_none());
        let bases: BTreeSet<&str> = bases.map(|it| &*it.id).collect();
        let mut edits = scenarios
            .iter()
            .filter_map(|it| Some((it, it.edit.as_ref()?)));
        if let Some((scenario, edit)) = edits.find(|(_, edit)| !bases.contains(&*edit.of)) {
            return Err(Error::BadRecord {
                at: format!("{}, config {:?}", self.task.name, scenario.id),
                detail: format!(
                    "flip_of names {:?}, which is no config of this file, or one with a flip_of of its own",
                    edit.of
                ),
            });
        }
        Ok(self.task)
    }
}
