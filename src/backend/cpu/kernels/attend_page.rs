//! One page of keys and values under the query heads that share it.

use crate::backend::PAGE;
use crate::backend::cpu::formats::add_pairs;
use crate::backend::cpu::kv_page::{CODED_DIM, CodedPage, FloatPage, MOST_DIM, PANEL, Page, Pair};
use crate::backend::cpu::lanes::{Lanes, add_scaled, dot, exp2, total};

/// Query heads that go through a page together.
pub const GROUP_HEADS: usize = 4;

/// How far the softmax of one query head is. Scores are in powers of two: those of attention
/// times `log2(e)`, so that a weight is `2^score`.
#[derive(Debug, Clone, Copy)]
pub struct Partial {
    /// The greatest score so far.
    pub highest: f32,
    /// The sum of `2^(score - highest)`.
    pub total: f32,
}

impl Partial {
    /// Nothing seen.
    pub const EMPTY: Self = Self {
        highest: f32::NEG_INFINITY,
        total: 0.0,
    };
}

/// The query heads that go through a page together, one after another.
pub struct Query<'a, const G: usize> {
    values: &'a [f32],
    /// `[pair of dimensions][head]`: 16-bit codes, for pages of codes.
    codes: [[[i16; 2]; G]; MOST_DIM / 2],
    /// What codes are multiplied with to be scores: scale and [`score_factor`].
    factors: [f32; G],
    /// Pairs in [`CODED_DIM`] dimensions. The compiler does not know, so that it does not
    /// unroll the loop over them: that would need more registers than there are.
    pairs: usize,
}

/// What of a page a query looks at.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The KV head.
    pub kv_head: usize,
    /// Visible positions.
    pub visible: usize,
    /// Length of a head.
    pub dim: usize,
}

impl<'a, const G: usize> Query<'a, G> {
    /// The heads of `values`, each `dim` long.
    #[inline(always)]
    pub fn new<L: Lanes>(values: &'a [f32], dim: usize) -> Self {
        let mut codes = [[[0; 2]; G]; MOST_DIM / 2];
        let mut factors = [score_factor(dim); G];
        for (g, head) in values.chunks_exact(dim).enumerate() {
            factors[g] *= encode::<L, G>(head, g, &mut codes);
        }
        Self {
            values,
            codes,
            factors,
            pairs: std::hint::black_box(CODED_DIM / 2),
        }
    }

    /// Adds what is visible of a page to `out`, one head after another.
    #[inline(always)]
    pub fn attend<L: Lanes>(
        &self,
        page: &Page,
        place: Place,
        out: &mut [f32],
        partials: &mut [Partial],
    ) {
        let mut scores = [[0.0; PAGE]; G];
        match page {
            Page::Float(page) => float_scores::<L>(page, place, self.values, &mut scores),
            Page::Coded(page) => self.coded_scores::<L>(page, place, &mut scores),
        }
        let heads = scores.iter_mut().zip(out.chunks_exact_mut(place.dim));
        for ((scores, out), partial) in heads.zip(partials) {
            let shrink = soften::<L>(scores, place.visible, partial);
            if shrink != 1.0 {
                out.iter_mut().for_each(|out| *out *= shrink);
            }
        }
        match page {
            Page::Float(page) => float_values::<L>(page, place, &scores, out),
            Page::Coded(page) => coded_values::<L, G>(page, place, &scores, out),
        }
    }

    #[inline(always)]
    fn coded_scores<L: Lanes>(
        &self,
        page: &CodedPage,
        place: Place,
        scores: &mut [[f32; PAGE]; G],
    ) {
        let blocks = place.dim / CODED_DIM;
        let panels = page.keys.chunks_exact(blocks);
        let panels = panels.skip(place.kv_head * PAGE / PANEL);
        for (panel, blocks) in panels.take(place.visible.div_ceil(PANEL)).enumerate() {
            let mut sums = [[L::splat(0.0); 2]; G];
            for (block, codes) in blocks.iter().zip(self.codes.as_chunks().0) {
                let codes: &[_; CODED_DIM / 2] = codes;
                let dots = panel_dot::<L, G>(&block.codes[..self.pairs], codes);
                let scales = block.scales.as_chunks::<4>().0;
                for (sums, dots) in sums.iter_mut().zip(dots) {
                    for half in 0..2 {
                        let score = L::mul(L::to_float(dots[half]), L::load(&scales[half]));
                        sums[half] = L::add(sums[half], score);
                    }
                }
            }
            for ((scores, sums), factor) in scores.iter_mut().zip(sums).zip(self.factors) {
                let scores = scores[panel * PANEL..].as_chunks_mut::<4>().0;
                for half in 0..2 {
                    scores[half] = L::store(L::mul(sums[half], L::splat(factor)));
                }
            }
        }
    }
}

/// What the product of a query and a key of this length is multiplied with to be a score.
fn score_factor(dim: usize) -> f32 {
    std::f32::consts::LOG2_E / (dim as f32).sqrt()
}

