//! A run: asks the system, lets the judge decide, yields a line for each response.
//!
//! It keeps no file and no clock. Whoever drives it calls [`Run::step`] until it is done,
//! writes down the lines, and may stop between any two steps: a new run that is given the
//! lines goes on where this one ended.

use std::collections::{BTreeMap, VecDeque};

use super::judges::{Judge, passes_itself};
use super::line::{Line, Verdicts};
use super::plan::{self, Group};
use super::sample::Task;
use super::setups::{REFUSAL, Review, Setup};
use super::systems::{Address, Reply, Response, System};
use crate::error::{Error, Result};
use crate::generate::GenerateOptions;
use crate::safety::{PromptType, Verdict};

/// What is to be run.
pub struct Plan {
    /// The data set.
    pub task: Task,
    /// The ways to use the system, in the order of the report.
    pub setups: Vec<Box<dyn Setup>>,
    /// How to draw and when to stop.
    pub options: GenerateOptions,
}

/// What one step did.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// Some work; nothing to write down.
    Working,
    /// These responses are judged.
    Lines(Vec<Line>),
    /// There is nothing left to do.
    Done,
}

/// The state of a run.
pub struct Run<S: System, J: Judge> {
    plan: Plan,
    system: S,
    judge: J,
    groups: Vec<Group>,
    /// Of each key of an ask, its group and draw.
    keys: Vec<(usize, usize)>,
    /// Groups whose responses are complete.
    ready: VecDeque<usize>,
    /// Groups that are not judged yet.
    open: usize,
    total: usize,
}

impl<S: System, J: Judge> Run<S, J> {
    /// Plans the run; `done` are the lines of an earlier one, of which failures are tried again, with
    /// the responses that they have.
    ///
    /// # Errors
    /// `InvalidOption` for no set-up, one named twice, or options out of their limits.
    pub fn new(plan: Plan, mut system: S, judge: J, done: &[Line]) -> Result<Self> {
        plan.options.validate()?;
        plan::check_setups(&plan.setups)?;
        let known = done
            .iter()
            .filter(|line| plan::asks_the_same(&plan.task, line));
        let known: BTreeMap<Address, &Line> = known.map(|line| (line.address(), line)).collect();
        let groups = plan::groups(&plan.task, &plan.setups, &known);
        let (mut keys, mut ready, mut asks) = (Vec::new(), VecDeque::new(), Vec::new());
        let drawing = (system.frame(), &plan.options);
        for (index, group) in groups.iter().enumerate() {
            let setup = &*plan.setups[group.base];
            asks.extend(plan::asks(group, &plan.task, setup, drawing, |draw| {
                keys.push((index, draw));
                keys.len() - 1
            }));
            if group.drawn.iter().all(Option::is_some) {
                ready.push_back(index);
            }
        }
        system.ask(asks);
        let total = groups.iter().map(|group| group.setups.len()).sum();
        Ok(Self {
            open: groups.len(),
            plan,
            system,
            judge,
            groups,
            keys,
            ready,
            total,
        })
    }

    /// Lines that this run will yield in all.
    #[must_use]
    pub fn total(&self) -> usize {
        self.total
    }

    /// What is run.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What answers.
    #[must_use]
    pub fn system(&self) -> &S {
        &self.system
    }

    /// What answers, to be fed where it needs that.
    pub fn system_mut(&mut self) -> &mut S {
        &mut self.system
    }

    /// What judges.
    pub fn judge_mut(&mut self) -> &mut J {
        &mut self.judge
    }

    /// One bounded piece of work.
    ///
    /// # Errors
    /// What makes going on pointless; lines yielded before stay good.
    pub fn step(&mut self) -> Result<Progress> {
        if let Some(index) = self.ready.pop_front() {
            self.open -= 1;
            return Ok(Progress::Lines(self.settle(index)?));
        }
        if self.open == 0 {
            return Ok(Progress::Done);
        }
        for reply in self.system.step()? {
            self.receive(reply);
        }
        Ok(Progress::Working)
    }

    fn receive(&mut self, reply: Reply) {
        let (index, draw) = self.keys[reply.key];
        let group = &mut self.groups[index];
        let Some(slot) = group.drawn.get_mut(draw) else {
            return; // answered and judged already
        };
        *slot = Some(reply.response.map_err(|error| error.to_string()));
        if group.drawn.iter().all(Option::is_some) {
            self.ready.push_back(index);
        }
    }

