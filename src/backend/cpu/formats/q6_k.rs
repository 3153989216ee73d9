//! Q6_K: as many bytes as in the file, the high two bits of codes apart.

use bytemuck::{Pod, Zeroable};

use super::{Coding, FileBlocks, Format, Lanes, Sums, Tile};
use super::{add_quad, add_scaled, half_of, halves, nibble, pack_high, pack_nibbles, read, word};
use crate::quant::q6_k;

/// The layout of Q6_K.
#[derive(Debug)]
#[expect(non_camel_case_types, reason = "the type's name")]
pub enum Q6_K {}

/// 256 columns of eight rows.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Block {
    d: [[u16; 4]; 2],
    groups: [Group; 16],
}

const _: () = assert!(size_of::<Block>() == 8 * size_of::<q6_k::Block>());

/// 16 columns of eight rows.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Group {
    scales: [i8; 8],
    codes: [[u8; 16]; 4],
    /// Bits `2q` and `2q + 1` are the high two of what is at the same place of `codes[q]`:
    /// of the rows 0 to 3, and 4 to 7.
    high: [[u8; 16]; 2],
}

impl Group {
    fn pack(scales: [i8; 8], quads: impl Fn(usize, usize) -> u32 + Copy) -> Self {
        Self {
            scales,
            high: pack_high::<4, 2>(quads),
            codes: pack_nibbles(quads),
        }
    }

    fn code(&self, lane: usize, column: usize) -> u8 {
        let bits = self.high[lane / 4][lane % 4 * 4 + column % 4];
        nibble(&self.codes, lane, column) | (bits >> (column / 4 * 2) & 3) << 4
    }

    /// Adds the products of columns `4 * Q` to `4 * Q + 3`.
    #[inline(always)]
    fn add<L: Lanes, const T: usize, const Q: usize, const FROM: u32>(
        &self,
        top: [L::Codes; 2],
        x: &[[[i8; 4]; T]; 4],
        acc: &mut [[L::Sum; 2]; T],
    ) {
        let [low, high] = L::nibbles(L::codes(&self.codes[Q]));
        let low = L::raise::<FROM, 0x30>(low, top[0]);
        let high = L::raise::<FROM, 0x30>(high, top[1]);
        add_quad::<L, T>(acc, [low, high], &x[Q]);
    }
}

/// The six bits of the codes `i` to `i + 3`.
fn quad(row: &q6_k::Block, i: usize) -> u32 {
    let low = word(&row.ql, i / 128 * 64 + i % 64) >> (i % 128 / 64 * 4);
    let high = word(&row.qh, i / 128 * 32 + i % 32) >> (i % 128 / 32 * 2);
    (low & 0x0f0f_0f0f) | (high & 0x0303_0303) << 4
}

impl Format for Q6_K {
    const COLS: usize = 256;
    const CODING: Coding = Coding {
        block: 256,
        center: 32,
        run: 16,
        words: false,
    };
    type Block = Block;
    const FILE_BLOCK: usize = size_of::<q6_k::Block>();

    fn pack(blocks: FileBlocks<'_>) -> Option<Block> {
        let rows = read::<q6_k::Block>(blocks);
        Some(Block {
            d: halves(&rows, |row| row.d)?,
            groups: std::array::from_fn(|group| {
                let scales = std::array::from_fn(|row| rows[row].scales[group]);
                Group::pack(scales, |row, q| quad(&rows[row], 16 * group + 4 * q))
            }),
        })
    }

    fn unpack(block: &Block, lane: usize, out: &mut [f32]) {
        let d = half_of(&block.d, lane);
        for (i, out) in out.iter_mut().enumerate() {
            let group = &block.groups[i / 16];
            let code = f32::from(group.code(lane, i % 16)) - 32.0;
            *out = d * f32::from(group.scales[lane]) * code;
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
            let x = x.group(8 * at + g / 2);
            let codes = &x.codes.as_chunks::<4>().0[g % 2];
            let top = [L::codes(&group.high[0]), L::codes(&group.high[1])];
            let starts = x.starts[g % 2].each_ref();
            let mut acc = starts.map(|start| [L::start(start); 2]);
            group.add::<L, T, 0, 0>(top, codes, &mut acc);
            group.add::<L, T, 1, 2>(top, codes, &mut acc);
            group.add::<L, T, 2, 4>(top, codes, &mut acc);
            group.add::<L, T, 3, 6>(top, codes, &mut acc);
            let scales = L::widen_signed(&group.scales);
            let scales = L::interleave(scales, scales);
            for (integers, acc) in integers.iter_mut().zip(acc) {
                for half in 0..2 {
                    integers[half] = L::add_int(integers[half], L::finish(acc[half], scales[half]));
                }
            }
        }
        let d = [L::halves(&block.d[0]), L::halves(&block.d[1])];
        for (t, sums) in sums.iter_mut().enumerate() {
            add_scaled::<L>(sums, integers[t], d, x.scales(at)[t]);
        }
    }
}
