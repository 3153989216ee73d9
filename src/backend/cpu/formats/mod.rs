//! Kernel layouts, a file each: how eight rows lie interleaved, and how they meet activations.
//!
//! Eight rows of a matrix are a *panel*. Within it a *block* holds 32 or 256 columns of all
//! eight rows. A vector of 16 bytes has four columns of four rows, so that one 32-bit lane
//! is one row and no sum crosses lanes; where codes have four bits or more than four, the
//! low halves of a vector are the rows 0 to 3 and the high halves the rows 4 to 7, so that
//! the activations of four columns are loaded once for all eight.

mod bytes;
mod q4_0;
mod q4_k;
mod q5_k;
mod q6_k;
mod q8_0;

pub use bytes::Bytes;
pub use q4_0::Q4_0;
pub use q4_k::Q4_K;
pub use q5_k::Q5_K;
pub use q6_k::Q6_K;
pub use q8_0::{Q8_0, add_pairs};

use std::borrow::Cow;

use bytemuck::Pod;

use super::activations::{Activations, Coding, Group, TileParts};
use super::lanes::Lanes;
use crate::quant::Dtype;

/// Rows interleaved in a panel.
pub const PANEL: usize = 8;

/// Results of one row of activations: the panel's rows 0 to 3, and 4 to 7.
pub type Sums<L> = [<L as Lanes>::Float; 2];

/// The same block of each row of a panel, as it lies in the file.
pub type FileBlocks<'a> = [&'a [u8]; PANEL];

/// The layout of one weight type.
pub trait Format: 'static {
    /// Columns of a block.
    const COLS: usize;
    /// How its activations are coded.
    const CODING: Coding;
    /// One block of a panel.
    type Block: Pod + Send + Sync + std::fmt::Debug;

    /// Bytes of a block of one row, as [`Self::pack`] takes it.
    const FILE_BLOCK: usize;

    /// A row of the file in such blocks.
    fn file_row(_dtype: Dtype, bytes: &[u8]) -> Cow<'_, [u8]> {
        Cow::Borrowed(bytes)
    }

    /// Interleaves eight blocks of the file; `None` where a scale is not finite.
    fn pack(blocks: FileBlocks<'_>) -> Option<Self::Block>;

    /// The weights of row `lane` of the panel.
    fn unpack(block: &Self::Block, lane: usize, out: &mut [f32]);

    /// Adds the products with block number `at` of `T` rows of activations.
    fn dot<L: Lanes, const T: usize>(
        block: &Self::Block,
        at: usize,
        x: &Tile<'_, T>,
        sums: &mut [Sums<L>; T],
    );
}

/// `T` rows of activations that share one reading of the weights.
#[derive(Debug, Clone, Copy)]
pub struct Tile<'a, const T: usize> {
    parts: TileParts<'a, T>,
    /// [`STEPS`], but the compiler does not know.
    steps: usize,
}

/// Steps in which a group of 32 columns is worked through. Unrolled, they would need more
/// registers than there are, and browsers do not reorder them.
const STEPS: usize = 4;

impl<'a, const T: usize> Tile<'a, T> {
    /// The rows from `row` on.
    #[inline(always)]
    pub fn new(x: &'a Activations, row: usize) -> Self {
        Self {
            parts: x.tile(row),
            steps: std::hint::black_box(STEPS),
        }
    }

    /// One group of columns.
    #[inline(always)]
    fn group(&self, at: usize) -> &'a Group<T> {
        &self.parts.groups[at]
    }

    /// The codes of one group of columns as 16-bit pairs.
    #[inline(always)]
    fn words(&self, at: usize) -> &'a [[[i16; 2]; T]; 16] {
        &self.parts.words[at]
    }

    /// The scales of a block, one for each row.
    #[inline(always)]
    fn scales(&self, block: usize) -> &'a [f32; T] {
        &self.parts.scales[block]
    }
}

/// Adds the products of a group of 32 columns to the sums of the rows 0 to 3, and 4 to 7.
#[inline(always)]
fn add_group<L: Lanes, const T: usize>(
    sums: &mut [[L::Sum; 2]; T],
    codes: &[[u8; 16]; 8],
    x: &Group<T>,
    steps: usize,
) {
    let pairs = codes.as_chunks::<2>().0.iter();
    for (codes, x) in pairs.zip(x.codes.as_chunks::<2>().0).take(steps) {
        for (codes, x) in codes.iter().zip(x) {
            add_quad::<L, T>(sums, L::nibbles(L::codes(codes)), x);
        }
    }
}

