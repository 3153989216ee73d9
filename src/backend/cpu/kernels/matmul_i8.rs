//! `x * weightᵀ` for coded weights, summed in integers within each group.
//!
//! For a weight group with scale `s` and offset `o` and activations `d * c`:
//! `Σ (s * w + o) * d * c = s * d * Σ w * c + o * Σ d * c`. The first sum is exact in
//! integers; the second is known per group of activations before the weights are read.

use crate::backend::cpu::activations::{Activations, BLOCK};
use crate::backend::cpu::lanes::Lanes;
use crate::backend::cpu::pack::{CodeMatrix, PANEL};

/// Rows of activations that share one reading of a panel.
const TILE: usize = 4;

/// `[n, cols]` to `[n, rows]`.
pub fn matmul<L: Lanes>(weight: &CodeMatrix, x: &[f32]) -> Vec<f32> {
    let n = x.len() / weight.cols;
    let x = Activations::quantize(x, weight.group);
    let mut out = vec![0.0; n * weight.rows];
    for panel in 0..weight.rows.div_ceil(PANEL) {
        let lanes = (weight.rows - panel * PANEL).min(PANEL);
        let mut put = |row: usize, values: [f32; PANEL]| {
            let start = row * weight.rows + panel * PANEL;
            out[start..start + lanes].copy_from_slice(&values[..lanes]);
        };
        let mut row = 0;
        while row + TILE <= n {
            let tile = panel_dot::<L, TILE>(weight, panel, &x, row);
            tile.into_iter()
                .enumerate()
                .for_each(|(t, values)| put(row + t, values));
            row += TILE;
        }
        for row in row..n {
            let [values] = panel_dot::<L, 1>(weight, panel, &x, row);
            put(row, values);
        }
    }
    out
}

/// Four outputs of each of `T` rows of activations, beginning with row `row`.
#[inline(always)]
fn panel_dot<L: Lanes, const T: usize>(
    weight: &CodeMatrix,
    panel: usize,
    x: &Activations,
    row: usize,
) -> [[f32; PANEL]; T] {
    let (cols, group) = (weight.cols, weight.group);
    let groups = cols / group;
    let codes = &weight.codes[panel * cols / 4..][..cols / 4];
    let scales = &weight.scales[panel * groups..][..groups];
    let x_codes: [&[i16]; T] = std::array::from_fn(|t| &x.codes[(row + t) * cols..][..cols]);
    let mut sums = [L::splat(0.0); T];
    for (g, codes) in codes.chunks_exact(group / 4).enumerate() {
        let x_group = x_codes.map(|x| &x[g * group..][..group]);
        let products = group_dot::<L, T>(codes, x_group);
        for (t, sum) in sums.iter_mut().enumerate() {
            let x_scale = x.scales[(row + t) * (cols / BLOCK) + g * group / BLOCK];
            let scale = L::mul(L::load(&scales[g]), L::splat(x_scale));
            *sum = L::add(*sum, L::mul(L::to_float(products[t]), scale));
        }
        if let Some(offset) = weight.offsets.get(panel * groups + g) {
            for (t, sum) in sums.iter_mut().enumerate() {
                let x_sum = L::splat(x.sums[(row + t) * groups + g]);
                *sum = L::add(*sum, L::mul(L::load(offset), x_sum));
            }
        }
    }
    sums.map(L::store)
}

/// The integer products of one group of columns.
#[inline(always)]
fn group_dot<L: Lanes, const T: usize>(codes: &[[i8; 16]], x: [&[i16]; T]) -> [L::Int; T] {
    let mut products = [L::zero(); T];
    let x = x.map(|x| x.as_chunks::<4>().0);
    for (i, codes) in codes.iter().enumerate() {
        let [low, high] = L::pairs(codes);
        for (t, product) in products.iter_mut().enumerate() {
            let [x0, x1, x2, x3] = x[t][i];
            *product = L::dot_pair(*product, low, [x0, x1]);
            *product = L::dot_pair(*product, high, [x2, x3]);
        }
    }
    products
}
