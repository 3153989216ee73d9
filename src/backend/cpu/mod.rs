//! The CPU backend: kernels over four-lane vectors, weights interleaved at load.
//!
//! The simple version of everything here is [`super::reference`]. What departs from it:
//! 1. Quantized weights stay codes; activations become codes too, 32 to a scale, and the
//!    products are summed in integers ([`kernels::matmul_i8`]).
//! 2. Four rows of a matrix lie interleaved, so that one vector lane is one row and no
//!    horizontal sum is needed ([`pack`]).
//! 3. The kernels are written once over [`lanes::Lanes`]; each instruction set is a thin
//!    implementation, and all of them give the same bits.

mod activations;
pub mod kernels;
pub mod lanes;
pub mod pack;

use std::marker::PhantomData;

use super::{Backend, Heads, KvView, Matrix};
use crate::error::Result;
use kernels::{attend, elementwise, matmul_f32, matmul_i8};
use lanes::Lanes;
use pack::Weight;

/// The CPU backend on the lanes `L`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cpu<L = lanes::Best>(PhantomData<L>);

impl Cpu {
    /// The CPU backend on the best lanes of this build.
    #[must_use]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

impl<L: Lanes> Backend for Cpu<L> {
    type Weight = Weight;
    type Buffer = Vec<f32>;

    fn name(&self) -> &'static str {
        "cpu"
    }

    fn detail(&self) -> &'static str {
        L::NAME
    }

    fn pack(&self, matrix: &Matrix<'_>) -> Result<Weight> {
        Weight::pack(matrix)
    }

    fn weight_bytes(&self, weight: &Weight) -> usize {
        weight.bytes()
    }

    fn upload(&self, values: Vec<f32>) -> Vec<f32> {
        values
    }

    fn download(&self, buffer: Vec<f32>) -> Vec<f32> {
        buffer
    }

    fn embed(&self, table: &Weight, tokens: &[u32]) -> Vec<f32> {
        let mut out = Vec::with_capacity(tokens.len() * table.cols());
        for &token in tokens {
            table.append_row(token as usize, &mut out);
        }
        out
    }

    fn matmul(&self, weight: &Weight, x: &Vec<f32>) -> Vec<f32> {
        match weight {
            Weight::Float(weight) => matmul_f32::matmul::<L>(weight, x),
            Weight::Codes(weight) => matmul_i8::matmul::<L>(weight, x),
        }
    }

    fn rms_norm(&self, x: &Vec<f32>, weight: &Vec<f32>, eps: f32) -> Vec<f32> {
        elementwise::rms_norm::<L>(x, weight, eps)
    }

    fn add_bias(&self, x: &mut Vec<f32>, bias: &Vec<f32>) {
        for row in x.chunks_exact_mut(bias.len()) {
            elementwise::add(row, bias);
        }
    }

    fn add(&self, x: &mut Vec<f32>, y: &Vec<f32>) {
        elementwise::add(x, y);
    }

    fn rope(&self, x: &mut Vec<f32>, heads: Heads, positions: &[u32], inv_freq: &[f32]) {
        elementwise::rope(x, heads, positions, inv_freq);
    }

    fn swiglu(&self, gate: &mut Vec<f32>, up: &Vec<f32>) {
        elementwise::swiglu(gate, up);
    }

    fn kv_store(&self, page: &mut Vec<f32>, at: usize, x: &Vec<f32>, row: usize, heads: Heads) {
        attend::store(page, at, &x[row * heads.width()..][..heads.width()], heads);
    }

    fn attend(
        &self,
        q: &Vec<f32>,
        heads: Heads,
        kv: Heads,
        views: &[KvView<'_, Vec<f32>>],
    ) -> Vec<f32> {
        attend::attend::<L>(q, heads, kv, views)
    }

    fn gather(&self, x: &Vec<f32>, width: usize, rows: &[usize]) -> Vec<f32> {
        let mut out = Vec::with_capacity(rows.len() * width);
        for row in rows {
            out.extend_from_slice(&x[row * width..][..width]);
        }
        out
    }
}
