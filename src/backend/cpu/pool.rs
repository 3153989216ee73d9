//! Threads that share one piece of work at a time, chunk by chunk.
//!
//! The simple version: for each chunk, call the job. What departs from it:
//! 1. Chunks are handed out from a counter, so that a thread which the system holds up
//!    keeps nobody waiting but for the one chunk it has in hand.
//! 2. Generation of the job, its number of chunks and the next chunk are one 64-bit word,
//!    the ticket. A chunk is taken by changing the whole word, so a thread that comes late
//!    can never take a chunk of another job than the one it looked at.
//! 3. Who waits spins briefly, since the next job of a forward pass comes within
//!    microseconds, and then sleeps, since a tab shares its machine.

use std::ops::Range;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Looks before sleeping: some ten microseconds.
const SPINS: u32 = 100_000;

/// Into how many ranges a thread's share of work is cut.
const RANGES_A_THREAD: usize = 8;

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

#[derive(Debug, Default)]
struct Shared {
    /// Generation, number of chunks, next chunk.
    ticket: AtomicU64,
    /// Where the [`Job`] of the ticket lies, as long as it has chunks that are not done.
    job: AtomicPtr<()>,
    /// Chunks of the job that are not done.
    pending: AtomicU32,
    helpers: AtomicUsize,
    /// Helpers that sleep or are about to.
    sleeping: AtomicU32,
    /// Whether the one who called `run` sleeps or is about to.
    caller_sleeps: AtomicBool,
    ended: AtomicBool,
    /// Held by the one whose job it is.
    running: Mutex<()>,
    door: Mutex<()>,
    work: Condvar,
    done: Condvar,
}

type Job<'a> = &'a (dyn Fn(usize) + Sync);

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

    /// A helper to be run on a thread of its own. It counts as a thread from now on.
    #[must_use]
    pub fn helper(&self) -> Helper {
        self.shared.helpers.fetch_add(1, Ordering::Relaxed);
        Helper {
            shared: Arc::clone(&self.shared),
        }
    }

    /// Threads that share the work.
    #[must_use]
    pub fn threads(&self) -> usize {
        1 + self.shared.helpers.load(Ordering::Relaxed)
    }

    /// Calls `job` once for each number below `chunks`, in any order, on any thread.
    /// All calls have ended when this returns. A job must not call `run` itself.
    pub fn run(&self, chunks: usize, job: Job<'_>) {
        if chunks < 2 || self.threads() == 1 || chunks > MOST_CHUNKS {
            (0..chunks).for_each(job);
            return;
        }
        let _running = lock(&self.shared.running);
        let generation = self.shared.publish(chunks, &job);
        self.shared.work_off(generation, job);
        self.shared.wait_until_done();
    }

    /// Calls `job` once, on another thread if one is free, while `here` runs on this one.
    /// `here` must not call `run`.
    pub fn beside(&self, job: Job<'_>, here: &mut dyn FnMut()) {
        let _running = lock(&self.shared.running);
        let generation = self.shared.publish(1, &job);
        here();
        self.shared.work_off(generation, job);
        self.shared.wait_until_done();
    }

    /// Calls `job` with ranges that cover the numbers below `items`: few enough to cost
    /// little, many enough to divide well.
    pub fn run_ranges(&self, items: usize, job: &(dyn Fn(Range<usize>) + Sync)) {
        let length = items.div_ceil(RANGES_A_THREAD * self.threads()).max(1);
        self.run(items.div_ceil(length), &|number| {
            job(number * length..items.min((number + 1) * length));
        });
    }

    /// Calls `job` once for each number below `items`, several in a chunk.
    pub fn run_all(&self, items: usize, job: Job<'_>) {
        self.run_ranges(items, &|range| range.for_each(job));
    }

    /// Ends the helpers, for good; the pool goes on with the caller alone.
    pub fn end(&self) {
        let _running = lock(&self.shared.running);
        self.shared.helpers.store(0, Ordering::Relaxed);
        self.shared.ended.store(true, Ordering::SeqCst);
        let _door = lock(&self.shared.door);
        self.shared.work.notify_all();
    }
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
        while let Some(generation) = self.shared.next_generation(seen) {
            self.shared.help(generation);
            seen = generation;
        }
    }
}

