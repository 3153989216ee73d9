//! Where arithmetic runs: the dozen operations of a transformer, over flat `f32` buffers.
//!
//! [`reference`] is the specification, in plain scalar Rust; every other backend is held
//! against it. A backend knows nothing of models, and a model never asks where it runs.
//! Buffers are row-major: `n` rows (one a token, of any mix of sequences) of a fixed width.
//! Every row is computed alone and in a fixed order, so a batch of any make-up gives the
//! same bits as its rows one by one.

pub mod cpu;
pub mod reference;

use std::ops::Range;
use std::sync::Arc;

use crate::error::Result;
use crate::quant::Dtype;

/// A weight matrix as it lies in the file, `rows` rows of `cols` weights.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    /// The tensor's name, for errors.
    pub name: &'a str,
    /// Block format of `bytes`.
    pub dtype: Dtype,
    /// Outputs of the product.
    pub rows: usize,
    /// Inputs of the product: the row length.
    pub cols: usize,
    /// `rows` rows of whole blocks.
    pub bytes: &'a [u8],
    /// In which order to take the rows.
    pub order: RowOrder,
}

/// The order of a matrix' rows in the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowOrder {
    /// As in the file.
    AsStored,
    /// Within each head of `head_dim` rows, the even rows first, then the odd ones:
    /// turns the adjacent-pair rotary layout of `llama` files into the half-split one.
    EvenThenOdd {
        /// Rows a head.
        head_dim: usize,
    },
}

impl RowOrder {
    /// The stored row that becomes row `row` of the product.
    #[must_use]
    pub fn source(self, row: usize) -> usize {
        match self {
            Self::AsStored => row,
            Self::EvenThenOdd { head_dim } => {
                let (head, i) = (row / head_dim * head_dim, row % head_dim);
                let half = head_dim / 2;
                head + if i < half { 2 * i } else { 2 * (i - half) + 1 }
            }
        }
    }
}

/// Rows made of equal heads.
#[derive(Debug, Clone, Copy)]
pub struct Heads {
    /// Heads in a row.
    pub count: usize,
    /// Values in a head.
    pub dim: usize,
}

impl Heads {
    /// Values in a row.
    #[must_use]
    pub fn width(self) -> usize {
        self.count * self.dim
    }
}

/// Rows of a matrix that no kernel layout takes apart.
pub const ROWS_TOGETHER: usize = 64;

/// Positions that one page of a KV cache holds. The keys of a head lie together in a page, long
/// enough for the processor to read ahead: with 64 positions attention was 1.6 times as slow.
pub const PAGE: usize = 256;

/// What the new rows of one sequence may look at, in one layer.
#[derive(Debug)]
pub struct KvView<'a, Page> {
    /// Pages, in order.
    pub pages: &'a [Arc<Page>],
    /// Visible positions for each query row of this sequence, first row first.
    pub lens: Range<usize>,
}

/// The operations a transformer needs. Results go into buffers that are given, so that a
/// decode step allocates nothing.
pub trait Backend: std::fmt::Debug {
    /// A weight matrix in the layout of this backend's kernels.
    type Weight: std::fmt::Debug;
    /// A buffer of `f32` where this backend can reach it; its default is empty.
    type Buffer: Clone + Default + std::fmt::Debug;
    /// The keys and values of [`PAGE`] positions of one layer.
    type Page: Clone + std::fmt::Debug;

    /// The name shown to users, for example "cpu".
    fn name(&self) -> &'static str;
    /// The instruction set or adapter behind the name, for example "simd128".
    fn detail(&self) -> &'static str;
    /// Threads that share the work.
    fn threads(&self) -> usize {
        1
    }

    /// Does `task` on a thread of this backend while it goes on, or gives it back where it
    /// has none to spare.
    fn spawn(&self, task: Box<dyn FnOnce() + Send>) -> Option<Box<dyn FnOnce() + Send>> {
        Some(task)
    }

