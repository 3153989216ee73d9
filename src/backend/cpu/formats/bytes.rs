//! All other block types: converted at load to codes of eight bits.
//!
//! They are rare, so one layout serves them: a scale and an offset for 16 columns each, as
//! floats. It takes 1.5 bytes a weight.

use std::borrow::Cow;

use bytemuck::{Pod, Zeroable};

use super::q8_0::{add_pairs, code, pack_pairs};
use super::{Coding, FileBlocks, Format, Lanes, Sums, Tile, add_scaled, read};
use crate::quant::{self, Dtype, Groups};

/// The layout of all block types without one of their own.
#[derive(Debug)]
pub enum Bytes {}

/// 32 columns of one row, as [`Format::pack`] takes them.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Row {
    scales: [f32; 2],
    offsets: [f32; 2],
    codes: [i8; 32],
}

/// 32 columns of eight rows.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Block {
    /// `[half of the columns][rows 0 to 3, rows 4 to 7]`.
    scales: [[[f32; 4]; 2]; 2],
    offsets: [[[f32; 4]; 2]; 2],
    codes: [[[i8; 8]; 2]; 16],
}

/// A row of the file, unpacked; its length is a multiple of 32.
fn cut(groups: &Groups) -> Vec<Row> {
    let at = |values: &[f32], column: usize| values[column / groups.group];
    (groups.codes.as_chunks::<32>().0.iter().enumerate())
        .map(|(i, codes)| Row {
            scales: [32 * i, 32 * i + 16].map(|column| at(&groups.scales, column)),
            offsets: [32 * i, 32 * i + 16].map(|column| at(&groups.offsets, column)),
            codes: *codes,
        })
        .collect()
}

impl Format for Bytes {
    const COLS: usize = 32;
    const CODING: Coding = Coding {
        block: 32,
        center: 0,
        run: 32,
        words: true,
    };
    type Block = Block;
    const FILE_BLOCK: usize = size_of::<Row>();

    fn file_row(dtype: Dtype, bytes: &[u8]) -> Cow<'_, [u8]> {
        let rows = quant::unpack(dtype, bytes).map_or_else(Vec::new, |groups| cut(&groups));
        Cow::Owned(bytemuck::cast_slice(&rows).to_vec())
    }

    fn pack(blocks: FileBlocks<'_>) -> Option<Block> {
        let rows = read::<Row>(blocks);
        let finite = |row: &Row| row.scales.iter().chain(&row.offsets).all(|x| x.is_finite());
        let by_half = |pick: fn(&Row) -> &[f32; 2]| {
            std::array::from_fn(|half| {
                std::array::from_fn(|four| std::array::from_fn(|r| pick(&rows[4 * four + r])[half]))
            })
        };
        rows.iter().all(finite).then(|| Block {
            scales: by_half(|row| &row.scales),
            offsets: by_half(|row| &row.offsets),
            codes: pack_pairs(rows.each_ref().map(|row| &row.codes)),
        })
    }

    fn unpack(block: &Block, lane: usize, out: &mut [f32]) {
        for (column, out) in out.iter_mut().enumerate() {
            let [scale, offset] =
                [&block.scales, &block.offsets].map(|of| of[column / 16][lane / 4][lane % 4]);
            *out = scale * f32::from(code(&block.codes, lane, column)) + offset;
        }
    }

    #[inline(always)]
    fn dot<L: Lanes, const T: usize>(
        block: &Block,
        at: usize,
        x: &Tile<'_, T>,
        sums: &mut [Sums<L>; T],
    ) {
        let halves = x.words(at).as_chunks::<8>().0;
        let totals = &x.group(at).totals;
        for (half, codes) in block.codes.as_chunks::<8>().0.iter().enumerate() {
            let mut acc = [[L::zero(); 2]; T];
            add_pairs::<L, T>(&mut acc, codes, &halves[half], x.steps);
            let scales = block.scales[half].each_ref().map(L::load);
            let offsets = block.offsets[half].each_ref().map(L::load);
            for (t, sums) in sums.iter_mut().enumerate() {
                let scale = x.scales(at)[t];
                add_scaled::<L>(sums, acc[t], scales, scale);
                let total = L::splat(scale * f32::from(totals[t][half]));
                for (sum, offset) in sums.iter_mut().zip(offsets) {
                    *sum = L::add(*sum, L::mul(offset, total));
                }
            }
        }
    }
}
