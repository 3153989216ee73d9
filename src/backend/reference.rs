//! Every operation in plain scalar Rust: the specification, and the oracle of the tests.

use super::{Backend, Heads, KvView, Matrix, PAGE};
use crate::error::{Error, Result};
use crate::quant;

/// The backend that is easy to read and slow.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reference;

/// A matrix of floats, row-major.
#[derive(Debug, Clone)]
pub struct Weight {
    cols: usize,
    values: Vec<f32>,
}

impl Backend for Reference {
    type Weight = Weight;
    type Buffer = Vec<f32>;

    fn name(&self) -> &'static str {
        "reference"
    }

    fn detail(&self) -> &'static str {
        "scalar"
    }

    fn pack(&self, matrix: &Matrix<'_>) -> Result<Weight> {
        let stored = quant::dequantize(matrix.dtype, matrix.bytes);
        if stored.iter().any(|value| !value.is_finite()) {
            return Err(Error::NonFinite {
                what: format!("tensor {}", matrix.name),
            });
        }
        let values = (0..matrix.rows)
            .flat_map(|row| {
                let start = matrix.order.source(row) * matrix.cols;
                stored[start..start + matrix.cols].iter().copied()
            })
            .collect();
        Ok(Weight {
            cols: matrix.cols,
            values,
        })
    }

    fn weight_bytes(&self, weight: &Weight) -> usize {
        size_of_val(weight.values.as_slice())
    }

    fn upload(&self, values: Vec<f32>) -> Vec<f32> {
        values
    }

    fn download(&self, buffer: Vec<f32>) -> Vec<f32> {
        buffer
    }

    fn embed(&self, table: &Weight, tokens: &[u32]) -> Vec<f32> {
        (tokens.iter())
            .flat_map(|&token| {
                let start = token as usize * table.cols;
                table.values[start..start + table.cols].iter().copied()
            })
            .collect()
    }

    fn matmul(&self, weight: &Weight, x: &Vec<f32>) -> Vec<f32> {
        (x.chunks_exact(weight.cols))
            .flat_map(|x| weight.values.chunks_exact(weight.cols).map(|w| dot(w, x)))
            .collect()
    }

    fn rms_norm(&self, x: &Vec<f32>, weight: &Vec<f32>, eps: f32) -> Vec<f32> {
        (x.chunks_exact(weight.len()))
            .flat_map(|row| {
                let scale = 1.0 / (dot(row, row) / row.len() as f32 + eps).sqrt();
                row.iter().zip(weight).map(move |(x, w)| x * scale * w)
            })
            .collect()
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

    fn kv_store(&self, page: &mut Vec<f32>, at: usize, x: &Vec<f32>, row: usize, heads: Heads) {
        let row = &x[row * heads.width()..][..heads.width()];
        for (head, values) in row.chunks_exact(heads.dim).enumerate() {
            let start = (head * PAGE + at) * heads.dim;
            page[start..start + heads.dim].copy_from_slice(values);
        }
    }

    fn attend(
        &self,
        q: &Vec<f32>,
        heads: Heads,
        kv: Heads,
        views: &[KvView<'_, Vec<f32>>],
    ) -> Vec<f32> {
        let rows = views
            .iter()
            .flat_map(|view| view.lens.clone().map(move |len| (view, len)));
        (q.chunks_exact(heads.width()).zip(rows))
            .flat_map(|(row, (view, len))| {
                (row.chunks_exact(heads.dim).enumerate()).flat_map(move |(head, q)| {
                    // Grouped-query attention: several query heads read one KV head.
                    attend_one(q, view, len, head * kv.count / heads.count)
                })
            })
            .collect()
    }

    fn gather(&self, x: &Vec<f32>, width: usize, rows: &[usize]) -> Vec<f32> {
        (rows.iter())
            .flat_map(|row| x[row * width..][..width].iter().copied())
            .collect()
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

fn attend_one(q: &[f32], view: &KvView<'_, Vec<f32>>, len: usize, head: usize) -> Vec<f32> {
    let dim = q.len();
    let at = |pages: &[&'_ Vec<f32>], position: usize| {
        let start = (head * PAGE + position % PAGE) * dim;
        pages[position / PAGE][start..start + dim].to_vec()
    };
    let scores: Vec<f32> = (0..len)
        .map(|position| dot(q, &at(&view.keys, position)) / (dim as f32).sqrt())
        .collect();
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights: Vec<f32> = scores.iter().map(|score| (score - highest).exp()).collect();
    let total: f32 = weights.iter().sum();
    let mut out = vec![0.0; dim];
    for (position, weight) in weights.iter().enumerate() {
        let value = at(&view.values, position);
        out.iter_mut()
            .zip(&value)
            .for_each(|(o, v)| *o += weight / total * v);
    }
    out
}
