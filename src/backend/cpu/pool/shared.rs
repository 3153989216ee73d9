//! What the threads of a pool share: the job, the tasks, and where they sleep.

use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::Job;
use super::tasks::{Task, Tasks};
use super::ticket::Ticket;

/// Looks before sleeping: some fifty microseconds.
const SPINS: u32 = 50_000;

#[derive(Default)]
pub(super) struct Shared {
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
    tasks: Tasks,
    /// Held by the one whose job it is.
    running: Mutex<()>,
    door: Mutex<()>,
    work: Condvar,
    done: Condvar,
}

/// What a helper may find to do.
pub(super) enum Work {
    /// Chunks of the job of this generation.
    Job(u32),
    Task(Task),
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("helpers", &self.helpers)
            .finish_non_exhaustive()
    }
}

impl Shared {
    /// Does a job together with the helpers.
    pub fn run(&self, chunks: usize, job: Job<'_>) {
        let _running = lock(&self.running);
        let generation = self.publish(chunks, &job);
        self.work_off(generation, job);
        self.wait_until_done();
    }

    pub fn helpers(&self) -> usize {
        self.helpers.load(Ordering::Relaxed)
    }

    pub fn add_helper(&self) {
        self.helpers.fetch_add(1, Ordering::Relaxed);
    }

    pub fn remove_helper(&self) {
        self.helpers.fetch_sub(1, Ordering::Relaxed);
    }

    /// Lets all helpers return, between two jobs.
    pub fn end(&self) {
        let _running = lock(&self.running);
        self.ended.store(true, Ordering::SeqCst);
        let _door = lock(&self.door);
        self.work.notify_all();
    }

    /// Offers a job; returns its generation.
    fn publish(&self, chunks: usize, job: &Job<'_>) -> u32 {
        let generation = Ticket::from(self.ticket.load(Ordering::Relaxed))
            .generation
            .wrapping_add(1);
        let job = ptr::from_ref(job).cast_mut().cast();
        self.job.store(job, Ordering::Relaxed);
        self.pending.store(chunks as u32, Ordering::Relaxed);
        let ticket = Ticket {
            generation,
            chunks: chunks as u16,
            next: 0,
        };
        self.ticket.store(ticket.into(), Ordering::SeqCst);
        // Either this sees the helper that goes to sleep, or the helper sees the ticket.
        if self.sleeping.load(Ordering::SeqCst) > 0 {
            let _door = lock(&self.door);
            self.work.notify_all();
        }
        generation
    }

    pub fn offer(&self, task: Task) {
        self.tasks.offer(task);
        if self.sleeping.load(Ordering::SeqCst) > 0 {
            let _door = lock(&self.door);
            self.work.notify_one();
        }
    }

    /// A task, or another job than `seen`, if there is one.
    fn look(&self, seen: u32) -> Option<Work> {
        if let Some(task) = self.tasks.take() {
            return Some(Work::Task(task));
        }
        let Ticket { generation, .. } = self.ticket.load(Ordering::SeqCst).into();
        (generation != seen).then_some(Work::Job(generation))
    }

    /// Waits for a task or another job than `seen`; `None` when the pool is ended.
    pub fn next_work(&self, seen: u32) -> Option<Work> {
        for _ in 0..SPINS {
            if self.ended.load(Ordering::Relaxed) {
                return None;
            }
            if let Some(work) = self.look(seen) {
                return Some(work);
            }
            std::hint::spin_loop();
        }
        let mut door = lock(&self.door);
        self.sleeping.fetch_add(1, Ordering::SeqCst);
        let next = loop {
            if self.ended.load(Ordering::SeqCst) {
                break None;
            }
            if let Some(work) = self.look(seen) {
                break Some(work);
            }
            door = wait(&self.work, door);
        };
        self.sleeping.fetch_sub(1, Ordering::SeqCst);
        next
    }

    /// Does chunks of a job that another thread published, if there still are any.
    pub fn help(&self, generation: u32) {
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

/// A poisoned lock guards no data here.
fn lock(mutex: &Mutex<()>) -> MutexGuard<'_, ()> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wait<'a>(condition: &Condvar, guard: MutexGuard<'a, ()>) -> MutexGuard<'a, ()> {
    condition
        .wait(guard)
        .unwrap_or_else(PoisonError::into_inner)
}
