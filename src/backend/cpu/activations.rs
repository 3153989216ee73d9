//! Activations as 8-bit codes, so that products with coded weights are sums of integers.

use bytemuck::{Pod, Zeroable};

use super::lanes::Lanes;
use super::parts::Parts;
use super::pool::Pool;

/// Columns of a [`Group`].
pub const GROUP: usize = 32;

/// Rows that go through the weights together; the last ones of a batch may be fewer.
pub const TILE: usize = 4;

/// How a format wants its activations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coding {
    /// Columns that share a scale: 32 or 256.
    pub block: usize,
    /// What the format's codes are above their values.
    pub center: i16,
    /// Columns in one run of sums: 16 or 32.
    pub run: usize,
    /// Whether codes are wanted in 16 bits.
    pub words: bool,
}

/// 32 columns of `T` rows, interleaved: what a kernel needs at a time lies together.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Group<const T: usize> {
    /// Codes from -127 to 127: four columns of each row, and so on.
    pub codes: [[[i8; 4]; T]; 8],
    /// What the sums of a run begin with, so that codes count from zero: `-center` times
    /// the sums of the columns 0 and 1, and 2 and 3, of each four. A half group each.
    pub starts: [[[i16; 2]; T]; 2],
    /// The sums of each half group.
    pub totals: [[i16; 2]; T],
}

/// One row's share of a [`Group`].
type Share = [u32; 11];

// SAFETY: arrays of integers without padding: all parts are aligned to two bytes and have
// even lengths, for any number of rows.
unsafe impl<const T: usize> Zeroable for Group<T> {}
// SAFETY: as above.
unsafe impl<const T: usize> Pod for Group<T> {}

const _: () = assert!(size_of::<Group<1>>() == size_of::<Share>());
const _: () = assert!(size_of::<Group<TILE>>() == TILE * size_of::<Share>());

/// Rows of activations as codes, in buffers that are used again and again.
///
/// Rows lie tile after tile, [`TILE`] to each and what is left to the last.
#[derive(Debug, Default)]
pub struct Activations {
    /// Rows.
    pub n: usize,
    /// Groups in a row.
    pub groups: usize,
    /// `[tile, groups]`.
    shares: Vec<Share>,
    /// `[tile, groups, pair of columns, row]`, where they are wanted: the codes, widened.
    words: Vec<[i16; 2]>,
    /// `[tile, cols / block, row]`.
    scales: Vec<f32>,
}

/// The parts of [`Activations`] that are one tile's.
#[derive(Debug, Clone, Copy)]
pub struct TileParts<'a, const T: usize> {
    /// As many as the row has.
    pub groups: &'a [Group<T>],
    /// `[group][pair of columns]`; empty where they are not wanted.
    pub words: &'a [[[[i16; 2]; T]; 16]],
    /// `[block]`.
    pub scales: &'a [[f32; T]],
}

impl Activations {
    /// Takes the rows of `x`, each `cols` wide; `cols` is a multiple of the coding's block.
    pub fn quantize<L: Lanes>(&mut self, pool: &Pool, x: &[f32], cols: usize, coding: Coding) {
        (self.n, self.groups) = (x.len() / cols, cols / GROUP);
        let (n, groups, blocks) = (self.n, self.groups, cols / coding.block);
        let pairs = if coding.words { cols / 2 } else { 0 };
        self.shares.resize(n * groups, [0; 11]);
        self.words.resize(n * pairs, [0; 2]);
        self.scales.resize(n * blocks, 0.0);
        let shares = Parts::new(&mut self.shares);
        let words = Parts::new(&mut self.words);
        let scales = Parts::new(&mut self.scales);
        pool.run_all(n.div_ceil(TILE), &|tile| {
            let row = tile * TILE;
            let rows = TILE.min(n - row);
            // SAFETY: each tile is one item, and these are the parts of one tile.
            let (shares, words, scales) = unsafe {
                (
                    shares.part(row * groups, rows * groups),
                    words.part(row * pairs, rows * pairs),
                    scales.part(row * blocks, rows * blocks),
                )
            };
            let x = &x[row * cols..][..rows * cols];
            match rows {
                1 => fill::<L, 1>(x, coding, shares, words, scales),
                2 => fill::<L, 2>(x, coding, shares, words, scales),
                3 => fill::<L, 3>(x, coding, shares, words, scales),
                _ => fill::<L, TILE>(x, coding, shares, words, scales),
            }
        });
    }

    /// The tile of `T` rows that begins with `row`.
    #[inline(always)]
    pub fn tile<const T: usize>(&self, row: usize) -> TileParts<'_, T> {
        let part = |len: usize| row * (len / self.n)..(row + T) * (len / self.n);
        let words = &self.words[part(self.words.len())];
        let scales = &self.scales[part(self.scales.len())];
        TileParts {
            groups: bytemuck::cast_slice(&self.shares[part(self.shares.len())]),
            words: words.as_chunks::<T>().0.as_chunks::<16>().0,
            scales: scales.as_chunks::<T>().0,
        }
    }
}

