//! Softmax attention over the pages of a KV cache.

use crate::backend::cpu::lanes::{Lanes, add_scaled, dot};
use crate::backend::{Heads, KvView, PAGE};

/// Copies a row to position `at` of a page, head by head.
pub fn store(page: &mut [f32], at: usize, row: &[f32], heads: Heads) {
    for (head, values) in row.chunks_exact(heads.dim).enumerate() {
        let start = (head * PAGE + at) * heads.dim;
        page[start..start + heads.dim].copy_from_slice(values);
    }
}

/// The rows of `q` over their views, in the views' order.
pub fn attend<L: Lanes>(
    q: &[f32],
    heads: Heads,
    kv: Heads,
    views: &[KvView<'_, Vec<f32>>],
) -> Vec<f32> {
    let mut out = vec![0.0; q.len()];
    let mut scores = Vec::new();
    let rows = (views.iter()).flat_map(|view| view.lens.clone().map(move |len| (view, len)));
    let width = heads.width();
    for ((q, out), (view, len)) in
        (q.chunks_exact(width).zip(out.chunks_exact_mut(width))).zip(rows)
    {
        let each = q
            .chunks_exact(heads.dim)
            .zip(out.chunks_exact_mut(heads.dim));
        for (head, (q, out)) in each.enumerate() {
            scores.clear();
            scores.resize(len, 0.0);
            attend_head::<L>(q, view, head * kv.count / heads.count, &mut scores, out);
        }
    }
    out
}

/// One query head. `scores` has a place for each visible position.
fn attend_head<L: Lanes>(
    q: &[f32],
    view: &KvView<'_, Vec<f32>>,
    kv_head: usize,
    scores: &mut [f32],
    out: &mut [f32],
) {
    let dim = q.len();
    let run = kv_head * PAGE * dim..(kv_head + 1) * PAGE * dim;
    let factor = 1.0 / (dim as f32).sqrt();
    for (scores, page) in scores.chunks_mut(PAGE).zip(&view.keys) {
        for (score, key) in scores.iter_mut().zip(page[run.clone()].chunks_exact(dim)) {
            *score = dot::<L>(q, key) * factor;
        }
    }
    softmax(scores);
    for (scores, page) in scores.chunks(PAGE).zip(&view.values) {
        for (score, value) in scores.iter().zip(page[run.clone()].chunks_exact(dim)) {
            add_scaled::<L>(out, *score, value);
        }
    }
}

fn softmax(scores: &mut [f32]) {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut total = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - highest).exp();
        total += *score;
    }
    scores.iter_mut().for_each(|score| *score /= total);
}
