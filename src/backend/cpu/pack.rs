//! Weights in the layout of the kernels, made once at load.
//!
//! Coded matrices: four rows lie interleaved as a *panel*. For each run of four columns a
//! panel holds 16 codes, `[column pair][row][column of the pair]`, so that one vector lane
//! is one row. A matrix whose rows are no multiple of four ends in rows of zeros.

use crate::backend::Matrix;
use crate::error::{Error, Result};
use crate::quant;

/// Rows interleaved in a panel: the number of vector lanes.
pub const PANEL: usize = 4;

/// A packed matrix.
#[derive(Debug)]
pub enum Weight {
    /// Floats, row-major.
    Float(FloatMatrix),
    /// Codes in panels of four rows.
    Codes(CodeMatrix),
}

/// A matrix of floats, row-major.
#[derive(Debug)]
pub struct FloatMatrix {
    /// Inputs of the product.
    pub cols: usize,
    /// `[rows, cols]`.
    pub values: Vec<f32>,
}

/// A matrix of codes in panels of four rows.
#[derive(Debug)]
pub struct CodeMatrix {
    /// Outputs of the product.
    pub rows: usize,
    /// Inputs of the product, a multiple of 32.
    pub cols: usize,
    /// Codes that share a scale: 16 or 32.
    pub group: usize,
    /// `[panel][cols / 4][16]`.
    pub codes: Vec<[i8; 16]>,
    /// `[panel][cols / group]`, a lane a row.
    pub scales: Vec<[f32; PANEL]>,
    /// As `scales`; empty where the format has no offsets.
    pub offsets: Vec<[f32; PANEL]>,
}

impl Weight {
    /// Packs a matrix from the file.
    ///
    /// # Errors
    /// `NonFinite` for NaN or infinity among the weights or scales, `OutOfMemory`.
    pub fn pack(matrix: &Matrix<'_>) -> Result<Self> {
        if matrix.dtype.block_len() == 1 {
            pack_floats(matrix).map(Self::Float)
        } else {
            CodeMatrix::pack(matrix).map(Self::Codes)
        }
    }

    /// Inputs of the product.
    #[must_use]
    pub fn cols(&self) -> usize {
        match self {
            Self::Float(matrix) => matrix.cols,
            Self::Codes(matrix) => matrix.cols,
        }
    }

    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Float(matrix) => size_of_val(matrix.values.as_slice()),
            Self::Codes(matrix) => {
                matrix.codes.len() * 16 + (matrix.scales.len() + matrix.offsets.len()) * 16
            }
        }
    }

    /// Appends the weights of row `row` to `out`.
    pub fn append_row(&self, row: usize, out: &mut Vec<f32>) {
        match self {
            Self::Float(m) => out.extend_from_slice(&m.values[row * m.cols..][..m.cols]),
            Self::Codes(m) => m.append_row(row, out),
        }
    }
}

fn pack_floats(matrix: &Matrix<'_>) -> Result<FloatMatrix> {
    let bytes = matrix.dtype.block_bytes() * matrix.cols;
    let mut values = reserve(matrix.rows * matrix.cols, matrix.name)?;
    for row in 0..matrix.rows {
        let start = matrix.order.source(row) * bytes;
        values.extend(quant::dequantize(
            matrix.dtype,
            &matrix.bytes[start..start + bytes],
        ));
    }
    check_finite(values.iter(), matrix.name)?;
    Ok(FloatMatrix {
        cols: matrix.cols,
        values,
    })
}

impl CodeMatrix {
    fn pack(matrix: &Matrix<'_>) -> Result<Self> {
        let panels = matrix.rows.div_ceil(PANEL);
        let row_bytes = matrix.bytes.len() / matrix.rows.max(1);
        let row =
            |row: usize| quant::unpack(matrix.dtype, &matrix.bytes[row * row_bytes..][..row_bytes]);
        let group = row(0).map_or(32, |groups| groups.group);
        let mut packed = Self {
            rows: matrix.rows,
            cols: matrix.cols,
            group,
            codes: reserve(panels * matrix.cols / 4, matrix.name)?,
            scales: reserve(panels * matrix.cols / group, matrix.name)?,
            offsets: Vec::new(),
        };
        let mut offsets = Vec::new();
        for panel in 0..panels {
            let rows = (panel * PANEL..((panel + 1) * PANEL).min(matrix.rows))
                .filter_map(|r| row(matrix.order.source(r)))
                .collect::<Vec<_>>();
            packed.push_panel(&rows, &mut offsets);
        }
        if offsets.iter().flatten().any(|offset| *offset != 0.0) {
            packed.offsets = offsets;
        }
        check_finite(
            packed.scales.iter().chain(&packed.offsets).flatten(),
            matrix.name,
        )?;
        Ok(packed)
    }

    fn push_panel(&mut self, rows: &[quant::Groups], offsets: &mut Vec<[f32; PANEL]>) {
        for k in (0..self.cols).step_by(4) {
            self.codes.push(std::array::from_fn(|i| {
                let (row, column) = (i % 8 / 2, k + i / 8 * 2 + i % 2);
                rows.get(row).map_or(0, |row| row.codes[column])
            }));
        }
        for g in 0..self.cols / self.group {
            let lanes = |pick: fn(&quant::Groups) -> &Vec<f32>| {
                std::array::from_fn(|r| rows.get(r).map_or(0.0, |row| pick(row)[g]))
            };
            self.scales.push(lanes(|row| &row.scales));
            offsets.push(lanes(|row| &row.offsets));
        }
    }

    fn append_row(&self, row: usize, out: &mut Vec<f32>) {
        let (panel, lane) = (row / PANEL, row % PANEL);
        let groups = self.cols / self.group;
        for column in 0..self.cols {
            let codes = &self.codes[panel * self.cols / 4 + column / 4];
            let code = codes[column % 4 / 2 * 8 + lane * 2 + column % 2];
            let group = panel * groups + column / self.group;
            let offset = self.offsets.get(group).map_or(0.0, |lanes| lanes[lane]);
            out.push(self.scales[group][lane] * f32::from(code) + offset);
        }
    }
}

fn reserve<T>(len: usize, name: &str) -> Result<Vec<T>> {
    let mut items = Vec::new();
    items
        .try_reserve_exact(len)
        .map_err(|_| Error::OutOfMemory {
            bytes: (len * size_of::<T>()) as u64,
            what: format!("tensor {name}"),
        })?;
    Ok(items)
}

fn check_finite<'a>(mut values: impl Iterator<Item = &'a f32>, name: &str) -> Result<()> {
    if values.all(|value| value.is_finite()) {
        return Ok(());
    }
    Err(Error::NonFinite {
        what: format!("tensor {name}"),
    })
}
