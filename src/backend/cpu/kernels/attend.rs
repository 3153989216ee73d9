//! Softmax attention over the pages of a KV cache, in one pass.
//!
//! The simple version: scores of all positions, softmax, weighted sum of the values. What
//! departs from it:
//! 1. A page at a time, with the greatest score so far (online softmax, Milakov and
//!    Gimelshein 2018): when a page brings a greater one, what is summed shrinks by it.
//! 2. The query heads that share a KV head go through a page together.
//! 3. Long pasts are cut into segments of a fixed length, which threads may take. Their
//!    sums are joined in order, so any number of threads gives the same bits.

use super::attend_page::{GROUP_HEADS, Partial, Place, Query};
use crate::backend::cpu::kv_page::Page;
use crate::backend::cpu::lanes::Lanes;
use crate::backend::cpu::parts::Parts;
use crate::backend::cpu::pool::Pool;
use crate::backend::{Heads, KvView, PAGE};

/// Pages in a segment.
const SEGMENT: usize = 2;

/// What [`attend`] works on.
pub struct Attention<'a> {
    /// Query heads.
    pub heads: Heads,
    /// KV heads.
    pub kv: Heads,
    /// The past of each sequence.
    pub views: &'a [KvView<'a, Page>],
}

/// Buffers that are used again and again.
#[derive(Debug, Default)]
pub struct Scratch {
    tasks: Vec<Task>,
    /// The output of a segment, one query head after another.
    outputs: Vec<f32>,
    partials: Vec<Partial>,
}

/// One segment of one row's past, for the query heads that share a KV head.
#[derive(Debug, Clone, Copy)]
struct Task {
    view: usize,
    row: usize,
    kv_head: usize,
    segment: usize,
    /// Visible positions of the row.
    len: usize,
}

impl Attention<'_> {
    /// The rows of `q` over their views, in the views' order.
    pub fn run<L: Lanes>(&self, pool: &Pool, scratch: &mut Scratch, q: &[f32], out: &mut [f32]) {
        self.plan(&mut scratch.tasks);
        let group = self.heads.count / self.kv.count;
        let width = group * self.heads.dim;
        scratch.outputs.resize(scratch.tasks.len() * width, 0.0);
        scratch
            .partials
            .resize(scratch.tasks.len() * group, Partial::EMPTY);
        let outputs = Parts::new(&mut scratch.outputs);
        let partials = Parts::new(&mut scratch.partials);
        let tasks = &scratch.tasks;
        let faster = L::has_faster();
        pool.run_all(tasks.len(), &|number| {
            // SAFETY: each task has its own parts.
            let (out, partials) = unsafe {
                (
                    outputs.part(number * width, width),
                    partials.part(number * group, group),
                )
            };
            match faster {
                true => self.segment::<L::Faster>(&tasks[number], q, out, partials),
                false => self.segment::<L>(&tasks[number], q, out, partials),
            }
        });
        self.join(scratch, out);
    }

    /// Segments of the same row and head follow each other.
    fn plan(&self, tasks: &mut Vec<Task>) {
        tasks.clear();
        let mut row = 0;
        for (number, view) in self.views.iter().enumerate() {
            for len in view.lens.clone() {
                for kv_head in 0..self.kv.count {
                    let segments = len.div_ceil(SEGMENT * PAGE);
                    tasks.extend((0..segments).map(|segment| Task {
                        view: number,
                        row,
                        kv_head,
                        segment,
                        len,
                    }));
                }
                row += 1;
            }
        }
    }

    fn segment<L: Lanes>(&self, task: &Task, q: &[f32], out: &mut [f32], partials: &mut [Partial]) {
        out.fill(0.0);
        partials.fill(Partial::EMPTY);
        let dim = self.heads.dim;
        let q = &q[task.row * self.heads.width() + task.kv_head * out.len()..][..out.len()];
        let heads = q.chunks(GROUP_HEADS * dim);
        let heads = heads.zip(out.chunks_mut(GROUP_HEADS * dim));
        for ((q, out), partials) in heads.zip(partials.chunks_mut(GROUP_HEADS)) {
            match partials.len() {
                1 => self.heads::<L, 1>(task, q, out, partials),
                2 => self.heads::<L, 2>(task, q, out, partials),
                3 => self.heads::<L, 3>(task, q, out, partials),
                _ => self.heads::<L, GROUP_HEADS>(task, q, out, partials),
            }
        }
    }

    /// `G` query heads of a task.
    #[inline(never)] // one function a number of heads: browsers compile short ones better
    fn heads<L: Lanes, const G: usize>(
        &self,
        task: &Task,
        q: &[f32],
        out: &mut [f32],
        partials: &mut [Partial],
    ) {
        L::vectorize(
            #[inline(always)]
            || {
                let query = Query::<G>::new::<L>(q, self.heads.dim);
                let pages = &self.views[task.view].pages;
                let end = task.len.div_ceil(PAGE).min((task.segment + 1) * SEGMENT);
                for page in task.segment * SEGMENT..end {
                    let place = Place {
                        kv_head: task.kv_head,
                        visible: (task.len - page * PAGE).min(PAGE),
                        dim: self.heads.dim,
                    };
                    query.attend::<L>(&pages[page], place, out, partials);
                }
            },
        );
    }

    /// Sums of segments to outputs.
    fn join(&self, scratch: &Scratch, out: &mut [f32]) {
        let group = self.heads.count / self.kv.count;
        let (dim, width) = (self.heads.dim, group * self.heads.dim);
        let same = |a: &Task, b: &Task| a.row == b.row && a.kv_head == b.kv_head;
        let mut first = 0;
        for tasks in scratch.tasks.chunk_by(same) {
            let start = tasks[0].row * self.heads.width() + tasks[0].kv_head * width;
            for head in 0..group {
                let out = &mut out[start + head * dim..][..dim];
                let parts = (first..first + tasks.len()).map(|task| {
                    let values = &scratch.outputs[task * width + head * dim..][..dim];
                    (&scratch.partials[task * group + head], values)
                });
                join_head(parts, out);
            }
            first += tasks.len();
        }
    }
}

fn join_head<'a>(parts: impl Iterator<Item = (&'a Partial, &'a [f32])> + Clone, out: &mut [f32]) {
    let highest = parts
        .clone()
        .fold(f32::NEG_INFINITY, |high, (part, _)| high.max(part.highest));
    let mut total = 0.0;
    out.fill(0.0);
    for (part, values) in parts {
        let factor = libm::exp2f(part.highest - highest);
        total += part.total * factor;
        out.iter_mut()
            .zip(values)
            .for_each(|(out, value)| *out += value * factor);
    }
    out.iter_mut().for_each(|out| *out /= total);
}
