//! Activations as 8-bit codes, so that products with coded weights are sums of integers.

use super::lanes::Lanes;
use super::parts::Parts;
use super::pool::Pool;

/// Columns that one entry of the vectors here stands for.
pub const GROUP: usize = 32;

/// How a format wants its activations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coding {
    /// Columns that share a scale: 32 or 256.
    pub block: usize,
    /// What the format's codes are above their values.
    pub center: i16,
    /// Columns in one run of sums: 16 or 32.
    pub run: usize,
}

/// Rows of activations as codes, in buffers that are used again and again.
#[derive(Debug, Default)]
pub struct Activations {
    /// Rows.
    pub n: usize,
    /// Groups in a row.
    pub groups: usize,
    /// `[n, groups]`, each code from -127 to 127, in fours.
    pub codes: Vec<[[i8; 4]; 8]>,
    /// The same codes, widened, in pairs.
    pub words: Vec<[[i16; 2]; 16]>,
    /// `[n, groups]`: what the sums of a run begin with, so that codes count from zero:
    /// `-center` times the sums of the columns 0 and 1, and 2 and 3, of each four.
    pub starts: Vec<[[i16; 2]; 2]>,
    /// `[n, groups]`: the sums of each half group.
    pub totals: Vec<[i16; 2]>,
    /// `[n, cols / block]`.
    pub scales: Vec<f32>,
}

impl Activations {
    /// Takes the rows of `x`, each `cols` wide; `cols` is a multiple of the coding's block.
    pub fn quantize<L: Lanes>(&mut self, pool: &Pool, x: &[f32], cols: usize, coding: Coding) {
        (self.n, self.groups) = (x.len() / cols, cols / GROUP);
        let groups = self.n * self.groups;
        self.codes.resize(groups, [[0; 4]; 8]);
        self.words.resize(groups, [[0; 2]; 16]);
        self.starts.resize(groups, [[0; 2]; 2]);
        self.totals.resize(groups, [0; 2]);
        self.scales.resize(groups * GROUP / coding.block, 0.0);
        let (codes, words) = (Parts::new(&mut self.codes), Parts::new(&mut self.words));
        let (starts, totals) = (Parts::new(&mut self.starts), Parts::new(&mut self.totals));
        let scales = Parts::new(&mut self.scales);
        let (per_row, per_block) = (self.groups, coding.block / GROUP);
        pool.run_all(self.n, &|row| {
            // SAFETY: each row is one chunk, and these are the parts of one row.
            let (codes, words, starts, totals, scales) = unsafe {
                (
                    codes.part(row * per_row, per_row),
                    words.part(row * per_row, per_row),
                    starts.part(row * per_row, per_row),
                    totals.part(row * per_row, per_row),
                    scales.part(row * per_row / per_block, per_row / per_block),
                )
            };
            for (b, block) in x[row * cols..][..cols]
                .chunks_exact(coding.block)
                .enumerate()
            {
                let (scale, inverse) = scale::<L>(block);
                scales[b] = scale;
                for (g, group) in block.as_chunks::<GROUP>().0.iter().enumerate() {
                    let at = b * per_block + g;
                    codes[at] = code_group::<L>(group, inverse);
                    (words[at], totals[at], starts[at]) = sum_group(&codes[at], coding);
                }
            }
        });
    }
}

/// What [`Activations`] holds beside the codes of one group: words, totals and starts.
#[inline(always)]
fn sum_group(codes: &[[i8; 4]; 8], coding: Coding) -> ([[i16; 2]; 16], [i16; 2], [[i16; 2]; 2]) {
    let mut words = [[0; 2]; 16];
    let mut sums = [[0; 2]; 2];
    for (q, quad) in codes.iter().enumerate() {
        let [a, b, c, d] = quad.map(i16::from);
        (words[2 * q], words[2 * q + 1]) = ([a, b], [c, d]);
        sums[q / 4][0] += a + b;
        sums[q / 4][1] += c + d;
    }
    let totals = sums.map(|[a, b]| a + b);
    if coding.run == GROUP {
        let [[a, b], [c, d]] = sums;
        sums = [[a + c, b + d]; 2];
    }
    (
        words,
        totals,
        sums.map(|pair| pair.map(|sum| sum * -coding.center)),
    )
}

/// The scale of a block and what to multiply its values with.
#[inline(always)]
fn scale<L: Lanes>(block: &[f32]) -> (f32, f32) {
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

#[inline(always)]
fn code_group<L: Lanes>(group: &[f32; GROUP], inverse: f32) -> [[i8; 4]; 8] {
    let factor = L::splat(inverse);
    let mut codes = [[0; 4]; 8];
    let sixteens = group.as_chunks::<16>().0.iter();
    for (sixteen, quads) in sixteens.zip(codes.as_chunks_mut::<4>().0) {
        let fours = sixteen.as_chunks::<4>().0;
        let rounded = |i: usize| L::round(L::mul(L::load(&fours[i]), factor));
        let bytes = L::bytes(std::array::from_fn(rounded));
        quads.copy_from_slice(bytes.as_chunks::<4>().0);
    }
    codes
}
