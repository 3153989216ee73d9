//! One page of keys and values under the query heads that share it.

use crate::backend::PAGE;
use crate::backend::cpu::kv_page::{CODED_DIM, CodedPage, FloatPage, MOST_DIM, PANEL, Page, Pair};
use crate::backend::cpu::lanes::{Lanes, add_scaled, dot, exp, total};

/// Query heads that go through a page together.
pub const GROUP_HEADS: usize = 4;

/// How far the softmax of one query head is.
#[derive(Debug, Clone, Copy)]
pub struct Partial {
    /// The greatest score so far.
    pub highest: f32,
    /// The sum of `e^(score - highest)`.
    pub total: f32,
}

impl Partial {
    /// Nothing seen.
    pub const EMPTY: Self = Self {
        highest: f32::NEG_INFINITY,
        total: 0.0,
    };
}

/// Adds what is visible of a page to `out`, one query head after another. `place` is the
/// KV head, the visible positions, and the head's length.
#[inline(always)]
pub fn attend_page<L: Lanes>(
    page: &Page,
    place: (usize, usize, usize),
    q: &[f32],
    out: &mut [f32],
    partials: &mut [Partial],
) {
    let mut scores = [[0.0; PAGE]; GROUP_HEADS];
    let dim = place.2;
    let heads = q.len() / dim;
    match page {
        Page::Float(page) => float_scores::<L>(page, place, q, &mut scores),
        Page::Coded(page) => match heads {
            1 => coded_scores::<L, 1>(page, place, q, &mut scores),
            2 => coded_scores::<L, 2>(page, place, q, &mut scores),
            3 => coded_scores::<L, 3>(page, place, q, &mut scores),
            _ => coded_scores::<L, 4>(page, place, q, &mut scores),
        },
    }
    for ((scores, out), partial) in scores
        .iter_mut()
        .zip(out.chunks_exact_mut(dim))
        .zip(partials)
    {
        let shrink = soften::<L>(scores, place.1, partial);
        if shrink != 1.0 {
            out.iter_mut().for_each(|out| *out *= shrink);
        }
    }
    match page {
        Page::Float(page) => float_values::<L>(page, place, &scores, out),
        Page::Coded(page) => match heads {
            1 => coded_values::<L, 1>(page, place, &scores, out),
            2 => coded_values::<L, 2>(page, place, &scores, out),
            3 => coded_values::<L, 3>(page, place, &scores, out),
            _ => coded_values::<L, 4>(page, place, &scores, out),
        },
    }
}

/// Scores become `e^(score - highest)`, zero where not visible. Returns by how much what
/// was summed before must shrink.
#[inline(always)]
fn soften<L: Lanes>(scores: &mut [f32; PAGE], visible: usize, partial: &mut Partial) -> f32 {
    scores[visible..].fill(f32::NEG_INFINITY);
    let mut high = L::splat(partial.highest);
    for four in scores.as_chunks::<4>().0 {
        high = L::max(high, L::load(four));
    }
    let high = L::store(high).into_iter().fold(f32::NEG_INFINITY, f32::max);
    let mut sums = [L::splat(0.0); 4];
    for (i, four) in scores.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        let weight = exp::<L>(L::sub(L::load(four), L::splat(high)));
        *four = L::store(weight);
        sums[i % 4] = L::add(sums[i % 4], weight);
    }
    // The exponential of -infinity is not zero but 1e-38: let no hidden position count.
    scores[visible..].fill(0.0);
    let shrink = if partial.highest == high {
        1.0
    } else {
        (partial.highest - high).exp()
    };
    partial.highest = high;
    partial.total = partial.total * shrink + total::<L>(sums);
    shrink
}

#[inline(always)]
fn float_scores<L: Lanes>(
    page: &FloatPage,
    (kv_head, visible, dim): (usize, usize, usize),
    q: &[f32],
    scores: &mut [[f32; PAGE]; GROUP_HEADS],
) {
    let keys = &page.keys[kv_head * PAGE * dim..][..visible * dim];
    let factor = 1.0 / (dim as f32).sqrt();
    for (q, scores) in q.chunks_exact(dim).zip(scores) {
        for (score, key) in scores.iter_mut().zip(keys.chunks_exact(dim)) {
            *score = dot::<L>(q, key) * factor;
        }
    }
}

#[inline(always)]
fn float_values<L: Lanes>(
    page: &FloatPage,
    (kv_head, visible, dim): (usize, usize, usize),
    weights: &[[f32; PAGE]; GROUP_HEADS],
    out: &mut [f32],
) {
    let values = &page.values[kv_head * PAGE * dim..][..visible * dim];
    for (out, weights) in out.chunks_exact_mut(dim).zip(weights) {
        for (weight, value) in weights.iter().zip(values.chunks_exact(dim)) {
            add_scaled::<L>(out, *weight, value);
        }
    }
}

