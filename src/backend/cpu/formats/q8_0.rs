//! Q8_0: as many bytes as in the file, in pairs of columns.
//!
//! Codes of eight bits meet activations of eight bits in 16-bit products, which every
//! WebAssembly has: a vector holds two columns of all eight rows.

use bytemuck::{Pod, Zeroable};

use super::{Coding, FileBlocks, Format, Lanes, PANEL, Sums, Tile};
use super::{add_scaled, half_of, halves, read};
use crate::quant::q8_0;

/// The layout of Q8_0.
#[derive(Debug)]
pub enum Q8_0 {}

/// 32 columns of eight rows.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Block {
    scales: [[u16; 4]; 2],
    /// `[column pair][row / 4][row % 4 and column of the pair]`.
    codes: [[[i8; 8]; 2]; 16],
}

const _: () = assert!(size_of::<Block>() == 8 * size_of::<q8_0::Block>());

/// Two columns a vector, the rows 0 to 3, then 4 to 7.
pub(super) fn pack_pairs<const PAIRS: usize>(rows: [&[i8; 32]; PANEL]) -> [[[i8; 8]; 2]; PAIRS] {
    let rows = rows.map(|row| row.as_chunks::<2>().0);
    std::array::from_fn(|pair| {
        std::array::from_fn(|half| {
            let [a, b, c, d]: [[i8; 2]; 4] = std::array::from_fn(|row| rows[4 * half + row][pair]);
            [a[0], a[1], b[0], b[1], c[0], c[1], d[0], d[1]]
        })
    })
}

/// The code of a row that [`pack_pairs`] packed.
pub(super) fn code(packed: &[[[i8; 8]; 2]], lane: usize, column: usize) -> i8 {
    packed[column / 2][lane / 4][lane % 4 * 2 + column % 2]
}

/// Adds the products of `2 * steps` pairs of columns to the sums of the rows 0 to 3, and 4 to 7.
#[inline(always)]
pub fn add_pairs<L: Lanes, const T: usize>(
    sums: &mut [[L::Int; 2]; T],
    codes: &[[[i8; 8]; 2]],
    x: &[[[i16; 2]; T]],
    steps: usize,
) {
    let twos = codes.as_chunks::<2>().0.iter().zip(x.as_chunks::<2>().0);
    for (codes, x) in twos.take(steps) {
        for ([low, high], x) in codes.iter().zip(x) {
            let (low, high) = (L::widen_signed(low), L::widen_signed(high));
            for (sums, x) in sums.iter_mut().zip(x) {
                let x = L::pair(x);
                sums[0] = L::add_int(sums[0], L::pair_dot(low, x));
                sums[1] = L::add_int(sums[1], L::pair_dot(high, x));
            }
        }
    }
}

impl Format for Q8_0 {
    const COLS: usize = 32;
    const CODING: Coding = Coding {
        block: 32,
        center: 0,
        run: 32,
        words: true,
    };
    type Block = Block;
    const FILE_BLOCK: usize = size_of::<q8_0::Block>();

    fn pack(blocks: FileBlocks<'_>) -> Option<Block> {
        let rows: [_; PANEL] = read::<q8_0::Block>(blocks);
        Some(Block {
            scales: halves(&rows, |row| row.d)?,
            codes: pack_pairs(rows.each_ref().map(|row| &row.qs)),
        })
    }

    fn unpack(block: &Block, lane: usize, out: &mut [f32]) {
        let scale = half_of(&block.scales, lane);
        for (column, out) in out.iter_mut().enumerate() {
            *out = scale * f32::from(code(&block.codes, lane, column));
        }
    }

    #[inline(always)]
    fn dot<L: Lanes, const T: usize>(
        block: &Block,
        at: usize,
        x: &Tile<'_, T>,
        sums: &mut [Sums<L>; T],
    ) {
        let mut acc = [[L::zero(); 2]; T];
        add_pairs::<L, T>(&mut acc, &block.codes, x.words(at), 2 * x.steps);
        let scales = [L::halves(&block.scales[0]), L::halves(&block.scales[1])];
        for ((sums, acc), x_scale) in sums.iter_mut().zip(acc).zip(x.scales(at)) {
            add_scaled::<L>(sums, acc, scales, *x_scale);
        }
    }
}
