//! Pages of the KV cache: floats, or 8-bit codes in the layout of the attention kernel.
//!
//! Coded keys lie like the weights of a matrix whose rows are positions, coded values like
//! one whose rows are dimensions: eight rows interleaved, two columns a vector. A page of
//! keys meets a query, and a page of values the attention weights, as a Q8_0 panel meets
//! activations.

use super::activations::{GROUP, code_group, scale};
use super::lanes::Lanes;
use crate::backend::{Heads, PAGE};

/// Rows interleaved.
pub const PANEL: usize = 8;

/// Dimensions of a key that share a scale. Heads of other lengths than its multiples are
/// kept as floats.
pub const CODED_DIM: usize = GROUP;

/// Shortest head that is kept as codes: in shorter ones errors do not average out, and
/// models that have them are small anyway.
const LEAST_DIM: usize = 64;

/// Longest head that is kept as codes.
pub const MOST_DIM: usize = 256;

/// Two columns of eight rows.
pub type Pair = [[i8; 8]; 2];

/// The keys and values of [`PAGE`] positions of one layer.
#[derive(Debug, Clone)]
pub enum Page {
    /// As they came.
    Float(FloatPage),
    /// As 8-bit codes.
    Coded(CodedPage),
}

/// `[head][position][dim]`.
#[derive(Debug, Clone)]
pub struct FloatPage {
    /// Keys.
    pub keys: Vec<f32>,
    /// Values.
    pub values: Vec<f32>,
}

/// Codes from -127 to 127 with scales. Positions not stored yet are zeros.
#[derive(Debug, Clone)]
pub struct CodedPage {
    /// `[head][position / 8][dim / 32]`.
    pub keys: Vec<KeyBlock>,
    /// `[head][dim / 8][position / 2]`.
    pub values: Vec<Pair>,
    /// `[head][position]`: a scale for a value.
    pub value_scales: Vec<f32>,
}

/// [`CODED_DIM`] dimensions of the keys of eight positions: scales and codes lie together, so
/// that the keys of a head are read from one end to the other.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeyBlock {
    /// Of each position.
    pub scales: [f32; PANEL],
    /// Two dimensions a pair.
    pub codes: [Pair; CODED_DIM / 2],
}

impl Page {
    /// An empty page, coded where `coded` is set and the heads allow it.
    #[must_use]
    pub fn new(heads: Heads, coded: bool) -> Self {
        let len = PAGE * heads.width();
        let fits =
            heads.dim.is_multiple_of(CODED_DIM) && (LEAST_DIM..=MOST_DIM).contains(&heads.dim);
        if !coded || !fits {
            return Self::Float(FloatPage {
                keys: vec![0.0; len],
                values: vec![0.0; len],
            });
        }
        Self::Coded(CodedPage {
            keys: vec![KeyBlock::default(); len / CODED_DIM / PANEL],
            values: vec![[[0; 8]; 2]; len / 16],
            value_scales: vec![0.0; PAGE * heads.count],
        })
    }

    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let floats = |values: &Vec<f32>| size_of_val(values.as_slice());
        match self {
            Self::Float(page) => floats(&page.keys) + floats(&page.values),
            Self::Coded(page) => {
                let keys = size_of_val(page.keys.as_slice());
                keys + size_of_val(page.values.as_slice()) + floats(&page.value_scales)
            }
        }
    }

    /// Puts one row of keys and one of values at position `at`.
    pub fn store<L: Lanes>(&mut self, at: usize, keys: &[f32], values: &[f32], heads: Heads) {
        let rows = keys
            .chunks_exact(heads.dim)
            .zip(values.chunks_exact(heads.dim));
        for (head, (key, value)) in rows.enumerate() {
            match self {
                Self::Float(page) => {
                    let start = (head * PAGE + at) * heads.dim;
                    page.keys[start..start + heads.dim].copy_from_slice(key);
                    page.values[start..start + heads.dim].copy_from_slice(value);
                }
                Self::Coded(page) => {
                    page.store_key::<L>(head, at, key);
                    page.store_value::<L>(head, at, value);
                }
            }
        }
    }
}

impl CodedPage {
    fn store_key<L: Lanes>(&mut self, head: usize, at: usize, key: &[f32]) {
        let blocks = key.len() / CODED_DIM;
        let panel = &mut self.keys[(head * PAGE + at) / PANEL * blocks..][..blocks];
        let (half, lane) = (at % PANEL / 4, at % 4);
        for (values, block) in key.as_chunks().0.iter().zip(panel) {
            let (scale, inverse) = scale::<L>(values);
            block.scales[at % PANEL] = scale;
            let codes = code_group::<L>(values, inverse);
            let pairs = codes.as_flattened().as_chunks::<2>().0;
            for (pair, codes) in block.codes.iter_mut().zip(pairs) {
                pair[half].as_chunks_mut::<2>().0[lane] = *codes;
            }
        }
    }

    fn store_value<L: Lanes>(&mut self, head: usize, at: usize, value: &[f32]) {
        let dim = value.len();
        let (scale, inverse) = scale::<L>(value);
        self.value_scales[head * PAGE + at] = scale;
        let panels = &mut self.values[head * PAGE * dim / 16..][..PAGE * dim / 16];
        let mut panels = panels.chunks_exact_mut(PAGE / 2);
        for values in value.as_chunks().0 {
            let codes = code_group::<L>(values, inverse);
            let codes = codes.as_flattened().as_chunks::<PANEL>().0;
            for (codes, panel) in codes.iter().zip(&mut panels) {
                let pairs = panel[at / 2].as_flattened_mut().as_chunks_mut::<2>().0;
                for (pair, code) in pairs.iter_mut().zip(codes) {
                    pair[at % 2] = *code;
                }
            }
        }
    }
}
