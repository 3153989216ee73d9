//! The loop: batches, loss, gradients, step.

use candle_core::{DType, Tensor};

use super::batches::Batches;
use super::gradients::{self, Gradients, clip, of_weights};
use super::network::Network;
use super::optimizer::Optimizer;
use super::options::TrainOptions;
use super::{checkpoint, cores, training};
use crate::error::{Error, Result, require};

/// What training makes smaller.
pub trait Objective: Sync {
    /// Tokens of each item, all its sequences together, each padded to the longest.
    fn lengths(&self) -> Vec<usize>;

    /// What an item counts in the mean: tokens, or pairs.
    fn weight(&self, item: usize) -> f64;

    /// The sum over these items.
    ///
    /// # Errors
    /// Where candle fails.
    fn loss(&self, network: &Network, items: &[usize]) -> candle_core::Result<Loss>;
}

/// The sum of an objective over some items.
pub struct Loss {
    /// A scalar, not yet divided by the weights.
    pub sum: Tensor,
    /// Further sums worth a curve of their own, by name.
    pub others: Vec<(&'static str, f64)>,
}

impl Loss {
    fn value(&self) -> candle_core::Result<f64> {
        Ok(f64::from(
            self.sum.to_dtype(DType::F32)?.to_scalar::<f32>()?,
        ))
    }
}

/// How a run stands after a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// Steps taken.
    pub step: u64,
    /// Mean loss of the step's items, before the step.
    pub loss: f64,
    /// Learning rate.
    pub rate: f64,
    /// Length of the gradients, before they were clipped.
    pub gradient: f64,
    /// Tokens of the step, padding included.
    pub tokens: usize,
    /// Further means.
    pub others: Vec<(&'static str, f64)>,
}

/// Trains to the last step, from the checkpoint where there is one. `run` names all that
/// the weights depend on; a checkpoint of another run is refused. `each` is told of every
/// step.
///
/// # Errors
/// `InvalidOption`; `Io` of checkpoints; `Training` where candle fails or the loss is no
/// number: the last checkpoint is kept then.
pub fn train(
    network: &Network,
    objective: &dyn Objective,
    options: &TrainOptions,
    run: &str,
    each: &mut dyn FnMut(&Progress) -> Result<()>,
) -> Result<()> {
    options.validate()?;
    let weights = network.parameters().trained();
    let mut optimizer = Optimizer {
        method: options.optimizer,
        ..Optimizer::default()
    };
    if let Some(path) = &options.checkpoint {
        checkpoint::load(path, weights, &mut optimizer, run)?;
    }
    let mut order = Order::new(objective, options)?;
    order.skip(optimizer.step * options.accumulate as u64);
    while optimizer.step < options.steps {
        let items: Vec<Vec<usize>> = (0..options.accumulate).map(|_| order.next()).collect();
        let mut progress = step(network, objective, options, (&mut optimizer, &items))?;
        progress.tokens = items.iter().map(|batch| order.batches.padded(batch)).sum();
        each(&progress)?;
        let due = optimizer.step.is_multiple_of(options.checkpoint_every)
            || optimizer.step == options.steps;
        if let (true, Some(path)) = (due, &options.checkpoint) {
            checkpoint::save(path, weights, &optimizer, run)?;
        }
    }
    Ok(())
}

/// The mean loss of some data, without learning from it.
///
/// # Errors
/// `Training` where candle fails.
pub fn mean_loss(network: &Network, objective: &dyn Objective) -> Result<f64> {
    const AT_ONCE: usize = 8;
    let items: Vec<usize> = (0..objective.lengths().len()).collect();
    let (mut sum, mut weight) = (0.0, 0.0);
    for batch in items.chunks(AT_ONCE) {
        let loss = objective.loss(network, batch);
        let loss = loss.and_then(|loss| loss.value());
        sum += loss.map_err(training)?;
        weight += batch
            .iter()
            .map(|&item| objective.weight(item))
            .sum::<f64>();
    }
    Ok(sum / weight)
}

fn step(
    network: &Network,
    objective: &dyn Objective,
    options: &TrainOptions,
    (optimizer, batches): (&mut Optimizer, &[Vec<usize>]),
) -> Result<Progress> {
    let weights = network.parameters().trained();
    let total: f64 = batches
        .iter()
        .flatten()
        .map(|&item| objective.weight(item))
        .sum();
    let mut progress = Progress {
        step: optimizer.step + 1,
        loss: 0.0,
        rate: options.rate(optimizer.step),
        gradient: 0.0,
        tokens: 0,
        others: Vec::new(),
    };
    let mut found = Vec::with_capacity(batches.len());
    let pass = |batch: &Vec<usize>| pass(network, objective, batch, total);
    for done in cores::each(batches.iter().collect(), pass) {
        let (loss, gradients) = done.map_err(training)?;
        progress.loss += loss.value().map_err(training)? / total;
        add(&mut progress.others, &loss.others, total);
        found.push(gradients);
    }
    let mut gradients = gradients::sum(found).map_err(training)?;
    progress.gradient = clip(&mut gradients, options.clip).map_err(training)?;
    if !progress.loss.is_finite() || !progress.gradient.is_finite() {
        return Err(diverged(&progress, options));
    }
    let (rate, decay) = (progress.rate, options.weight_decay);
    let moved = optimizer.step(weights, &gradients, rate, decay);
    moved.map_err(training)?;
    Ok(progress)
}

/// The loss of a batch, and the gradients of its share of the mean.
fn pass(
    network: &Network,
    objective: &dyn Objective,
    batch: &[usize],
    total: f64,
) -> candle_core::Result<(Loss, Gradients)> {
    let loss = objective.loss(network, batch)?;
    let weights = network.parameters().trained();
    let found = of_weights(weights, (&loss.sum / total)?.backward()?)?;
    Ok((loss, found))
}

fn add(sums: &mut Vec<(&'static str, f64)>, found: &[(&'static str, f64)], total: f64) {
    for (name, value) in found {
        match sums.iter_mut().find(|(known, _)| known == name) {
            Some((_, sum)) => *sum += value / total,
            None => sums.push((name, value / total)),
        }
    }
}

fn diverged(progress: &Progress, options: &TrainOptions) -> Error {
    let kept = match &options.checkpoint {
        Some(path) => format!("the checkpoint before it is kept in {}", path.display()),
        None => "there is no checkpoint".to_owned(),
    };
    Error::Training {
        detail: format!(
            "loss {} and gradient {} at step {} are no numbers; {kept}; try a lower learning rate",
            progress.loss, progress.gradient, progress.step
        ),
    }
}

/// The batches of one epoch after the other.
struct Order {
    batches: Batches,
    epoch: u64,
    left: std::vec::IntoIter<Vec<usize>>,
}

impl Order {
    fn new(objective: &dyn Objective, options: &TrainOptions) -> Result<Self> {
        let lengths = objective.lengths();
        require(
            !lengths.is_empty(),
            "data",
            "there is nothing to learn from",
        )?;
        let batches = Batches::new(lengths, options.batch_tokens, options.seed);
        let left = batches.epoch(0).into_iter();
        Ok(Self {
            batches,
            epoch: 0,
            left,
        })
    }

    fn next(&mut self) -> Vec<usize> {
        loop {
            if let Some(batch) = self.left.next() {
                return batch;
            }
            self.epoch += 1;
            self.left = self.batches.epoch(self.epoch).into_iter();
        }
    }

    fn skip(&mut self, count: u64) {
        (0..count).for_each(|_| drop(self.next()));
    }
}
