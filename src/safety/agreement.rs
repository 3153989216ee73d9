//! How far two raters agree about yes or no.

/// Counts of yes/no pairs; the first rater is the one to be measured, the second the truth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Agreement {
    /// Both say yes.
    pub true_positives: u32,
    /// Only the first says yes.
    pub false_positives: u32,
    /// Only the second says yes.
    pub false_negatives: u32,
    /// Both say no.
    pub true_negatives: u32,
}

impl Agreement {
    /// Counts one pair.
    pub fn add(&mut self, measured: bool, truth: bool) {
        let count = match (measured, truth) {
            (true, true) => &mut self.true_positives,
            (true, false) => &mut self.false_positives,
            (false, true) => &mut self.false_negatives,
            (false, false) => &mut self.true_negatives,
        };
        *count += 1;
    }

    /// Pairs counted.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.true_positives + self.false_positives + self.false_negatives + self.true_negatives
    }

    /// Of what the first calls yes, the share that is. `None` where it calls nothing so.
    #[must_use]
    pub fn precision(&self) -> Option<f64> {
        share(self.true_positives, self.false_positives)
    }

    /// Of what is yes, the share that the first finds. `None` where nothing is.
    #[must_use]
    pub fn recall(&self) -> Option<f64> {
        share(self.true_positives, self.false_negatives)
    }

    /// Cohen's kappa: agreement beyond chance, 1 at best. `None` where chance alone would
    /// agree always, because one answer never comes.
    #[must_use]
    pub fn kappa(&self) -> Option<f64> {
        let total = f64::from(self.total());
        let [tp, fp, fn_, tn] = [
            self.true_positives,
            self.false_positives,
            self.false_negatives,
            self.true_negatives,
        ]
        .map(f64::from);
        let observed = (tp + tn) / total;
        let chance = ((tp + fp) * (tp + fn_) + (fn_ + tn) * (fp + tn)) / (total * total);
        (self.total() > 0 && chance < 1.0).then(|| (observed - chance) / (1.0 - chance))
    }
}

fn share(part: u32, rest: u32) -> Option<f64> {
    let whole = part + rest;
    (whole > 0).then(|| f64::from(part) / f64::from(whole))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_textbook_table() {
        // 20 and 15 agree, 5 and 10 do not: observed 0.7, chance 0.5, kappa 0.4.
        let table = Agreement {
            true_positives: 20,
            false_positives: 5,
            false_negatives: 10,
            true_negatives: 15,
        };
        assert!((table.kappa().unwrap() - 0.4).abs() < 1e-12);
        assert_eq!(table.precision(), Some(0.8));
        assert!((table.recall().unwrap() - 2.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn extremes() {
        let mut same = Agreement::default();
        assert_eq!((same.kappa(), same.precision()), (None, None));
        same.add(true, true);
        assert_eq!(same.kappa(), None, "one answer never came");
        same.add(false, false);
        assert_eq!(same.kappa(), Some(1.0));
        let mut opposite = Agreement::default();
        opposite.add(true, false);
        opposite.add(false, true);
        assert_eq!(opposite.kappa(), Some(-1.0));
        assert_eq!(opposite.total(), 2);
    }
}
