//! The CPU backend: kernels over 128-bit vectors, weights interleaved at load, threads.
//!
//! The simple version of everything here is [`super::reference`]. What departs from it:
//! 1. Quantized weights stay codes; activations become codes too, and the products are
//!    summed in integers ([`activations`], [`formats`]).
//! 2. Eight rows of a matrix lie interleaved, so that one vector lane is one row and no
//!    horizontal sum is needed ([`formats`]).
//! 3. Keys and values are kept as 8-bit codes, and attention is one pass over them
//!    ([`kv_page`], [`kernels::attend`]).
//! 4. Rows, heads and segments of the past are shared among threads ([`pool`]); nothing is
//!    summed across threads, so any number of them gives the same bits.
//! 5. The kernels are written once over [`lanes::Lanes`]; each instruction set is a thin
//!    implementation, and all of them give the same bits.

pub mod activations;
pub mod formats;
pub mod kernels;
pub mod kv_page;
pub mod lanes;
pub mod pack;
mod parts;
pub mod pool;
mod product;

use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Backend, Heads, KvView, Matrix};
use crate::error::Result;
use crate::quant::Dtype;
use kernels::attend::{self, Attention};
use kernels::elementwise;
use kv_page::Page;
use lanes::Lanes;
use pack::Weight;
use parts::Parts;
use pool::{Pool, Task};

/// Values below which a row operation is not worth a second thread.
const WORTH_SHARING: usize = 1 << 13;

/// How keys and values are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KvType {
    /// As 8-bit codes, where heads are a multiple of 32 long and at least 64.
    #[default]
    Int8,
    /// As floats.
    F32,
}

/// The CPU backend on the lanes `L`.
#[derive(Debug, Default)]
pub struct Cpu<L = lanes::Best> {
    pool: Arc<Pool>,
    kv_type: KvType,
    scratch: Mutex<Scratch>,
    lanes: PhantomData<L>,
}

/// Buffers that are used again and again.
#[derive(Debug, Default)]
struct Scratch {
    product: product::Scratch,
    attend: attend::Scratch,
    angles: elementwise::Angles,
}

impl Cpu {
    /// One thread, on the best lanes of this build.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl<L: Lanes> Cpu<L> {
    /// With the threads of `pool`.
    #[must_use]
    pub fn with(pool: Arc<Pool>, kv_type: KvType) -> Self {
        Self {
            pool,
            kv_type,
            scratch: Mutex::default(),
            lanes: PhantomData,
        }
    }

    fn scratch(&self) -> MutexGuard<'_, Scratch> {
        self.scratch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls `job` with each row of `out` and its number.
    fn rows(&self, out: &mut [f32], width: usize, job: impl Fn(usize, &mut [f32]) + Sync) {
        let n = out.len() / width;
        if out.len() < WORTH_SHARING {
            (out.chunks_exact_mut(width).enumerate()).for_each(|(row, out)| job(row, out));
            return;
        }
        let parts = Parts::new(out);
        self.pool.run_all(n, &|row| {
            // SAFETY: each row is one item.
            let out = unsafe { parts.part(row * width, width) };
            job(row, out);
        });
    }
}

impl<L: Lanes> Backend for Cpu<L> {
    type Weight = Weight;
    type Buffer = Vec<f32>;
    type Page = Page;

    fn name(&self) -> &'static str {
        "cpu"
    }

    fn detail(&self) -> &'static str {
        if L::has_faster() {
            return L::Faster::NAME;
        }
        L::NAME
    }

    fn threads(&self) -> usize {
        self.pool.threads()
    }

    /// A 32-bit address space, less an eighth for all that is not weights.
    fn memory(&self) -> Option<u64> {
        (usize::BITS == 32).then_some((usize::MAX / 8 * 7) as u64)
    }

    fn spawn(&self, task: Task) -> Option<Task> {
        self.pool.spawn(task)
    }

    fn packed_bytes(&self, dtype: Dtype, rows: u64, cols: u64) -> u64 {
        Weight::packed_bytes(dtype, rows, cols)
    }

    fn begin_weight(&self, like: &Matrix<'_>, rows: usize) -> Result<Weight> {
        Weight::with_room(like, rows)
    }

    fn push_rows(&self, weight: &mut Weight, part: &Matrix<'_>) -> Result<()> {
        weight.push_rows(part)
    }

    fn weight_bytes(&self, weight: &Weight) -> usize {
        weight.bytes()
    }

    fn upload(&self, values: Vec<f32>) -> Vec<f32> {
        values
    }

    fn download(&self, buffer: &Vec<f32>, out: &mut Vec<f32>) {
        out.clone_from(buffer);
    }

    fn embed(&self, table: &Weight, tokens: &[u32], out: &mut Vec<f32>) {
        out.resize(tokens.len() * table.cols(), 0.0);
        let rows = out.chunks_exact_mut(table.cols());
        for (row, &token) in rows.zip(tokens) {
            table.unpack_row(token as usize, row);
        }
    }

    fn matmul<const N: usize>(&self, weights: [&Weight; N], x: &Vec<f32>, out: [&mut Vec<f32>; N]) {
        product::matmul::<L, N>(&self.pool, &mut self.scratch().product, weights, x, out);
    }

    fn rms_norm(&self, x: &Vec<f32>, weight: &Vec<f32>, eps: f32, out: &mut Vec<f32>) {
        let width = weight.len();
        out.resize(x.len(), 0.0);
        self.rows(out, width, |row, out| {
            elementwise::rms_norm::<L>(&x[row * width..][..width], weight, eps, out);
        });
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
        let angles = &mut self.scratch().angles;
        let rows = x.chunks_exact_mut(heads.width());
        for (row, angles) in rows.zip(angles.of(positions, inv_freq)) {
            elementwise::rope(row, heads, angles);
        }
    }

    fn swiglu(&self, gate: &mut Vec<f32>, up: &Vec<f32>) {
        // Any cut will do; this one keeps the tail out of all but the last.
        let width = gate.len().div_ceil(64).next_multiple_of(4).max(4);
        let whole = gate.len() / width * width;
        let (gate, gate_tail) = gate.split_at_mut(whole);
        self.rows(gate, width, |row, gate| {
            elementwise::swiglu::<L>(gate, &up[row * width..][..width]);
        });
        elementwise::swiglu::<L>(gate_tail, &up[whole..]);
    }

    fn gather(&self, x: &Vec<f32>, width: usize, rows: &[usize], out: &mut Vec<f32>) {
        out.clear();
        for row in rows {
            out.extend_from_slice(&x[row * width..][..width]);
        }
    }

    fn new_page(&self, heads: Heads) -> Page {
        Page::new(heads, self.kv_type == KvType::Int8)
    }

    fn page_bytes(&self, page: &Page) -> usize {
        page.bytes()
    }

    fn kv_store(&self, page: &mut Page, at: usize, kv: [&Vec<f32>; 2], row: usize, heads: Heads) {
        let [keys, values] = kv.map(|x| &x[row * heads.width()..][..heads.width()]);
        page.store::<L>(at, keys, values, heads);
    }

    fn attend(
        &self,
        q: &Vec<f32>,
        [heads, kv]: [Heads; 2],
        views: &[KvView<'_, Page>],
        out: &mut Vec<f32>,
    ) {
        out.resize(q.len(), 0.0);
        let attention = Attention { heads, kv, views };
        attention.run::<L>(&self.pool, &mut self.scratch().attend, q, out);
    }
}
