//! The thread pool: every chunk once, whoever is late.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::ops::Range;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cosa::backend::cpu::pool::Pool;

/// Runs a job and says how often each number was called.
fn counts(pool: &Pool, items: usize, run: impl FnOnce(&(dyn Fn(usize) + Sync))) -> Vec<u32> {
    let counts: Vec<_> = (0..items).map(|_| AtomicU32::new(0)).collect();
    run(&|number| {
        counts[number].fetch_add(1, Ordering::Relaxed);
    });
    assert!(pool.threads() > 0);
    counts.into_iter().map(AtomicU32::into_inner).collect()
}

#[test]
fn every_chunk_is_done_once() {
    for threads in [1, 2, 5] {
        let pool = Pool::with_threads(threads);
        assert_eq!(pool.threads(), threads);
        for round in 0..3000 {
            let chunks = round % 37;
            let found = counts(&pool, chunks, |job| pool.run(chunks, job));
            assert_eq!(found, vec![1; chunks], "{threads} threads, round {round}");
        }
        for items in [0, 1, 15, 16, 17, 1000, 70_000] {
            let found = counts(&pool, items, |job| pool.run_all(items, job));
            assert!(found.iter().all(|count| *count == 1), "{items} items");
            let found = counts(&pool, items, |job| pool.run(items, job));
            assert!(found.iter().all(|count| *count == 1), "{items} chunks");
        }
    }
}

#[test]
fn ranges_cover_all_and_get_shorter() {
    for threads in [1, 2, 5] {
        let pool = Pool::with_threads(threads);
        for items in [0, 1, 15, 17, 72, 1000, 4_000_000_000_u32 as usize] {
            let ranges = Mutex::new(Vec::new());
            pool.run_ranges(items, &|range| ranges.lock().unwrap().push(range));
            let mut ranges = ranges.into_inner().unwrap();
            ranges.sort_by_key(|range| range.start);
            let lengths: Vec<usize> = ranges.iter().map(Range::len).collect();
            assert_eq!(lengths.iter().sum::<usize>(), items);
            assert!(ranges.windows(2).all(|two| two[0].end == two[1].start));
            // To one item, which rounding moves.
            let shorter = lengths.windows(2).all(|two| two[1] <= two[0] + 1);
            assert!(shorter, "{items} items: {lengths:?}");
            if items > 1000 {
                assert!(lengths[lengths.len() - 1] * 4 < lengths[0], "{lengths:?}");
            }
        }
    }
}

#[test]
fn sleepers_are_woken_and_slow_chunks_waited_for() {
    let pool = Pool::with_threads(3);
    let done = AtomicUsize::new(0);
    for _ in 0..20 {
        std::thread::sleep(Duration::from_millis(5)); // all helpers sleep by now
        pool.run(4, &|chunk| {
            std::thread::sleep(Duration::from_millis(chunk as u64));
            done.fetch_add(1, Ordering::Relaxed);
        });
    }
    assert_eq!(done.into_inner(), 80);
}

#[test]
fn two_callers_take_turns() {
    let pool = Pool::with_threads(2);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..2000 {
                    assert_eq!(counts(&pool, 9, |job| pool.run(9, job)), [1; 9]);
                }
            });
        }
    });
}

#[test]
fn a_task_runs_while_jobs_go_on() {
    let pool = Pool::with_threads(3);
    for _ in 0..200 {
        let (send, receive) = std::sync::mpsc::sync_channel::<u32>(0);
        let (done, sum) = std::sync::mpsc::channel();
        let task = move || done.send(receive.into_iter().sum::<u32>()).unwrap();
        assert!(pool.spawn(Box::new(task)).is_none());
        for number in 0..10 {
            send.send(number).unwrap(); // waits for the task
            assert_eq!(counts(&pool, 7, |job| pool.run(7, job)), [1; 7]);
        }
        drop(send);
        assert_eq!(sum.recv().unwrap(), 45);
    }
    let alone = Pool::with_threads(1);
    assert!(alone.spawn(Box::new(|| ())).is_some(), "no helper, no task");
}

#[test]
fn helpers_end_with_the_pool() {
    let alive = Arc::new(AtomicUsize::new(0));
    let pool = Pool::with_threads(1);
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let (helper, alive) = (pool.helper(), Arc::clone(&alive));
            std::thread::spawn(move || {
                alive.fetch_add(1, Ordering::SeqCst);
                helper.run();
                alive.fetch_sub(1, Ordering::SeqCst);
            })
        })
        .collect();
    pool.run(100, &|_| ());
    pool.end();
    pool.run(100, &|_| ()); // alone, or with who is not gone yet
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    assert_eq!(alive.load(Ordering::SeqCst), 0);
    assert_eq!(pool.threads(), 1);
}
