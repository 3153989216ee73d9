//! Every operation in plain scalar Rust: the specification, and the oracle of the tests.

use super::{Backend, Heads, KvView, Matrix, PAGE};
use crate::error::{Error, Result};
use crate::quant::{self, Dtype};

/// The backend that is easy to read and slow.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reference;

/// A matrix of floats, row-major.
#[derive(Debug, Clone)]
pub struct Weight {
    cols: usize,
    values: Vec<f32>,
}

/// Keys and values, each `[head][position][dim]`.
pub type Page = [Vec<f32>; 2];

impl Backend for Reference {
    type Weight = Weight;
    type Buffer = Vec<f32>;
    type Page = Page;

    fn name(&self) -> &'static str {
        "reference"
    }

    fn detail(&self) -> &'static str {
        "scalar"
    }

    fn packed_bytes(&self, _: Dtype, rows: u64, cols: u64) -> u64 {
        rows.saturating_mul(cols)
            .saturating_mul(size_of::<f32>() as u64)
    }

    fn begin_weight(&self, like: &Matrix<'_>, _: usize) -> Result<Weight> {
        Ok(Weight {
            cols: like.cols,
            values: Vec::new(),
        })
    }

    fn push_rows(&self, weight: &mut Weight, part: &Matrix<'_>) -> Result<()> {
        let stored = quant::dequantize(part.dtype, part.bytes);
        if stored.iter().any(|value| !value.is_finite()) {
            return Err(Error::NonFinite {
                what: format!("tensor {}", part.name),
            });
        }
        for row in 0..part.rows {
            let start = part.order.source(row) * part.cols;
            weight
                .values
                .extend_from_slice(&stored[start..start + part.cols]);
        }
        Ok(())
    }

    fn weight_bytes(&self, weight: &Weight) -> usize {
        size_of_val(weight.values.as_slice())
    }

    fn upload(&self, values: Vec<f32>) -> Vec<f32> {
        values
    }

    fn download(&self, buffer: &Vec<f32>, out: &mut Vec<f32>) {
        out.clone_from(buffer);
    }

    fn embed(&self, table: &Weight, tokens: &[u32], out: &mut Vec<f32>) {
        let rows = tokens.iter().map(|&token| token as usize * table.cols);
        *out = rows
            .flat_map(|start| table.values[start..start + table.cols].iter().copied())
            .collect();
    }

    fn matmul<const N: usize>(&self, weights: [&Weight; N], x: &Vec<f32>, out: [&mut Vec<f32>; N]) {
        for (weight, out) in weights.into_iter().zip(out) {
            *out = (x.chunks_exact(weight.cols))
                .flat_map(|x| weight.values.chunks_exact(weight.cols).map(|w| dot(w, x)))
                .collect();
        }
    }

    fn rms_norm(&self, x: &Vec<f32>, weight: &Vec<f32>, eps: f32, out: &mut Vec<f32>) {
        *out = (x.chunks_exact(weight.len()))
            .flat_map(|row| {
                let scale = 1.0 / (dot(row, row) / row.len() as f32 + eps).sqrt();
                row.iter().zip(weight).map(move |(x, w)| x * scale * w)
            })
            .collect();
    }

    fn add_bias(&self, x: &mut Vec<f32>, bias: &Vec<f32>) {
        for row in x.chunks_exact_mut(bias.len()) {
            row.iter_mut().zip(bias).for_each(|(x, b)| *x += b);
        }
    }

    fn add(&self, x: &mut Vec<f32>, y: &Vec<f32>) {
        x.iter_mut().zip(y).for_each(|(x, y)| *x += y);
    }

    fn rope(&self, x: &mut Vec<f32>, heads: Heads, positions: &[u32], inv_freq: &[f32]) {
        for (row, &position) in x.chunks_exact_mut(heads.width()).zip(positions) {
            for head in row.chunks_exact_mut(heads.dim) {
                rotate(head, position, inv_freq);
            }
        }
    }

    fn swiglu(&self, gate: &mut Vec<f32>, up: &Vec<f32>) {
        for (g, u) in gate.iter_mut().zip(up) {
            *g = *g / (1.0 + (-*g).exp()) * u;
        }
    }

    fn gather(&self, x: &Vec<f32>, width: usize, rows: &[usize], out: &mut Vec<f32>) {
        *out = (rows.iter())
            .flat_map(|row| x[row * width..][..width].iter().copied())
            .collect();
    }

    fn new_page(&self, heads: Heads) -> Page {
        [(); 2].map(|()| vec![0.0; PAGE * heads.width()])
    }

    fn page_bytes(&self, page: &Page) -> usize {
        page.iter()
            .map(|values| size_of_val(values.as_slice()))
            .sum()
    }

    fn kv_store(&self, page: &mut Page, at: usize, kv: [&Vec<f32>; 2], row: usize, heads: Heads) {
        for (page, x) in page.iter_mut().zip(kv) {
            let row = &x[row * heads.width()..][..heads.width()];
            for (head, values) in row.chunks_exact(heads.dim).enumerate() {
                let start = (head * PAGE + at) * heads.dim;
                page[start..start + heads.dim].copy_from_slice(values);
            }
        }
    }

    fn attend(
        &self,
        q: &Vec<f32>,
        [heads, kv]: [Heads; 2],
        views: &[KvView<'_, Page>],
        out: &mut Vec<f32>,
    ) {
        let rows = views
            .iter()
            .flat_map(|view| view.lens.clone().map(move |len| (view, len)));
        *out = (q.chunks_exact(heads.width()).zip(rows))
            .flat_map(|(row, (view, len))| {
                (row.chunks_exact(heads.dim).enumerate()).flat_map(move |(head, q)| {
                    // Grouped-query attention: several query heads read one KV head.
                    attend_one(q, view, len, head * kv.count / heads.count)
                })
            })
            .collect();
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Rotates one head; values past the rotary dimensions stay.
fn rotate(head: &mut [f32], position: u32, inv_freq: &[f32]) {
    let half = inv_freq.len();
    for (i, freq) in inv_freq.iter().enumerate() {
        let (sin, cos) = (position as f32 * freq).sin_cos();
        let (a, b) = (head[i], head[i + half]);
        head[i] = a * cos - b * sin;
        head[i + half] = a * sin + b * cos;
    }
}

fn attend_one(q: &[f32], view: &KvView<'_, Page>, len: usize, head: usize) -> Vec<f32> {
    let dim = q.len();
    let at = |part: usize, position: usize| {
        let start = (head * PAGE + position % PAGE) * dim;
        &view.pages[position / PAGE][part][start..start + dim]
    };
    let scores: Vec<f32> = (0..len)
        .map(|position| dot(q, at(0, position)) / (dim as f32).sqrt())
        .collect();
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights: Vec<f32> = scores.iter().map(|score| (score - highest).exp()).collect();
    let total: f32 = weights.iter().sum();
    let mut out = vec![0.0; dim];
    for (position, weight) in weights.iter().enumerate() {
        let value = at(1, position);
        out.iter_mut()
            .zip(value)
            .for_each(|(o, v)| *o += weight / total * v);
    }
    out
}
