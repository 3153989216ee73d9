//! `x * weightᵀ`, panel by panel, for one row of activations or many.
//!
//! For a group of weights with scale `s` and offset `o`, and activations `d * c`:
//! `Σ (s * w + o) * d * c = s * d * Σ w * c + o * d * Σ c`. Both sums are exact in integers.
//! Every output is computed alone and in a fixed order, whatever the rows beside it.

use std::ops::Range;

use crate::backend::cpu::activations::{Activations, GROUP, TILE};
use crate::backend::cpu::formats::{Format, PANEL, Tile};
use crate::backend::cpu::lanes::{Lanes, dot_stored};
use crate::backend::cpu::pack::{Floats, Panels, Stored};
use crate::backend::cpu::parts::Parts;

/// Where the results go: `[n, rows]`.
pub struct Output<'a> {
    /// All of it.
    pub values: Parts<'a, f32>,
    /// Results a row.
    pub rows: usize,
}

impl Output<'_> {
    /// Puts the results of a panel.
    ///
    /// # Safety
    /// No other thread puts results of this panel.
    #[inline(always)]
    unsafe fn put<L: Lanes>(&self, n: usize, panel: usize, [low, high]: [L::Float; 2]) {
        let row = panel * PANEL;
        let lanes = (self.rows - row).min(PANEL);
        // SAFETY: these are results of the panel, which the caller answers for.
        let out = unsafe { self.values.part(n * self.rows + row, lanes) };
        let (low, high) = (L::store(low), L::store(high));
        for (out, value) in out.iter_mut().zip(low.into_iter().chain(high)) {
            *out = value;
        }
    }
}

/// The results of some panels.
///
/// # Safety
/// No other thread computes results of these panels.
pub unsafe fn panels<L: Lanes, F: Format>(
    weight: &Panels<F>,
    x: &Activations,
    panels: Range<usize>,
    out: &Output<'_>,
) {
    for panel in panels {
        let mut row = 0;
        while row < x.n {
            // SAFETY: as for this function.
            row += unsafe {
                match x.n - row {
                    1 => tile::<L, F, 1>(weight, x, panel, row, out),
                    2 => tile::<L, F, 2>(weight, x, panel, row, out),
                    3 => tile::<L, F, 3>(weight, x, panel, row, out),
                    _ => tile::<L, F, TILE>(weight, x, panel, row, out),
                }
            };
        }
    }
}

/// The results of one panel for `T` rows of activations; returns `T`.
///
/// # Safety
/// As for [`panels`].
#[inline(never)] // one function a format and tile: browsers compile short ones better
unsafe fn tile<L: Lanes, F: Format, const T: usize>(
    weight: &Panels<F>,
    x: &Activations,
    panel: usize,
    row: usize,
    out: &Output<'_>,
) -> usize {
    L::vectorize(
        #[inline(always)]
        || {
            let blocks = x.groups / (F::COLS / GROUP);
            let x = Tile::<T>::new(x, row);
            let mut sums = [[L::splat(0.0); 2]; T];
            for (at, block) in weight.blocks[panel * blocks..][..blocks].iter().enumerate() {
                F::dot::<L, T>(block, at, &x, &mut sums);
            }
            for (t, sums) in sums.into_iter().enumerate() {
                // SAFETY: as for this function.
                unsafe { out.put::<L>(row + t, panel, sums) };
            }
        },
    );
    T
}

/// The results of some runs of eight rows of a matrix of floats.
///
/// # Safety
/// No other thread computes results of these rows.
pub unsafe fn floats<L: Lanes, S: Stored>(
    weight: &Floats<S>,
    x: &[f32],
    panels: Range<usize>,
    out: &Output<'_>,
) {
    let rows = panels.start * PANEL..(panels.end * PANEL).min(weight.rows);
    for row in rows {
        let w = &weight.values[row * weight.cols..][..weight.cols];
        for (n, x) in x.chunks_exact(weight.cols).enumerate() {
            // SAFETY: one result of the rows, which the caller answers for.
            let out = unsafe { out.values.part(n * weight.rows + row, 1) };
            out.fill(dot_stored::<L, S>(w, x));
        }
    }
}
