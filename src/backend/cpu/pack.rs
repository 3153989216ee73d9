//! Weights in the layout of the kernels, made once at load.

use std::marker::PhantomData;

use bytemuck::Pod;
use half::{bf16, f16};

use super::formats::{Bytes, Format, PANEL, Q4_0, Q4_K, Q5_K, Q6_K, Q8_0};
use super::lanes::Lanes;
use crate::backend::{Matrix, ROWS_TOGETHER};
use crate::error::{Error, Result};
use crate::quant::Dtype;

/// A packed matrix.
#[derive(Debug)]
#[expect(non_camel_case_types, reason = "named as the types of the file")]
#[expect(missing_docs, reason = "named as the types of the file")]
pub enum Weight {
    F32(Floats<f32>),
    F16(Floats<f16>),
    BF16(Floats<bf16>),
    Q4_0(Panels<Q4_0>),
    Q8_0(Panels<Q8_0>),
    Q4_K(Panels<Q4_K>),
    Q5_K(Panels<Q5_K>),
    Q6_K(Panels<Q6_K>),
    Bytes(Panels<Bytes>),
}

/// Calls a method that all layouts have.
macro_rules! layout {
    ($weight:expr, $matrix:ident => $call:expr) => {
        match $weight {
            Weight::F32($matrix) => $call,
            Weight::F16($matrix) => $call,
            Weight::BF16($matrix) => $call,
            Weight::Q4_0($matrix) => $call,
            Weight::Q8_0($matrix) => $call,
            Weight::Q4_K($matrix) => $call,
            Weight::Q5_K($matrix) => $call,
            Weight::Q6_K($matrix) => $call,
            Weight::Bytes($matrix) => $call,
        }
    };
}

/// A matrix of floats, row-major, in the type of the file.
#[derive(Debug)]
pub struct Floats<S> {
    /// Outputs of the product.
    pub rows: usize,
    /// Inputs of the product.
    pub cols: usize,
    /// `[rows, cols]`.
    pub values: Vec<S>,
}

/// A float as it is stored.
pub trait Stored: Pod + Send + Sync {
    /// Its value.
    fn value(self) -> f32;
    /// Four of them.
    fn four<L: Lanes>(values: &[Self; 4]) -> L::Float;
}

/// A matrix in panels of eight rows; the last one is filled up with zeros.
#[derive(Debug)]
pub struct Panels<F: Format> {
    /// Outputs of the product.
    pub rows: usize,
    /// Inputs of the product.
    pub cols: usize,
    /// `[panel, cols / F::COLS]`.
    pub blocks: Vec<F::Block>,
    format: PhantomData<F>,
}

impl Weight {
    /// A matrix without rows, with room for `rows` of the kind of `like`.
    ///
    /// # Errors
    /// `OutOfMemory`.
    pub fn with_room(like: &Matrix<'_>, rows: usize) -> Result<Self> {
        let mut weight = Self::empty(like.dtype, like.cols);
        layout!(&mut weight, matrix => matrix.reserve(rows, like.name)?);
        Ok(weight)
    }

    /// Bytes that `rows` rows of `cols` weights take, stored as `dtype`.
    #[must_use]
    pub fn packed_bytes(dtype: Dtype, rows: u64, cols: u64) -> u64 {
        let cols = usize::try_from(cols).unwrap_or(usize::MAX);
        layout!(Self::empty(dtype, cols), matrix => matrix.packed_bytes(rows))
    }

    /// A matrix without rows, in the layout for what is stored as `dtype`.
    fn empty(dtype: Dtype, cols: usize) -> Self {
        match dtype {
            Dtype::F32 => Self::F32(Floats::empty(cols)),
            Dtype::F16 => Self::F16(Floats::empty(cols)),
            Dtype::BF16 => Self::BF16(Floats::empty(cols)),
            Dtype::Q4_0 => Self::Q4_0(Panels::empty(cols)),
            Dtype::Q8_0 => Self::Q8_0(Panels::empty(cols)),
            Dtype::Q4_K => Self::Q4_K(Panels::empty(cols)),
            Dtype::Q5_K => Self::Q5_K(Panels::empty(cols)),
            Dtype::Q6_K => Self::Q6_K(Panels::empty(cols)),
            _ => Self::Bytes(Panels::empty(cols)),
        }
    }

    /// Packs the next rows from the file.
    ///
    /// # Errors
    /// `NonFinite` for NaN or infinity among the weights or scales.
    pub fn push_rows(&mut self, part: &Matrix<'_>) -> Result<()> {
        layout!(self, matrix => matrix.push_rows(part))
    }

    /// Outputs of the product.
    #[must_use]
    pub fn rows(&self) -> usize {
        layout!(self, matrix => matrix.rows)
    }

    /// Inputs of the product.
    #[must_use]
    pub fn cols(&self) -> usize {
        layout!(self, matrix => matrix.cols)
    }

    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        layout!(self, matrix => matrix.bytes())
    }

    /// Writes the weights of row `row`; `out` is one row long.
    pub fn unpack_row(&self, row: usize, out: &mut [f32]) {
        layout!(self, matrix => matrix.unpack_row(row, out));
    }
}