/// Codes the `T` rows of a tile.
fn fill<L: Lanes, const T: usize>(
    x: &[f32],
    coding: Coding,
    shares: &mut [Share],
    words: &mut [[i16; 2]],
    scales: &mut [f32],
) {
    let groups: &mut [Group<T>] = bytemuck::cast_slice_mut(shares);
    let words = words.as_chunks_mut::<T>().0.as_chunks_mut::<16>().0;
    let scales = scales.as_chunks_mut::<T>().0;
    let per_block = coding.block / GROUP;
    for (t, row) in x.chunks_exact(x.len() / T).enumerate() {
        for (b, block) in row.chunks_exact(coding.block).enumerate() {
            let (scale, inverse) = scale::<L>(block);
            scales[b][t] = scale;
            for (g, values) in block.as_chunks::<GROUP>().0.iter().enumerate() {
                let codes = code_group::<L>(values, inverse);
                let at = b * per_block + g;
                groups[at].set::<L>(t, &codes, coding);
                if let Some(words) = words.get_mut(at) {
                    let eights = values.as_chunks::<8>().0.iter();
                    for (eight, words) in eights.zip(words.as_chunks_mut::<4>().0) {
                        let codes = code_eight::<L>(eight, inverse);
                        for (words, pair) in words.iter_mut().zip(codes.as_chunks::<2>().0) {
                            words[t] = *pair;
                        }
                    }
                }
            }
        }
    }
}

impl<const T: usize> Group<T> {
    /// Puts what row `t` has.
    #[inline(always)]
    fn set<L: Lanes>(&mut self, t: usize, codes: &[[i8; 4]; 8], coding: Coding) {
        for (place, quad) in self.codes.iter_mut().zip(codes) {
            place[t] = *quad;
        }
        let mut sums = sums::<L>(codes);
        self.totals[t] = sums.map(|[a, b]| a + b);
        if coding.run == GROUP {
            let [[a, b], [c, d]] = sums;
            sums = [[a + c, b + d]; 2];
        }
        for (starts, sums) in self.starts.iter_mut().zip(sums) {
            starts[t] = sums.map(|sum| sum * -coding.center);
        }
    }
}

/// Of each half group, the sums of the columns 0 and 1, and 2 and 3, of each four.
#[inline(always)]
fn sums<L: Lanes>(codes: &[[i8; 4]; 8]) -> [[i16; 2]; 2] {
    let one = L::pair(&[1, 1]);
    let [a, b, c, d] = [0, 2, 4, 6].map(|q| {
        let eight = codes[q..q + 2].as_flattened().as_chunks().0;
        L::pair_dot(L::widen_signed(&eight[0]), one)
    });
    let [first, second] = [L::add_int(a, b), L::add_int(c, d)].map(L::to_float);
    let sums = L::shorts([first, second]);
    [0, 4].map(|at| [sums[at] + sums[at + 2], sums[at + 1] + sums[at + 3]])
}

/// The scale of a block, and what to multiply its values with, a multiple of 16 in number.
#[inline(always)]
pub(super) fn scale<L: Lanes>(block: &[f32]) -> (f32, f32) {
    let mut high = [L::splat(0.0); 4];
    // A NaN or infinity among the values must reach the logits, where it is reported.
    let mut poison = [L::splat(0.0); 4];
    for values in block.as_chunks::<16>().0 {
        for (i, four) in values.as_chunks::<4>().0.iter().enumerate() {
            let four = L::load(four);
            high[i] = L::max(high[i], L::abs(four));
            poison[i] = L::add(poison[i], L::mul(four, L::splat(0.0)));
        }
    }
    let high = L::max(L::max(high[0], high[1]), L::max(high[2], high[3]));
    let poison = L::add(L::add(poison[0], poison[1]), L::add(poison[2], poison[3]));
    let high = L::store(high).into_iter().fold(0.0, f32::max);
    let poison: f32 = L::store(poison).into_iter().sum();
    let inverse = if high > 0.0 { 127.0 / high } else { 0.0 };
    (high / 127.0 + poison, inverse)
}

/// Eight codes in 16 bits.
#[inline(always)]
fn code_eight<L: Lanes>(values: &[f32; 8], inverse: f32) -> [i16; 8] {
    let factor = L::splat(inverse);
    let fours = values.as_chunks::<4>().0;
    L::shorts([0, 1].map(|i| L::mul(L::load(&fours[i]), factor)))
}

/// The codes of a group of columns, or of the dimensions of a head.
#[inline(always)]
pub(super) fn code_group<L: Lanes>(group: &[f32; GROUP], inverse: f32) -> [[i8; 4]; 8] {
    let factor = L::splat(inverse);
    let mut codes = [[0; 4]; 8];
    let sixteens = group.as_chunks::<16>().0.iter();
    for (sixteen, quads) in sixteens.zip(codes.as_chunks_mut::<4>().0) {
        let fours = sixteen.as_chunks::<4>().0;
        let scaled = |i: usize| L::mul(L::load(&fours[i]), factor);
        let bytes = L::bytes(std::array::from_fn(scaled));
        quads.copy_from_slice(bytes.as_chunks::<4>().0);
    }
    codes
}
