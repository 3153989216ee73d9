//! Q4_K: the 6-bit scales and minimums as bytes, all sums of a block in integers.

use bytemuck::{Pod, Zeroable};

use super::{Coding, FileBlocks, Format, Lanes, Sums, Tile};
use super::{add_group, add_scaled, half_of, halves, nibble, pack_nibbles, read, word};
use crate::quant::{q4_k, scales_k4};

/// The layout of Q4_K.
#[derive(Debug)]
#[expect(non_camel_case_types, reason = "the type's name")]
pub enum Q4_K {}

/// 256 columns of eight rows.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Block {
    scales: Scales,
    /// Eight groups of 32 columns.
    codes: [[[u8; 16]; 8]; 8],
}

/// Scales and minimums of eight rows.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Scales {
    d: [[u16; 4]; 2],
    dmin: [[u16; 4]; 2],
    /// `[group][row]`.
    pub scales: [[u8; 8]; 8],
    minimums: [[u8; 8]; 8],
}

impl Scales {
    /// Takes `d`, `dmin` and the packed bits of each row.
    pub fn pack(rows: [([u8; 2], [u8; 2], [u8; 12]); 8]) -> Option<Self> {
        let bits = rows.map(|(.., bits)| scales_k4::bits(&bits));
        let by_group = |pick: fn(&scales_k4::Bits) -> &[u8; 8]| {
            std::array::from_fn(|group| std::array::from_fn(|row| pick(&bits[row])[group]))
        };
        Some(Self {
            d: halves(&rows, |(d, ..)| *d)?,
            dmin: halves(&rows, |(_, dmin, _)| *dmin)?,
            scales: by_group(|bits| &bits.scales),
            minimums: by_group(|bits| &bits.minimums),
        })
    }

    /// Scale and offset of a row in a group.
    pub fn of(&self, lane: usize, group: usize) -> (f32, f32) {
        let scale = half_of(&self.d, lane) * f32::from(self.scales[group][lane]);
        let minimum = half_of(&self.dmin, lane) * f32::from(self.minimums[group][lane]);
        (scale, -minimum)
    }

    /// Adds what the integer sums of a block stand for, and takes off the minimums.
    #[inline(always)]
    pub fn add<L: Lanes, const T: usize>(
        &self,
        at: usize,
        x: &Tile<'_, T>,
        integers: [[L::Int; 2]; T],
        sums: &mut [Sums<L>; T],
    ) {
        let mut below = [[L::zero(); 2]; T];
        for (pair, [even, odd]) in self.minimums.as_chunks::<2>().0.iter().enumerate() {
            let minimums = L::interleave(L::widen(even), L::widen(odd));
            let first = &x.group(8 * at + 2 * pair).totals;
            let second = &x.group(8 * at + 2 * pair + 1).totals;
            for (t, below) in below.iter_mut().enumerate() {
                let [a, b] = [first[t], second[t]].map(|[a, b]| a + b);
                let totals = L::pair(&[-a, -b]);
                for (below, minimums) in below.iter_mut().zip(minimums) {
                    *below = L::add_int(*below, L::pair_dot(minimums, totals));
                }
            }
        }
        let d = [L::halves(&self.d[0]), L::halves(&self.d[1])];
        let dmin = [L::halves(&self.dmin[0]), L::halves(&self.dmin[1])];
        for (t, sums) in sums.iter_mut().enumerate() {
            let x_scale = x.scales(at)[t];
            add_scaled::<L>(sums, integers[t], d, x_scale);
            add_scaled::<L>(sums, below[t], dmin, x_scale);
        }
    }
}

impl Format for Q4_K {
    const COLS: usize = 256;
    const CODING: Coding = Coding {
        block: 256,
        center: 0,
        run: 32,
        words: false,
    };
    type Block = Block;
    const FILE_BLOCK: usize = size_of::<q4_k::Block>();

    fn pack(blocks: FileBlocks<'_>) -> Option<Block> {
        let rows = read::<q4_k::Block>(blocks);
        Some(Block {
            scales: Scales::pack(rows.map(|row| (row.d, row.dmin, row.scales)))?,
            codes: std::array::from_fn(|group| {
                pack_nibbles(|row, q| {
                    word(&rows[row].qs, group / 2 * 32 + 4 * q) >> (group % 2 * 4)
                })
            }),
        })
    }

    fn unpack(block: &Block, lane: usize, out: &mut [f32]) {
        for (i, out) in out.iter_mut().enumerate() {
            let (scale, offset) = block.scales.of(lane, i / 32);
            *out = scale * f32::from(nibble(&block.codes[i / 32], lane, i % 32)) + offset;
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
        for (group, bytes) in block.codes.iter().enumerate() {
            let mut acc = [[L::start(&[0, 0]); 2]; T];
            add_group::<L, T>(&mut acc, bytes, x.group(8 * at + group), x.steps);
            let scales = L::widen(&block.scales.scales[group]);
            let scales = L::interleave(scales, scales);
            for (integers, acc) in integers.iter_mut().zip(acc) {
                for half in 0..2 {
                    integers[half] = L::add_int(integers[half], L::finish(acc[half], scales[half]));
                }
            }
        }
        block.scales.add::<L, T>(at, x, integers, sums);
    }
}