    /// The lines of a group whose responses are complete.
    fn settle(&mut self, index: usize) -> Result<Vec<Line>> {
        let setups = std::mem::take(&mut self.groups[index].setups);
        let drawn: Result<Vec<Response>, String> = std::mem::take(&mut self.groups[index].drawn)
            .into_iter()
            .flatten()
            .collect();
        let mut lines = Vec::new();
        // The plain verdict about the first response serves all set-ups that ask for it.
        let mut plain: Option<Verdict> = None;
        for setup in setups {
            let outcome = match &drawn {
                Ok(drawn) => match self.review(index, setup, drawn, &mut plain) {
                    // A judge that cannot be reached is no verdict: the next run asks it.
                    Err(error @ Error::Endpoint { .. }) => {
                        Err(format!("the judge could not be asked: {error}"))
                    }
                    reviewed => reviewed?,
                },
                Err(failure) => Err(failure.clone()),
            };
            let mut line = self.line(index, setup, outcome);
            if let (Some(_), Ok([answer])) = (&line.failure, drawn.as_deref()) {
                // The next run need not ask for it again.
                line.response = Some(answer.text.clone());
                line.reasoning.clone_from(&answer.reasoning);
            }
            lines.push(line);
        }
        Ok(lines)
    }

    /// The response that counts, with its verdict; or why there is none.
    fn review(
        &mut self,
        index: usize,
        setup: usize,
        drawn: &[Response],
        plain: &mut Option<Verdict>,
    ) -> Result<Result<(Response, Verdict), String>> {
        let place = (index, setup);
        let verdicts = self.verdicts(place, drawn, plain)?;
        let Some(best) = best(&verdicts) else {
            return Ok(Err("no response was drawn".to_owned()));
        };
        let pass = match self.plan.setups[setup].review() {
            Review::None | Review::Best => true,
            Review::Oracle => verdicts[best].is_safe(),
            Review::Own => match self.passes_itself(place, &drawn[best].text) {
                Err(error @ (Error::Endpoint { .. } | Error::MessageTooLong { .. })) => {
                    return Ok(Err(format!(
                        "it could not be asked about its answer: {error}"
                    )));
                }
                passes => passes?,
            },
        };
        if pass {
            return Ok(Ok((drawn[best].clone(), verdicts[best].clone())));
        }
        let refusal = Response {
            text: REFUSAL.to_owned(),
            reasoning: drawn[best].reasoning.clone(),
        };
        let verdict = self.verdict(place, REFUSAL)?;
        Ok(Ok((refusal, verdict)))
    }

    /// The verdicts of all draws. That of a single one is kept in `plain`, for the set-ups
    /// that start from the same response.
    fn verdicts(
        &mut self,
        place: (usize, usize),
        drawn: &[Response],
        plain: &mut Option<Verdict>,
    ) -> Result<Vec<Verdict>> {
        let mut verdicts = Vec::new();
        for response in drawn {
            verdicts.push(match plain.take() {
                Some(verdict) if drawn.len() == 1 => verdict,
                _ => self.verdict(place, &response.text)?,
            });
        }
        if let [verdict] = verdicts.as_slice() {
            *plain = Some(verdict.clone());
        }
        Ok(verdicts)
    }

    fn verdict(&mut self, (index, setup): (usize, usize), response: &str) -> Result<Verdict> {
        let address = self.address(index, setup);
        let case = self.groups[index].case(&self.plan.task, &address, response);
        self.judge.judge(case)
    }

    /// Fails closed: what the system cannot judge does not pass.
    fn passes_itself(&mut self, (index, setup): (usize, usize), response: &str) -> Result<bool> {
        let address = self.address(index, setup);
        let case = self.groups[index].case(&self.plan.task, &address, response);
        passes_itself(&mut self.system, case)
    }

    fn address(&self, index: usize, setup: usize) -> Address {
        let (scenario, sample) = self.groups[index].of(&self.plan.task);
        plan::address(&self.plan.setups[setup].name(), scenario, sample)
    }

    fn line(
        &self,
        index: usize,
        setup: usize,
        outcome: Result<(Response, Verdict), String>,
    ) -> Line {
        let (_, sample) = self.groups[index].of(&self.plan.task);
        let address = self.address(index, setup);
        let (counted, failure) = match outcome {
            Ok(counted) => (Some(counted), None),
            Err(failure) => (None, Some(failure)),
        };
        let (response, verdict) = counted.unzip();
        let (text, reasoning) = response.map_or((None, None), |r| (Some(r.text), r.reasoning));
        Line {
            setup: address.setup,
            config_id: address.config_id,
            prompt_id: address.prompt_id,
            prompt: sample.prompt.clone(),
            kind: sample.kind.map(PromptType::name).map(str::to_owned),
            response: text,
            reasoning,
            failure,
            verdicts: verdict.as_ref().map(Verdicts::from),
        }
    }
}

/// The index of the best verdict; of equals, the first.
fn best(verdicts: &[Verdict]) -> Option<usize> {
    let order = |&a: &usize, &b: &usize| verdicts[a].score().total_cmp(&verdicts[b].score());
    (0..verdicts.len()).rev().max_by(order)
}