/// `Σ pairs * x` of eight rows for `G` rows of 16-bit codes.
#[inline(always)]
fn panel_dot<L: Lanes, const G: usize>(
    pairs: &[Pair],
    x: &[[[i16; 2]; MOST_DIM / 2]; G],
    from: usize,
) -> [[L::Int; 2]; G] {
    let mut sums = [[L::zero(); 2]; G];
    let x = x.each_ref().map(|x| &x[from..from + pairs.len()]);
    for (i, [low, high]) in pairs.iter().enumerate() {
        let codes = [L::widen_signed(low), L::widen_signed(high)];
        for (sums, x) in sums.iter_mut().zip(x) {
            let x = L::pair(&x[i]);
            sums[0] = L::add_int(sums[0], L::pair_dot(codes[0], x));
            sums[1] = L::add_int(sums[1], L::pair_dot(codes[1], x));
        }
    }
    sums
}

/// Codes of 16 bits: precise, and small enough that sums over 64 columns fit 32 bits.
#[inline(always)]
fn encode<L: Lanes>(values: &[f32], codes: &mut [[i16; 2]]) -> f32 {
    const MOST: f32 = 32_767.0;
    let mut high = L::splat(0.0);
    for four in values.as_chunks::<4>().0 {
        high = L::max(high, L::abs(L::load(four)));
    }
    let high = L::store(high).into_iter().fold(0.0, f32::max);
    let inverse = L::splat(if high > 0.0 { MOST / high } else { 0.0 });
    let pairs = codes.as_chunks_mut::<4>().0;
    for (eight, pairs) in values.as_chunks::<8>().0.iter().zip(pairs) {
        let fours = eight.as_chunks::<4>().0;
        let rounded = |i: usize| L::round(L::mul(L::load(&fours[i]), inverse));
        let shorts = L::shorts([rounded(0), rounded(1)]);
        pairs.copy_from_slice(shorts.as_chunks::<2>().0);
    }
    high / MOST
}

#[inline(always)]
fn coded_scores<L: Lanes, const G: usize>(
    page: &CodedPage,
    (kv_head, visible, dim): (usize, usize, usize),
    q: &[f32],
    scores: &mut [[f32; PAGE]; GROUP_HEADS],
) {
    let mut codes = [[[0; 2]; MOST_DIM / 2]; G];
    let factor = 1.0 / (dim as f32).sqrt();
    let mut factors = [0.0; G];
    for ((q, codes), of) in q.chunks_exact(dim).zip(&mut codes).zip(&mut factors) {
        *of = encode::<L>(q, codes) * factor;
    }
    let keys = &page.keys[kv_head * PAGE * dim / 16..][..PAGE * dim / 16];
    let blocks = dim / CODED_DIM;
    let scales = &page.key_scales[kv_head * blocks * PAGE..][..blocks * PAGE];
    for panel in 0..visible.div_ceil(PANEL) {
        let mut sums = [[L::splat(0.0); 2]; G];
        for block in 0..blocks {
            let at = panel * dim / 2 + block * CODED_DIM / 2;
            let dots =
                panel_dot::<L, G>(&keys[at..at + CODED_DIM / 2], &codes, block * CODED_DIM / 2);
            let scales = scales[block * PAGE + panel * PANEL..].as_chunks::<4>().0;
            for (sums, dots) in sums.iter_mut().zip(dots) {
                for half in 0..2 {
                    let score = L::mul(L::to_float(dots[half]), L::load(&scales[half]));
                    sums[half] = L::add(sums[half], score);
                }
            }
        }
        for ((scores, sums), factor) in scores.iter_mut().zip(sums).zip(factors) {
            let scores = scores[panel * PANEL..].as_chunks_mut::<4>().0;
            for half in 0..2 {
                scores[half] = L::store(L::mul(sums[half], L::splat(factor)));
            }
        }
    }
}

#[inline(always)]
fn coded_values<L: Lanes, const G: usize>(
    page: &CodedPage,
    (kv_head, visible, dim): (usize, usize, usize),
    weights: &[[f32; PAGE]; GROUP_HEADS],
    out: &mut [f32],
) {
    let scales = &page.value_scales[kv_head * PAGE..][..PAGE];
    let mut codes = [[[0; 2]; MOST_DIM / 2]; G];
    let mut factors = [0.0; G];
    for ((weights, codes), of) in weights.iter().zip(&mut codes).zip(&mut factors) {
        let mut scaled = [0.0; PAGE];
        for ((scaled, weight), scale) in scaled.iter_mut().zip(weights).zip(scales) {
            *scaled = weight * scale;
        }
        *of = encode::<L>(&scaled, codes);
    }
    let values = &page.values[kv_head * PAGE * dim / 16..][..PAGE * dim / 16];
    let pairs = visible.div_ceil(2);
    for panel in 0..dim / PANEL {
        let dots = panel_dot::<L, G>(&values[panel * PAGE / 2..][..pairs], &codes, 0);
        for ((out, dots), factor) in out.chunks_exact_mut(dim).zip(dots).zip(factors) {
            let out = out[panel * PANEL..].as_chunks_mut::<4>().0;
            for half in 0..2 {
                let value = L::mul(L::to_float(dots[half]), L::splat(factor));
                out[half] = L::store(L::add(L::load(&out[half]), value));
            }
        }
    }
}
