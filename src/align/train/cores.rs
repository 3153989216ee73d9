//! Work on all cores at once, whatever the libraries below do with their own threads.

use std::num::NonZero;
use std::sync::{Mutex, PoisonError};
use std::thread;

use rayon::ThreadPoolBuilder;

/// What `work` makes of each item, in their order; there are as many at a time as there are
/// cores. Each of them has a rayon pool of its own, of its own thread alone: in a common one
/// they would wait for each other.
pub fn each<I: Send, T: Send>(items: Vec<I>, work: impl Fn(I) -> T + Sync) -> Vec<T> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let workers = cores.min(items.len());
    if workers < 2 {
        return items.into_iter().map(work).collect();
    }
    let queue = Mutex::new(items.into_iter().enumerate());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let run = || {
        let pool = ThreadPoolBuilder::new().num_threads(1).use_current_thread();
        // Without one, the common pool does.
        let _pool = pool.build();
        let mut done = Vec::new();
        while let Some((at, item)) = next() {
            done.push((at, work(item)));
        }
        done
    };
    let mut done = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(run)).collect();
        let mut done = Vec::new();
        for worker in workers {
            match worker.join() {
                Ok(mut own) => done.append(&mut own),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, made)| made).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_in_the_order_of_the_items() {
        let squares: Vec<usize> = (0..1000).map(|n| n * n).collect();
        assert_eq!(each((0..1000).collect(), |n: usize| n * n), squares);
        assert!(each(Vec::new(), |n: usize| n).is_empty());
    }
}
