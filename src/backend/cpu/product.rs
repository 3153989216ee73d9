//! One or more matrices times the same activations, shared among threads.

use std::ops::Range;

use smallvec::SmallVec;

use super::activations::{Activations, Coding};
use super::formats::{Bytes, Format as _, PANEL, Q4_0, Q4_K, Q5_K, Q6_K, Q8_0};
use super::kernels::matmul::{Output, floats, panels};
use super::lanes::Lanes;
use super::pack::Weight;
use super::parts::Parts;
use super::pool::Pool;

/// Buffers that are used again and again: activations, once for each coding.
#[derive(Debug, Default)]
pub struct Scratch {
    coded: Vec<Activations>,
}

/// `x * weightᵀ` for each weight, into `out`.
pub fn matmul<L: Lanes, const N: usize>(
    pool: &Pool,
    scratch: &mut Scratch,
    weights: [&Weight; N],
    x: &[f32],
    out: [&mut Vec<f32>; N],
) {
    let coded_as = scratch.encode::<L>(pool, &weights, x);
    let (mut number, mut end) = (0, 0);
    let jobs = out.map(|out| {
        let (weight, coded) = (weights[number], &scratch.coded[coded_as[number]]);
        out.resize(x.len() / weight.cols() * weight.rows(), 0.0);
        let start = end;
        end += weight.rows().div_ceil(PANEL);
        number += 1;
        Job {
            weight,
            coded,
            panels: start..end,
            out: Output {
                values: Parts::new(out),
                rows: weight.rows(),
            },
        }
    });
    let faster = L::has_faster();
    pool.run_ranges(end, &|range| {
        for job in &jobs {
            // SAFETY: each panel is in one range only.
            unsafe {
                match faster {
                    true => job.run::<L::Faster>(x, &range),
                    false => job.run::<L>(x, &range),
                }
            }
        }
    });
}

impl Scratch {
    /// Codes `x` as the weights want it, once for weights that want the same; returns
    /// which of the coded ones is each weight's.
    fn encode<L: Lanes>(
        &mut self,
        pool: &Pool,
        weights: &[&Weight],
        x: &[f32],
    ) -> SmallVec<[usize; 4]> {
        let count = weights.len().max(self.coded.len());
        self.coded.resize_with(count, Activations::default);
        let mut coded_as = SmallVec::new();
        for (i, weight) in weights.iter().enumerate() {
            let wanted = coding(weight);
            let same = weights[..i]
                .iter()
                .position(|other| coding(other) == wanted);
            coded_as.push(same.unwrap_or(i));
            if let (None, Some(wanted)) = (same, wanted) {
                self.coded[i].quantize::<L>(pool, x, weight.cols(), wanted);
            }
        }
        coded_as
    }
}

/// One of the matrices.
struct Job<'a> {
    weight: &'a Weight,
    coded: &'a Activations,
    /// Its panels, counted through all matrices.
    panels: Range<usize>,
    out: Output<'a>,
}

impl Job<'_> {
    /// Computes those of its panels that are in `range`.
    ///
    /// # Safety
    /// No other thread computes them.
    unsafe fn run<L: Lanes>(&self, x: &[f32], range: &Range<usize>) {
        let start = range.start.max(self.panels.start);
        let end = range.end.min(self.panels.end);
        if start >= end {
            return;
        }
        let range = start - self.panels.start..end - self.panels.start;
        let (coded, out) = (self.coded, &self.out);
        // SAFETY: as for this function.
        unsafe {
            match self.weight {
                Weight::F32(weight) => floats::<L, _>(weight, x, range, out),
                Weight::F16(weight) => floats::<L, _>(weight, x, range, out),
                Weight::BF16(weight) => floats::<L, _>(weight, x, range, out),
                Weight::Q4_0(weight) => panels::<L, _>(weight, coded, range, out),
                Weight::Q8_0(weight) => panels::<L, _>(weight, coded, range, out),
                Weight::Q4_K(weight) => panels::<L, _>(weight, coded, range, out),
                Weight::Q5_K(weight) => panels::<L, _>(weight, coded, range, out),
                Weight::Q6_K(weight) => panels::<L, _>(weight, coded, range, out),
                Weight::Bytes(weight) => panels::<L, _>(weight, coded, range, out),
            }
        }
    }
}

/// How a weight wants its activations; `None` as floats.
fn coding(weight: &Weight) -> Option<Coding> {
    match weight {
        Weight::F32(_) | Weight::F16(_) | Weight::BF16(_) => None,
        Weight::Q4_0(_) => Some(Q4_0::CODING),
        Weight::Q8_0(_) => Some(Q8_0::CODING),
        Weight::Q4_K(_) => Some(Q4_K::CODING),
        Weight::Q5_K(_) => Some(Q5_K::CODING),
        Weight::Q6_K(_) => Some(Q6_K::CODING),
        Weight::Bytes(_) => Some(Bytes::CODING),
    }
}
