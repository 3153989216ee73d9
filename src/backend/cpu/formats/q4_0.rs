//! Q4_0: as many bytes as in the file.

use bytemuck::{Pod, Zeroable};

use super::{Coding, FileBlocks, Format, Lanes, Sums, Tile};
use super::{add_group, add_scaled, half_of, halves, nibble, pack_nibbles, read, word};
use crate::quant::q4_0;

/// The layout of Q4_0.
#[derive(Debug)]
pub enum Q4_0 {}

/// 32 columns of eight rows.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Block {
    scales: [[u16; 4]; 2],
    codes: [[u8; 16]; 8],
}

const _: () = assert!(size_of::<Block>() == 8 * size_of::<q4_0::Block>());

impl Format for Q4_0 {
    const COLS: usize = 32;
    const CODING: Coding = Coding {
        block: 32,
        center: 8,
        run: 32,
        words: false,
    };
    type Block = Block;
    const FILE_BLOCK: usize = size_of::<q4_0::Block>();

    fn pack(blocks: FileBlocks<'_>) -> Option<Block> {
        let rows = read::<q4_0::Block>(blocks);
        Some(Block {
            scales: halves(&rows, |row| row.d)?,
            codes: pack_nibbles(|row, q| word(&rows[row].qs, q % 4 * 4) >> (q / 4 * 4)),
        })
    }

    fn unpack(block: &Block, lane: usize, out: &mut [f32]) {
        let scale = half_of(&block.scales, lane);
        for (column, out) in out.iter_mut().enumerate() {
            *out = scale * (f32::from(nibble(&block.codes, lane, column)) - 8.0);
        }
    }

    #[inline(always)]
    fn dot<L: Lanes, const T: usize>(
        block: &Block,
        at: usize,
        x: &Tile<'_, T>,
        sums: &mut [Sums<L>; T],
    ) {
        let group = x.group(at);
        let mut acc = group.starts[0].each_ref().map(|start| [L::start(start); 2]);
        add_group::<L, T>(&mut acc, &block.codes, group, x.steps);
        let scales = [L::halves(&block.scales[0]), L::halves(&block.scales[1])];
        let one = L::pair(&[1, 1]);
        for ((sums, acc), x_scale) in sums.iter_mut().zip(acc).zip(x.scales(at)) {
            add_scaled::<L>(sums, acc.map(|acc| L::finish(acc, one)), scales, *x_scale);
        }
    }
}