    /// Bytes that this backend can hold at most, where that is known.
    fn memory(&self) -> Option<u64> {
        None
    }

    /// Bytes that a matrix of `rows` rows of `cols` weights takes here, which is stored as `dtype`.
    fn packed_bytes(&self, dtype: Dtype, rows: u64, cols: u64) -> u64;

    /// Lays a matrix out for the kernels.
    ///
    /// # Errors
    /// `NonFinite` for NaN or infinity among the weights, `OutOfMemory`.
    fn pack(&self, matrix: &Matrix<'_>) -> Result<Self::Weight> {
        let mut weight = self.begin_weight(matrix, matrix.rows)?;
        self.push_rows(&mut weight, matrix)?;
        Ok(weight)
    }
    /// A matrix without rows, with room for `rows` of the kind of `like`.
    ///
    /// # Errors
    /// `OutOfMemory`.
    fn begin_weight(&self, like: &Matrix<'_>, rows: usize) -> Result<Self::Weight>;
    /// Packs the next rows behind those that are there. All calls but the last bring a
    /// multiple of [`ROWS_TOGETHER`], so that a matrix can be packed while it is read.
    ///
    /// # Errors
    /// `NonFinite` for NaN or infinity among the weights.
    fn push_rows(&self, weight: &mut Self::Weight, part: &Matrix<'_>) -> Result<()>;
    /// Bytes that a packed matrix holds.
    fn weight_bytes(&self, weight: &Self::Weight) -> usize;
    /// Values become a buffer.
    fn upload(&self, values: Vec<f32>) -> Self::Buffer;
    /// Writes a buffer's values to `out`.
    fn download(&self, buffer: &Self::Buffer, out: &mut Vec<f32>);

    /// The rows of `table` that `tokens` name: `[n, cols]`.
    fn embed(&self, table: &Self::Weight, tokens: &[u32], out: &mut Self::Buffer);
    /// `x * weightᵀ` for each weight: `[n, cols]` to `[n, rows]`.
    fn matmul<const N: usize>(
        &self,
        weights: [&Self::Weight; N],
        x: &Self::Buffer,
        out: [&mut Self::Buffer; N],
    );
    /// `x / sqrt(mean(x²) + eps) * weight`, over runs of `weight`'s length.
    fn rms_norm(&self, x: &Self::Buffer, weight: &Self::Buffer, eps: f32, out: &mut Self::Buffer);
    /// Adds `bias` to every row.
    fn add_bias(&self, x: &mut Self::Buffer, bias: &Self::Buffer);
    /// `x + y`, value by value.
    fn add(&self, x: &mut Self::Buffer, y: &Self::Buffer);
    /// Rotates the pairs `(i, i + inv_freq.len())` of every head by `position * inv_freq[i]`.
    fn rope(&self, x: &mut Self::Buffer, heads: Heads, positions: &[u32], inv_freq: &[f32]);
    /// `silu(gate) * up`, into `gate`.
    fn swiglu(&self, gate: &mut Self::Buffer, up: &Self::Buffer);
    /// The rows `rows` of `x`, each `width` wide.
    fn gather(&self, x: &Self::Buffer, width: usize, rows: &[usize], out: &mut Self::Buffer);

    /// An empty page for these KV heads.
    fn new_page(&self, heads: Heads) -> Self::Page;
    /// Bytes that a page holds.
    fn page_bytes(&self, page: &Self::Page) -> usize;
    /// Copies row `row` of keys and values to position `at` (below [`PAGE`]) of a page.
    fn kv_store(
        &self,
        page: &mut Self::Page,
        at: usize,
        kv: [&Self::Buffer; 2],
        row: usize,
        heads: Heads,
    );
    /// Softmax attention of the rows of `q` over their views, in the views' order, for
    /// query heads and KV heads.
    fn attend(
        &self,
        q: &Self::Buffer,
        heads: [Heads; 2],
        views: &[KvView<'_, Self::Page>],
        out: &mut Self::Buffer,
    );
}