/// Adds the products of four columns to the sums of the rows 0 to 3, and 4 to 7.
#[inline(always)]
fn add_quad<L: Lanes, const T: usize>(
    sums: &mut [[L::Sum; 2]; T],
    [low, high]: [L::Codes; 2],
    x: &[[i8; 4]; T],
) {
    for (sums, x) in sums.iter_mut().zip(x) {
        let x = L::quad(x);
        sums[0] = L::dot(sums[0], low, x);
        sums[1] = L::dot(sums[1], high, x);
    }
}

/// Adds `integers * scale * x_scale` to both halves of the sums.
#[inline(always)]
fn add_scaled<L: Lanes>(
    sums: &mut Sums<L>,
    integers: [L::Int; 2],
    scales: [L::Float; 2],
    x_scale: f32,
) {
    for ((sum, integers), scale) in sums.iter_mut().zip(integers).zip(scales) {
        let scale = L::mul(scale, L::splat(x_scale));
        *sum = L::add(*sum, L::mul(L::to_float(integers), scale));
    }
}

/// The low four bits of the codes of eight rows in `4 * QUADS` columns; `quads` gives
/// row and quad as four bytes, which are moved as one word.
fn pack_nibbles<const QUADS: usize>(quads: impl Fn(usize, usize) -> u32) -> [[u8; 16]; QUADS] {
    const LOW: u32 = 0x0f0f_0f0f;
    std::array::from_fn(|q| {
        rows_of_words(|row| (quads(row, q) & LOW) | (quads(row + 4, q) & LOW) << 4)
    })
}

/// The bits under `MASK` above the low four, of the rows 0 to 3 and 4 to 7: those of quad
/// `q` at bit `q * BITS`.
fn pack_high<const QUADS: usize, const BITS: usize>(
    quads: impl Fn(usize, usize) -> u32,
) -> [[u8; 16]; 2] {
    let mask = 0x0101_0101 * ((1 << BITS) - 1);
    std::array::from_fn(|half| {
        rows_of_words(|row| {
            (0..QUADS).fold(0, |word, q| {
                word | ((quads(4 * half + row, q) >> 4) & mask) << (q * BITS)
            })
        })
    })
}

fn rows_of_words(word: impl Fn(usize) -> u32) -> [u8; 16] {
    let mut out = [0; 16];
    for (row, out) in out.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        *out = word(row).to_le_bytes();
    }
    out
}

/// Four bytes from `at` on.
fn word(bytes: &[u8], at: usize) -> u32 {
    let four = &bytes[at..at + 4];
    u32::from_le_bytes([four[0], four[1], four[2], four[3]])
}

/// The code of a row that [`pack_nibbles`] packed, less what is above four bits.
fn nibble(packed: &[[u8; 16]], lane: usize, column: usize) -> u8 {
    packed[column / 4][lane % 4 * 4 + column % 4] >> (lane / 4 * 4) & 15
}

/// A half float of the file, unless it is NaN or infinity.
fn finite_half(bytes: [u8; 2]) -> Option<u16> {
    let bits = u16::from_le_bytes(bytes);
    (bits & 0x7c00 != 0x7c00).then_some(bits)
}

/// A finite half float of each row, or `None` where one is not.
fn halves<B>(rows: &[B; PANEL], field: impl Fn(&B) -> [u8; 2]) -> Option<[[u16; 4]; 2]> {
    let mut out = [[0; 4]; 2];
    for (row, block) in rows.iter().enumerate() {
        out[row / 4][row % 4] = finite_half(field(block))?;
    }
    Some(out)
}

fn half_of(halves: &[[u16; 4]; 2], lane: usize) -> f32 {
    half::f16::from_bits(halves[lane / 4][lane % 4]).to_f32()
}

/// The file's blocks as what they are.
fn read<B: Pod>(blocks: FileBlocks<'_>) -> [B; PANEL] {
    blocks.map(bytemuck::pod_read_unaligned::<B>)
}
