//! Q5_K: as Q4_K, with the fifth bits apart.

use bytemuck::{Pod, Zeroable};

use super::q4_k::Scales;
use super::{Coding, FileBlocks, Format, Lanes, Sums, Tile};
use super::{add_quad, nibble, pack_high, pack_nibbles, read, word};
use crate::quant::q5_k;

/// The layout of Q5_K.
#[derive(Debug)]
#[expect(non_camel_case_types, reason = "the type's name")]
pub enum Q5_K {}

/// 256 columns of eight rows.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Block {
    scales: Scales,
    groups: [Group; 8],
}

/// 32 columns of eight rows.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Group {
    codes: [[u8; 16]; 8],
    /// Bit `q` is the fifth bit of what is at the same place of `codes[q]`: of the rows 0
    /// to 3, and 4 to 7.
    fifth: [[u8; 16]; 2],
}

impl Group {
    fn pack(quads: impl Fn(usize, usize) -> u32 + Copy) -> Self {
        Self {
            fifth: pack_high::<8, 1>(quads),
            codes: pack_nibbles(quads),
        }
    }

    fn code(&self, lane: usize, column: usize) -> u8 {
        let bits = self.fifth[lane / 4][lane % 4 * 4 + column % 4];
        nibble(&self.codes, lane, column) | (bits >> (column / 4) & 1) << 4
    }

    /// Adds the products of columns `4 * Q` to `4 * Q + 3`.
    #[inline(always)]
    fn add<L: Lanes, const T: usize, const Q: usize, const FROM: u32>(
        &self,
        fifth: [L::Codes; 2],
        x: &[[[i8; 4]; T]; 8],
        acc: &mut [[L::Sum; 2]; T],
    ) {
        let [low, high] = L::nibbles(L::codes(&self.codes[Q]));
        let low = L::raise::<FROM, 0x10>(low, fifth[0]);
        let high = L::raise::<FROM, 0x10>(high, fifth[1]);
        add_quad::<L, T>(acc, [low, high], &x[Q]);
    }
}

impl Format for Q5_K {
    const COLS: usize = 256;
    const CODING: Coding = Coding {
        block: 256,
        center: 0,
        run: 16,
        words: false,
    };
    type Block = Block;
    const FILE_BLOCK: usize = size_of::<q5_k::Block>();

    fn pack(blocks: FileBlocks<'_>) -> Option<Block> {
        let rows = read::<q5_k::Block>(blocks);
        Some(Block {
            scales: Scales::pack(rows.map(|row| (row.d, row.dmin, row.scales)))?,
            groups: std::array::from_fn(|group| {
                Group::pack(|row, q| {
                    let low = word(&rows[row].qs, group / 2 * 32 + 4 * q) >> (group % 2 * 4);
                    let high = word(&rows[row].qh, 4 * q) >> group;
                    (low & 0x0f0f_0f0f) | (high & 0x0101_0101) << 4
                })
            }),
        })
    }

    fn unpack(block: &Block, lane: usize, out: &mut [f32]) {
        for (i, out) in out.iter_mut().enumerate() {
            let (scale, offset) = block.scales.of(lane, i / 32);
            *out = scale * f32::from(block.groups[i / 32].code(lane, i % 32)) + offset;
        }
    }

    #[inline(always)]
    fn dot<L: Lanes, const T: usize>(
        block: &Block,
        at: usize,
        x: &Tile<'_, T>,
        sums: &mut [Sums<L>; T],
    ) {
        let mut integers = [[L::zero(); 2]; T];
        for (g, group) in block.groups.iter().enumerate() {
            let codes = &x.group(8 * at + g).codes;
            let fifth = [L::codes(&group.fifth[0]), L::codes(&group.fifth[1])];
            let scales = L::widen(&block.scales.scales[g]);
            let scales = L::interleave(scales, scales);
            let mut finish = |acc: [[L::Sum; 2]; T]| {
                for (integers, acc) in integers.iter_mut().zip(acc) {
                    for half in 0..2 {
                        let product = L::finish(acc[half], scales[half]);
                        integers[half] = L::add_int(integers[half], product);
                    }
                }
            };
            // Sixteen columns of five bits are what 16-bit sums hold.
            let zero = [[L::start(&[0, 0]); 2]; T];
            let mut acc = zero;
            group.add::<L, T, 0, 0>(fifth, codes, &mut acc);
            group.add::<L, T, 1, 1>(fifth, codes, &mut acc);
            group.add::<L, T, 2, 2>(fifth, codes, &mut acc);
            group.add::<L, T, 3, 3>(fifth, codes, &mut acc);
            finish(acc);
            let mut acc = zero;
            group.add::<L, T, 4, 4>(fifth, codes, &mut acc);
            group.add::<L, T, 5, 5>(fifth, codes, &mut acc);
            group.add::<L, T, 6, 6>(fifth, codes, &mut acc);
            group.add::<L, T, 7, 7>(fifth, codes, &mut acc);
            finish(acc);
        }
        block.scales.add::<L, T>(at, x, integers, sums);
    }
}
