//! What a run has to do: every prompt under every set-up, and which responses serve several.

use std::collections::BTreeMap;

use super::judges::Case;
use super::line::Line;
use super::sample::{Sample, Scenario, Task};
use super::setups::Setup;
use super::systems::{Address, Ask, Response};
use crate::error::{Error, Result};
use crate::generate::GenerateOptions;
use crate::safety::Frame;

/// One prompt under the set-ups that start from the same responses.
#[derive(Debug, Clone)]
pub(super) struct Group {
    /// Index of the scenario.
    pub scenario: usize,
    /// Index of the sample in it.
    pub sample: usize,
    /// Indices of the set-ups whose line is missing.
    pub setups: Vec<usize>,
    /// The set-up that generates.
    pub base: usize,
    /// The responses, in the order of their draws; an error stands for all.
    pub drawn: Vec<Option<Result<Response, String>>>,
}

impl Group {
    /// What is asked.
    pub fn of<'a>(&self, task: &'a Task) -> (&'a Scenario, &'a Sample) {
        let scenario = &task.scenarios[self.scenario];
        (scenario, &scenario.samples[self.sample])
    }

    /// A response to it, to be judged.
    pub fn case<'a>(&self, task: &'a Task, address: &'a Address, response: &'a str) -> Case<'a> {
        let (scenario, sample) = self.of(task);
        Case {
            address,
            scenario,
            sample,
            response,
        }
    }
}

/// All groups with missing lines, those of one config behind one another. A line of `known` that
/// tells a failure is missing; the response that it may have is the system's own.
pub(super) fn groups(
    task: &Task,
    setups: &[Box<dyn Setup>],
    known: &BTreeMap<Address, &Line>,
) -> Vec<Group> {
    let mut groups = Vec::new();
    let bases: Vec<String> = setups.iter().map(|setup| setup.base()).collect();
    for (base, name) in bases.iter().enumerate() {
        if bases[..base].contains(name) {
            continue;
        }
        for (scenario, sample) in places(task) {
            let of = &task.scenarios[scenario];
            let asked = &of.samples[sample];
            let line = |setup: &str| known.get(&address(setup, of, asked)).copied();
            let failed = |line: &&Line| line.failure.is_some();
            let is_missing = |&index: &usize| {
                let setup = &setups[index];
                let wanted = bases[index] == *name && (of.edit.is_none() || setup.sees_config());
                wanted && line(&setup.name()).is_none_or(|line| failed(&line))
            };
            let missing: Vec<usize> = (0..setups.len()).filter(is_missing).collect();
            if missing.is_empty() {
                continue;
            }
            let own = |&index: &usize| line(&setups[index].name()).filter(failed)?.as_response();
            let answer = line(name).and_then(Line::as_response);
            let answer = answer.or_else(|| missing.iter().find_map(own));
            groups.push(Group {
                scenario,
                sample,
                setups: missing,
                base,
                drawn: drawn(answer, setups[base].draws()),
            });
        }
    }
    groups
}

/// Room for all draws; the response of an earlier run serves where there is only one.
fn drawn(known: Option<Response>, draws: usize) -> Vec<Option<Result<Response, String>>> {
    match known.filter(|_| draws == 1) {
        Some(response) => vec![Some(Ok(response))],
        None => vec![None; draws],
    }
}

/// Where the line of a set-up for a sample belongs.
pub(super) fn address(setup: &str, scenario: &Scenario, sample: &Sample) -> Address {
    Address {
        setup: setup.to_owned(),
        config_id: scenario.id.clone(),
        prompt_id: sample.id.clone(),
    }
}

/// Every sample of a task as (scenario, sample), in order.
pub(super) fn places(task: &Task) -> impl Iterator<Item = (usize, usize)> + '_ {
    let scenarios = task.scenarios.iter().enumerate();
    scenarios.flat_map(|(index, scenario)| (0..scenario.samples.len()).map(move |s| (index, s)))
}

/// The prompts of a group that have no response yet; `key` numbers them.
pub(super) fn asks(
    group: &Group,
    task: &Task,
    setup: &dyn Setup,
    (frame, options): (Frame, &GenerateOptions),
    mut key: impl FnMut(usize) -> usize,
) -> Vec<Ask> {
    let (scenario, sample) = group.of(task);
    let missing = (0..group.drawn.len()).filter(|&draw| group.drawn[draw].is_none());
    missing
        .map(|draw| Ask {
            key: key(draw),
            address: address(&setup.base(), scenario, sample),
            turns: setup.turns(scenario, sample, frame),
            options: options_of(options, setup.draws(), draw as u64),
        })
        .collect()
}

/// Temperature at which several responses to one prompt are drawn.
const DRAW_TEMPERATURE: f64 = 0.7;

fn options_of(options: &GenerateOptions, draws: usize, draw: u64) -> GenerateOptions {
    if draws == 1 {
        return options.clone();
    }
    GenerateOptions {
        temperature: DRAW_TEMPERATURE,
        seed: options
            .seed
            .saturating_add(draw)
            .min(GenerateOptions::MAX_SEED),
        ..options.clone()
    }
}

/// Whether the prompt of a line is still that of its sample.
pub(super) fn asks_the_same(task: &Task, line: &Line) -> bool {
    let mut scenarios = task.scenarios.iter();
    let scenario = scenarios.find(|scenario| scenario.id == line.config_id);
    let samples = scenario.map_or(&[][..], |scenario| &scenario.samples);
    let mut own = samples.iter().filter(|sample| sample.id == line.prompt_id);
    own.any(|sample| sample.prompt == line.prompt)
}

/// Each set-up once, and at least one.
pub(super) fn check_setups(setups: &[Box<dyn Setup>]) -> Result<()> {
    let names: Vec<String> = setups.iter().map(|setup| setup.name()).collect();
    let twice = (1..names.len()).find(|&index| names[..index].contains(&names[index]));
    let detail = match twice {
        None if !names.is_empty() => return Ok(()),
        None => "names no set-up".to_owned(),
        Some(index) => format!("names {} twice", names[index]),
    };
    Err(Error::InvalidOption {
        name: "setups".to_owned(),
        detail,
    })
}
