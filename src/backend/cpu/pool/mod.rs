//! Threads that share one piece of work at a time, chunk by chunk.
//!
//! The simple version: for each chunk, call the job. What departs from it:
//! 1. Chunks are handed out from a counter, so that a thread which the system holds up
//!    keeps nobody waiting but for the one chunk it has in hand.
//! 2. Generation of the job, its number of chunks and the next chunk are one 64-bit word,
//!    the ticket. A chunk is taken by changing the whole word, so a thread that comes late
//!    can never take a chunk of another job than the one it looked at.
//! 3. Ranges get shorter towards the end of a job, since all wait for the thread that took the
//!    last one.
//! 4. Who waits spins briefly, since the next job of a forward pass comes within
//!    microseconds, and then sleeps, since a tab shares its machine.

mod shared;
mod tasks;
mod ticket;

use std::ops::Range;
use std::sync::Arc;

pub use tasks::Task;

use shared::{Shared, Work};

/// How many ranges there are for each thread: each begins with memory that is not at hand yet.
const RANGES_A_THREAD: usize = 3;

/// Most chunks of one job.
const MOST_CHUNKS: usize = u16::MAX as usize;

/// The threads of a backend. The one that calls [`Pool::run`] works too.
#[derive(Debug, Default)]
pub struct Pool {
    shared: Arc<Shared>,
}

/// What a thread of its own runs, until the pool is gone.
#[derive(Debug)]
pub struct Helper {
    shared: Arc<Shared>,
}

pub(super) type Job<'a> = &'a (dyn Fn(usize) + Sync);

impl Pool {
    /// A pool with `threads` threads, the caller's among them. Fewer where the system
    /// gives fewer.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn with_threads(threads: usize) -> Arc<Self> {
        let pool = Arc::<Self>::default();
        for _ in 1..threads {
            let helper = pool.helper();
            let thread = std::thread::Builder::new().name("cosa".to_owned());
            if thread.spawn(move || helper.run()).is_err() {
                break;
            }
        }
        pool
    }

    /// A helper to be run on a thread of its own. It counts as a thread as long as it lives.
    #[must_use]
    pub fn helper(&self) -> Helper {
        self.shared.add_helper();
        Helper {
            shared: Arc::clone(&self.shared),
        }
    }

    /// Threads that share the work.
    #[must_use]
    pub fn threads(&self) -> usize {
        1 + self.shared.helpers()
    }

    /// Calls `job` once for each number below `chunks`, in any order, on any thread.
    /// All calls have ended when this returns. A job must not call `run` itself.
    pub fn run(&self, chunks: usize, job: Job<'_>) {
        if chunks < 2 || self.threads() == 1 || chunks > MOST_CHUNKS {
            (0..chunks).for_each(job);
            return;
        }
        self.shared.run(chunks, job);
    }

    /// Lets a helper do `task` while the pool goes on with the others. Gives it back where
    /// there is no helper.
    pub fn spawn(&self, task: Task) -> Option<Task> {
        if self.threads() == 1 {
            return Some(task);
        }
        self.shared.offer(task);
        None
    }

    /// Calls `job` with ranges that cover the numbers below `items`: few enough to cost
    /// little, many enough to divide well.
    pub fn run_ranges(&self, items: usize, job: &(dyn Fn(Range<usize>) + Sync)) {
        let ranges = items.min(RANGES_A_THREAD * self.threads());
        self.run(ranges, &|number| {
            let range = start(items, ranges, number)..start(items, ranges, number + 1);
            if !range.is_empty() {
                job(range);
            }
        });
    }

    /// Calls `job` once for each number below `items`, several in a chunk.
    pub fn run_all(&self, items: usize, job: Job<'_>) {
        self.run_ranges(items, &|range| range.for_each(job));
    }

    /// Ends the helpers, for good; the pool goes on with the caller alone.
    pub fn end(&self) {
        self.shared.end();
    }
}

/// Where range `number` of `ranges` begins: what is left falls with the square of how many ranges are left,
/// so that each is some part of it. Single items where there are no more of them than ranges.
fn start(items: usize, ranges: usize, number: usize) -> usize {
    if items == ranges {
        return number;
    }
    let [all, left] = [ranges, ranges - number].map(|count| (count as u64).pow(2));
    let behind = (items as u64 * left).div_ceil(all);
    items - behind as usize
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.end();
    }
}

impl Helper {
    /// Works until the pool is ended.
    pub fn run(self) {
        let mut seen = 0;
        while let Some(work) = self.shared.next_work(seen) {
            match work {
                Work::Task(task) => task(),
                Work::Job(generation) => {
                    self.shared.help(generation);
                    seen = generation;
                }
            }
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.shared.remove_helper();
    }
}
