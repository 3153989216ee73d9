//! Supervised fine-tuning: the answers of conversations, or whole texts, token by token.

use super::train::likelihood::losses;
use super::train::{Example, Loss, Network, Objective};

/// Sequences whose marked tokens are learned.
#[derive(Debug)]
pub struct Sft {
    examples: Vec<Example>,
}

impl Sft {
    /// What is learned; examples without a learned token are left out.
    #[must_use]
    pub fn new(examples: Vec<Example>) -> Self {
        let mut examples = examples;
        examples.retain(|example| example.learned() > 0);
        Self { examples }
    }
}

impl Objective for Sft {
    fn lengths(&self) -> Vec<usize> {
        self.examples
            .iter()
            .map(|example| example.ids.len())
            .collect()
    }

    fn weight(&self, item: usize) -> f64 {
        self.examples[item].learned() as f64
    }

    fn loss(&self, network: &Network, items: &[usize]) -> candle_core::Result<Loss> {
        let examples: Vec<&Example> = items.iter().map(|&item| &self.examples[item]).collect();
        let sum = losses(network, &examples)?.each.sum_all()?;
        Ok(Loss {
            sum,
            others: Vec::new(),
        })
    }
}
