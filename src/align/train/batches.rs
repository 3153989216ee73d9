//! Which items come together, in which order: the same for the same seed.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

use crate::eval::statistics::shuffle;

/// Items that are sorted by length at a time: enough that neighbours are alike.
const BUCKET: usize = 4096;

/// How items are put into batches.
#[derive(Debug, Clone)]
pub struct Batches {
    /// Tokens of each item.
    lengths: Vec<usize>,
    /// Tokens of a batch at most, padding included; an item that has more comes alone.
    tokens: usize,
    seed: u64,
}

impl Batches {
    /// Batches of at most `tokens` tokens over items of these lengths.
    #[must_use]
    pub fn new(lengths: Vec<usize>, tokens: usize, seed: u64) -> Self {
        Self {
            lengths,
            tokens,
            seed,
        }
    }

    /// All items once, in batches of items of like length.
    #[must_use]
    pub fn epoch(&self, epoch: u64) -> Vec<Vec<usize>> {
        let seed = self
            .seed
            .wrapping_add(epoch.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut order: Vec<usize> = (0..self.lengths.len()).collect();
        shuffle(&mut order, &mut random);
        let mut batches = Vec::new();
        for bucket in order.chunks_mut(BUCKET) {
            bucket.sort_by_key(|&item| self.lengths[item]);
            let mut own = self.cut(bucket);
            shuffle(&mut own, &mut random);
            batches.append(&mut own);
        }
        batches
    }

    /// Tokens of a batch, padding included.
    #[must_use]
    pub fn padded(&self, batch: &[usize]) -> usize {
        let longest = batch.iter().map(|&item| self.lengths[item]).max();
        longest.unwrap_or(0) * batch.len()
    }

    /// `items`, shortest first, in batches.
    fn cut(&self, items: &[usize]) -> Vec<Vec<usize>> {
        let mut batches: Vec<Vec<usize>> = Vec::new();
        for &item in items {
            match batches.last_mut() {
                Some(batch) if (batch.len() + 1) * self.lengths[item] <= self.tokens => {
                    batch.push(item);
                }
                _ => batches.push(vec![item]),
            }
        }
        batches
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_comes_once_and_no_batch_is_too_large() {
        let lengths: Vec<usize> = (0..10_000).map(|i| 1 + i * 37 % 300).collect();
        let batches = Batches::new(lengths.clone(), 1000, 7);
        let epoch = batches.epoch(0);
        let mut seen: Vec<usize> = epoch.concat();
        seen.sort_unstable();
        assert_eq!(seen, (0..10_000).collect::<Vec<_>>());
        for batch in &epoch {
            let longest = batch.iter().map(|&i| lengths[i]).max().unwrap_or(0);
            assert!(longest * batch.len() <= 1000, "{longest} x {}", batch.len());
        }
        assert_eq!(epoch, batches.epoch(0));
        assert_ne!(epoch, batches.epoch(1));
        // Padding is rare, since neighbours are of like length.
        let padded: usize = epoch
            .iter()
            .map(|b| b.len() * b.iter().map(|&i| lengths[i]).max().unwrap_or(0))
            .sum();
        assert!(padded * 100 < lengths.iter().sum::<usize>() * 105);
    }

    #[test]
    fn an_item_that_is_too_long_comes_alone() {
        let batches = Batches::new(vec![5, 50, 5], 10, 0);
        let mut sizes: Vec<usize> = batches.epoch(0).iter().map(Vec::len).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [1, 2]);
    }
}