/// Scores become `2^(score - highest)`, zero where not visible. Returns by how much what
/// was summed before must shrink.
#[inline(always)]
fn soften<L: Lanes>(scores: &mut [f32; PAGE], visible: usize, partial: &mut Partial) -> f32 {
    let scores = &mut scores[..visible.next_multiple_of(16)];
    scores[visible..].fill(f32::NEG_INFINITY);
    let mut high = [L::splat(partial.highest); 4];
    for sixteen in scores.as_chunks::<16>().0 {
        for (high, four) in high.iter_mut().zip(sixteen.as_chunks::<4>().0) {
            *high = L::max(*high, L::load(four));
        }
    }
    let high = L::max(L::max(high[0], high[1]), L::max(high[2], high[3]));
    let high = L::store(high).into_iter().fold(f32::NEG_INFINITY, f32::max);
    let mut sums = [L::splat(0.0); 4];
    for sixteen in scores.as_chunks_mut::<16>().0 {
        for (sum, four) in sums.iter_mut().zip(sixteen.as_chunks_mut::<4>().0) {
            let weight = exp2::<L>(L::sub(L::load(four), L::splat(high)));
            *four = L::store(weight);
            *sum = L::add(*sum, weight);
        }
    }
    // Two to -infinity is not zero but 1e-38: let no hidden position count.
    scores[visible..].fill(0.0);
    let shrink = if partial.highest == high {
        1.0
    } else {
        libm::exp2f(partial.highest - high)
    };
    partial.highest = high;
    partial.total = partial.total * shrink + total::<L>(sums);
    shrink
}

#[inline(always)]
fn float_scores<L: Lanes>(page: &FloatPage, place: Place, q: &[f32], scores: &mut [[f32; PAGE]]) {
    let dim = place.dim;
    let keys = &page.keys[place.kv_head * PAGE * dim..][..place.visible * dim];
    let factor = score_factor(dim);
    for (q, scores) in q.chunks_exact(dim).zip(scores) {
        for (score, key) in scores.iter_mut().zip(keys.chunks_exact(dim)) {
            *score = dot::<L>(q, key) * factor;
        }
    }
}

#[inline(always)]
fn float_values<L: Lanes>(
    page: &FloatPage,
    place: Place,
    weights: &[[f32; PAGE]],
    out: &mut [f32],
) {
    let dim = place.dim;
    let values = &page.values[place.kv_head * PAGE * dim..][..place.visible * dim];
    for (out, weights) in out.chunks_exact_mut(dim).zip(weights) {
        for (weight, value) in weights.iter().zip(values.chunks_exact(dim)) {
            add_scaled::<L>(out, *weight, value);
        }
    }
}

/// `Σ pairs * x` of eight rows for `G` rows of 16-bit codes; the pairs are of an even number.
#[inline(always)]
fn panel_dot<L: Lanes, const G: usize>(pairs: &[Pair], x: &[[[i16; 2]; G]]) -> [[L::Int; 2]; G] {
    let mut sums = [[L::zero(); 2]; G];
    add_pairs::<L, G>(&mut sums, pairs, x, pairs.len() / 2);
    sums
}

/// Puts values as 16-bit codes to place `g` of `codes`, and returns their scale: precise,
/// and small enough that sums over a page's columns fit 32 bits.
#[inline(always)]
fn encode<L: Lanes, const G: usize>(values: &[f32], g: usize, codes: &mut [[[i16; 2]; G]]) -> f32 {
    const MOST: f32 = 32_767.0;
    const { assert!(PAGE * 127 * 32_767 <= i32::MAX as usize) };
    let mut high = L::splat(0.0);
    for four in values.as_chunks::<4>().0 {
        high = L::max(high, L::abs(L::load(four)));
    }
    let high = L::store(high).into_iter().fold(0.0, f32::max);
    let inverse = L::splat(if high > 0.0 { MOST / high } else { 0.0 });
    let pairs = codes.as_chunks_mut::<4>().0;
    for (eight, pairs) in values.as_chunks::<8>().0.iter().zip(pairs) {
        let fours = eight.as_chunks::<4>().0;
        let scaled = |i: usize| L::mul(L::load(&fours[i]), inverse);
        let shorts = L::shorts([scaled(0), scaled(1)]);
        for (pair, short) in pairs.iter_mut().zip(shorts.as_chunks::<2>().0) {
            pair[g] = *short;
        }
    }
    high / MOST
}

#[inline(always)]
fn coded_values<L: Lanes, const G: usize>(
    page: &CodedPage,
    place: Place,
    weights: &[[f32; PAGE]; G],
    out: &mut [f32],
) {
    let dim = place.dim;
    let scales = &page.value_scales[place.kv_head * PAGE..][..PAGE];
    let mut codes = [[[0; 2]; G]; PAGE / 2];
    let mut factors = [0.0; G];
    // NaN among the visible values must reach the logits; what lies behind them must not.
    let poison = dot::<L>(&scales[..place.visible], &[0.0; PAGE][..place.visible]);
    for (g, weights) in weights.iter().enumerate() {
        let weights = &weights[..place.visible];
        let scaled = &mut [0.0; PAGE][..place.visible.next_multiple_of(PANEL)];
        for ((scaled, weight), scale) in scaled.iter_mut().zip(weights).zip(scales) {
            *scaled = weight * scale;
        }
        factors[g] = encode::<L, G>(scaled, g, &mut codes) + poison;
    }
    let values = &page.values[place.kv_head * PAGE * dim / 16..][..PAGE * dim / 16];
    let pairs = place.visible.next_multiple_of(PANEL) / 2;
    for panel in 0..dim / PANEL {
        let dots = panel_dot::<L, G>(&values[panel * PAGE / 2..][..pairs], &codes);
        for ((out, dots), factor) in out.chunks_exact_mut(dim).zip(dots).zip(factors) {
            let out = out[panel * PANEL..].as_chunks_mut::<4>().0;
            for half in 0..2 {
                let value = L::mul(L::to_float(dots[half]), L::splat(factor));
                out[half] = L::store(L::add(L::load(&out[half]), value));
            }
        }
    }
}