impl Shared {
    /// Offers a job; returns its generation.
    fn publish(&self, chunks: usize, job: &Job<'_>) -> u32 {
        let generation = Ticket::from(self.ticket.load(Ordering::Relaxed))
            .generation
            .wrapping_add(1);
        let job = ptr::from_ref(job).cast_mut().cast();
        self.job.store(job, Ordering::Relaxed);
        self.pending.store(chunks as u32, Ordering::Relaxed);
        let ticket = u64::from(generation) << 32 | (chunks as u64) << 16;
        self.ticket.store(ticket, Ordering::SeqCst);
        // Either this sees the helper that goes to sleep, or the helper sees the ticket.
        if self.sleeping.load(Ordering::SeqCst) > 0 {
            let _door = lock(&self.door);
            self.work.notify_all();
        }
        generation
    }

    /// Waits for another job than `seen`; `None` when the pool is gone.
    fn next_generation(&self, seen: u32) -> Option<u32> {
        let look = || {
            let Ticket { generation, .. } = self.ticket.load(Ordering::SeqCst).into();
            (generation != seen).then_some(generation)
        };
        for _ in 0..SPINS {
            if let Some(generation) = look() {
                return Some(generation);
            }
            if self.ended.load(Ordering::Relaxed) {
                return None;
            }
            std::hint::spin_loop();
        }
        let mut door = lock(&self.door);
        self.sleeping.fetch_add(1, Ordering::SeqCst);
        let next = loop {
            if self.ended.load(Ordering::SeqCst) {
                break None;
            }
            if let Some(generation) = look() {
                break Some(generation);
            }
            door = wait(&self.work, door);
        };
        self.sleeping.fetch_sub(1, Ordering::SeqCst);
        next
    }

    /// Does chunks of a job that another thread published, if there still are any.
    fn help(&self, generation: u32) {
        let job = self.job.load(Ordering::Relaxed);
        let Some(first) = self.take(generation) else {
            return;
        };
        // SAFETY: a chunk of this generation was still to be had after `job` was read, so
        // `job` is this generation's, and its owner waits in `run` until `first` is done.
        let job = unsafe { *job.cast::<Job<'_>>() };
        job(first);
        self.chunk_done();
        self.work_off(generation, job);
    }

    fn work_off(&self, generation: u32, job: Job<'_>) {
        while let Some(chunk) = self.take(generation) {
            job(chunk);
            self.chunk_done();
        }
    }

    /// The next chunk of the job `generation`, if it still is the job and has one.
    fn take(&self, generation: u32) -> Option<usize> {
        let taken = self
            .ticket
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |word| {
                let ticket = Ticket::from(word);
                let open = ticket.generation == generation && ticket.next < ticket.chunks;
                open.then_some(word + 1)
            });
        taken.ok().map(|word| usize::from(Ticket::from(word).next))
    }

    fn chunk_done(&self) {
        let last = self.pending.fetch_sub(1, Ordering::SeqCst) == 1;
        if last && self.caller_sleeps.load(Ordering::SeqCst) {
            let _door = lock(&self.door);
            self.done.notify_one();
        }
    }

    fn wait_until_done(&self) {
        for _ in 0..SPINS {
            if self.pending.load(Ordering::SeqCst) == 0 {
                return;
            }
            std::hint::spin_loop();
        }
        let mut door = lock(&self.door);
        self.caller_sleeps.store(true, Ordering::SeqCst);
        while self.pending.load(Ordering::SeqCst) != 0 {
            door = wait(&self.done, door);
        }
        self.caller_sleeps.store(false, Ordering::SeqCst);
    }
}

/// Which job there is, and how far it is.
struct Ticket {
    generation: u32,
    chunks: u16,
    next: u16,
}

impl From<u64> for Ticket {
    fn from(word: u64) -> Self {
        Self {
            generation: (word >> 32) as u32,
            chunks: (word >> 16) as u16,
            next: word as u16,
        }
    }
}

/// A poisoned lock guards no data here.
fn lock(mutex: &Mutex<()>) -> MutexGuard<'_, ()> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wait<'a>(condition: &Condvar, guard: MutexGuard<'a, ()>) -> MutexGuard<'a, ()> {
    condition
        .wait(guard)
        .unwrap_or_else(PoisonError::into_inner)
}
