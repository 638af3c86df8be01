//! A pool whose size changes while it works.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::time::Duration;

use unblock_runtime::{BuildError, Pool};

use crate::support::{Gate, assert_conserved, block_on, eventually, next, single};

#[test]
fn a_pool_that_may_have_more_threads_gets_them_for_jobs_that_wait() {
    let pool = single(8);
    let all_there = Arc::new(Barrier::new(3));
    let jobs = [(); 3].map(|()| {
        let all_there = Arc::clone(&all_there);
        pool.submit(move || _ = all_there.wait())
    });
    pool.resize(1, 3).unwrap();
    for job in jobs {
        block_on(job).unwrap();
    }
    let stats = pool.stats();
    assert_eq!((stats.parallelism, stats.max_threads), (1, 3));
}

#[test]
fn a_pool_that_may_compute_more_at_once_does() {
    let pool = single(8);
    let inside = Arc::new(AtomicUsize::new(0));
    let jobs = [(); 2].map(|()| {
        let inside = Arc::clone(&inside);
        pool.submit(move || {
            inside.fetch_add(1, Ordering::SeqCst);
            while inside.load(Ordering::SeqCst) < 2 {
                std::hint::spin_loop();
            }
        })
    });
    pool.resize(2, 2).unwrap();
    for job in jobs {
        block_on(job).unwrap();
    }
}

#[test]
fn threads_that_are_too_many_end_when_they_have_nothing_to_do() {
    let pool = Pool::builder().parallelism(4).keep_alive(Duration::MAX).build().unwrap();
    pool.resize(1, 1).unwrap();
    eventually("three threads end", || pool.stats().threads == 1);
    assert_eq!(block_on(pool.submit(|| 1)).unwrap(), 1);
}

#[test]
fn threads_that_are_too_many_end_their_jobs_first() {
    let pool = Pool::builder().parallelism(4).keep_alive(Duration::MAX).build().unwrap();
    let (gate, (begun, begins)) = (Gate::new(), mpsc::channel());
    let jobs = [(); 4].map(|()| {
        let (gate, begun) = (gate.clone(), begun.clone());
        pool.submit(move || {
            begun.send(()).unwrap();
            gate.wait();
        })
    });
    (0..4).for_each(|_| next(&begins));
    let waiting: Vec<_> = (0..100).map(|number| pool.submit(move || number)).collect();
    pool.resize(1, 1).unwrap();
    assert_eq!(pool.stats().running, 4);
    gate.open();
    for job in jobs {
        block_on(job).unwrap();
    }
    for (number, job) in waiting.into_iter().enumerate() {
        assert_eq!(block_on(job).unwrap(), number);
    }
    eventually("three threads end", || pool.stats().threads == 1);
}

#[test]
fn a_size_that_cannot_be_is_refused_and_changes_nothing() {
    let pool = Pool::builder().parallelism(2).max_threads(4).build().unwrap();
    for ((parallelism, max_threads), text) in [
        ((0, 4), "parallelism must be at least 1"),
        ((2, 0), "max_threads must be at least 1"),
        ((3, 2), "max_threads (2) must be at least the parallelism (3)"),
        ((usize::MAX, usize::MAX), "parallelism must fit into 32 bits"),
    ] {
        match pool.resize(parallelism, max_threads) {
            Err(BuildError::Setting(said)) => assert_eq!(said, text),
            other => panic!("{other:?}"),
        }
        let stats = pool.stats();
        assert_eq!((stats.parallelism, stats.max_threads), (2, 4));
    }
}

#[test]
fn a_closed_pool_changes_its_size_too() {
    let pool = single(8);
    pool.shutdown_blocking(Duration::MAX);
    pool.resize(2, 4).unwrap();
    assert!(block_on(pool.submit(|| ())).is_err());
}

#[test]
fn no_job_is_lost_while_the_size_changes_all_the_time() {
    let pool = Pool::builder().parallelism(2).keep_alive(Duration::ZERO).build().unwrap();
    let ends = Arc::new(AtomicBool::new(false));
    std::thread::scope(|scope| {
        let (changing, ends_seen) = (pool.clone(), Arc::clone(&ends));
        scope.spawn(move || {
            for round in 0_usize.. {
                if ends_seen.load(Ordering::Relaxed) {
                    break;
                }
                let parallelism = 1 + round % 3;
                changing.resize(parallelism, parallelism + round % 4).unwrap();
                std::thread::yield_now();
            }
        });
        for round in 0..200_u64 {
            let jobs: Vec<_> = (0..100_u64)
                .map(|number| {
                    pool.submit(move || {
                        if number.is_multiple_of(10) {
                            std::thread::sleep(Duration::from_micros(100));
                        }
                        round + number
                    })
                })
                .collect();
            for (number, job) in (0..).zip(jobs) {
                assert_eq!(block_on(job).unwrap(), round + number);
            }
        }
        ends.store(true, Ordering::Relaxed);
    });
    let stats = pool.stats();
    assert_conserved(&stats);
    assert_eq!(stats.completed, 20_000);
}