impl<S: Stored> Floats<S> {
    fn empty(cols: usize) -> Self {
        Self {
            rows: 0,
            cols,
            values: Vec::new(),
        }
    }

    fn reserve(&mut self, rows: usize, name: &str) -> Result<()> {
        reserve(&mut self.values, rows * self.cols, name)
    }

    fn packed_bytes(&self, rows: u64) -> u64 {
        let values = rows.saturating_mul(self.cols as u64);
        values.saturating_mul(size_of::<S>() as u64)
    }

    fn push_rows(&mut self, part: &Matrix<'_>) -> Result<()> {
        let row_bytes = size_of::<S>() * self.cols;
        let start = self.values.len();
        for row in 0..part.rows {
            let bytes = &part.bytes[part.order.source(row) * row_bytes..][..row_bytes];
            self.values.extend(
                (bytes.chunks_exact(size_of::<S>())).map(bytemuck::pod_read_unaligned::<S>),
            );
        }
        self.rows += part.rows;
        if self.values[start..]
            .iter()
            .all(|value| value.value().is_finite())
        {
            return Ok(());
        }
        Err(non_finite(part))
    }

    fn bytes(&self) -> usize {
        size_of_val(self.values.as_slice())
    }

    fn unpack_row(&self, row: usize, out: &mut [f32]) {
        let values = &self.values[row * self.cols..][..self.cols];
        out.iter_mut()
            .zip(values)
            .for_each(|(out, value)| *out = value.value());
    }
}

impl<F: Format> Panels<F> {
    fn empty(cols: usize) -> Self {
        const { assert!(ROWS_TOGETHER.is_multiple_of(PANEL)) };
        Self {
            rows: 0,
            cols,
            blocks: Vec::new(),
            format: PhantomData,
        }
    }

    fn reserve(&mut self, rows: usize, name: &str) -> Result<()> {
        let blocks = rows.div_ceil(PANEL) * (self.cols / F::COLS);
        reserve(&mut self.blocks, blocks, name)
    }

    fn packed_bytes(&self, rows: u64) -> u64 {
        let panels = rows.div_ceil(PANEL as u64);
        let blocks = panels.saturating_mul((self.cols / F::COLS) as u64);
        blocks.saturating_mul(size_of::<F::Block>() as u64)
    }

    fn push_rows(&mut self, part: &Matrix<'_>) -> Result<()> {
        let blocks = self.cols / F::COLS;
        let row_bytes = part.bytes.len() / part.rows.max(1);
        let zeros = vec![0; F::FILE_BLOCK * blocks];
        for panel in 0..part.rows.div_ceil(PANEL) {
            let rows: [_; PANEL] = std::array::from_fn(|lane| {
                let row = panel * PANEL + lane;
                (row < part.rows).then(|| {
                    let start = part.order.source(row) * row_bytes;
                    F::file_row(part.dtype, &part.bytes[start..start + row_bytes])
                })
            });
            let rows = rows.each_ref().map(|row| row.as_deref().unwrap_or(&zeros));
            for block in 0..blocks {
                let at = block * F::FILE_BLOCK;
                let block = F::pack(rows.map(|row| &row[at..at + F::FILE_BLOCK]));
                self.blocks.push(block.ok_or_else(|| non_finite(part))?);
            }
        }
        self.rows += part.rows;
        Ok(())
    }

    fn bytes(&self) -> usize {
        size_of_val(self.blocks.as_slice())
    }

    fn unpack_row(&self, row: usize, out: &mut [f32]) {
        let blocks = self.cols / F::COLS;
        let blocks = &self.blocks[row / PANEL * blocks..][..blocks];
        for (block, out) in blocks.iter().zip(out.chunks_exact_mut(F::COLS)) {
            F::unpack(block, row % PANEL, out);
        }
    }
}

impl Stored for f32 {
    #[inline(always)]
    fn value(self) -> f32 {
        self
    }

    #[inline(always)]
    fn four<L: Lanes>(values: &[Self; 4]) -> L::Float {
        L::load(values)
    }
}

impl Stored for f16 {
    #[inline(always)]
    fn value(self) -> f32 {
        self.to_f32()
    }

    #[inline(always)]
    fn four<L: Lanes>(values: &[Self; 4]) -> L::Float {
        L::halves(&values.map(Self::to_bits))
    }
}

impl Stored for bf16 {
    #[inline(always)]
    fn value(self) -> f32 {
        self.to_f32()
    }

    #[inline(always)]
    fn four<L: Lanes>(values: &[Self; 4]) -> L::Float {
        L::load(&values.map(|value| f32::from_bits(u32::from(value.to_bits()) << 16)))
    }
}

fn reserve<T>(items: &mut Vec<T>, len: usize, name: &str) -> Result<()> {
    items
        .try_reserve_exact(len)
        .map_err(|_| Error::OutOfMemory {
            bytes: (len * size_of::<T>()) as u64,
            what: format!("tensor {name}"),
        })
}

fn non_finite(matrix: &Matrix<'_>) -> Error {
    Error::NonFinite {
        what: format!("tensor {}", matrix.name),
    }
}
