//! The niceness of workers, as the kernel shows it to themselves.

use std::fs;

use rustix::thread::CpuSet;
use unblock_runtime::Pool;

use crate::support::{Gate, block_on, next};

/// The niceness of the calling thread: the 19th field of its `stat`, `proc_pid_stat(5)`.
fn niceness() -> i32 {
    let stat = fs::read_to_string("/proc/thread-self/stat").unwrap();
    let (_, after_name) = stat.rsplit_once(')').unwrap();
    after_name.split_whitespace().nth(19 - 3).unwrap().parse().unwrap()
}

#[test]
fn workers_run_at_niceness_10_by_default_and_the_submitter_where_it_was() {
    let before = niceness();
    let pool = Pool::builder().parallelism(1).build().unwrap();
    let worker = block_on(pool.submit(niceness)).unwrap();
    assert_eq!(worker, before.max(10));
    assert_eq!(pool.stats().niceness, Some(worker), "read back from the system");
    assert_eq!(niceness(), before);
}

#[test]
fn niceness_0_leaves_the_workers_alone() {
    let before = niceness();
    let pool = Pool::builder().parallelism(1).niceness(0).build().unwrap();
    assert_eq!(block_on(pool.submit(niceness)).unwrap(), before);
    assert_eq!(pool.stats().niceness, None);
}

#[test]
fn threads_that_the_pool_grows_by_are_as_nice_as_the_first_and_no_nicer() {
    let expected = niceness().max(3);
    let pool = Pool::builder().parallelism(1).max_threads(6).niceness(3).build().unwrap();
    let (told, tells) = std::sync::mpsc::channel();
    let gate = Gate::new();
    let jobs: Vec<_> = (0..6)
        .map(|_| {
            let (told, gate) = (told.clone(), gate.clone());
            pool.submit(move || {
                told.send(niceness()).unwrap();
                gate.wait();
            })
        })
        .collect();
    for _ in 0..6 {
        assert_eq!(next(&tells), expected);
    }
    gate.open();
    for job in jobs {
        block_on(job).unwrap();
    }
}

#[test]
fn the_thread_that_runs_an_event_loop_keeps_its_niceness() {
    let before = niceness();
    let pool = Pool::builder().parallelism(1).build().unwrap();
    let after = block_on(unblock_runtime::EventLoop::new().run(async {
        pool.submit(|| ()).await.unwrap();
        niceness()
    }));
    assert_eq!(after, before);
}

#[test]
fn a_pool_that_a_nicer_thread_builds_has_the_niceness_that_it_asks_for() {
    let outer = Pool::builder().parallelism(1).niceness(12).build().unwrap();
    let inner = || Pool::builder().parallelism(1).niceness(5).build().unwrap();
    let pool = block_on(outer.submit(inner)).unwrap();
    assert_eq!(block_on(pool.submit(niceness)).unwrap(), niceness().max(5));
    assert_eq!(pool.stats().niceness, Some(niceness().max(5)));
}

#[test]
fn a_pool_that_a_pinned_thread_builds_may_use_the_cores_of_the_process() {
    let first = Some(rustix::process::getpid());
    let cores = rustix::thread::sched_getaffinity(first).unwrap();
    let parallelism = Pool::builder().build().unwrap().stats().parallelism;
    let pinned = move || {
        let core = (0..CpuSet::MAX_CPU).find(|&core| cores.is_set(core)).unwrap();
        let mut one = CpuSet::new();
        one.set(core);
        rustix::thread::sched_setaffinity(None, &one).unwrap();
        let pool = Pool::builder().build().unwrap();
        assert!(rustix::thread::sched_getaffinity(None).unwrap() == one);
        let worker = move || rustix::thread::sched_getaffinity(None).unwrap() == cores;
        assert!(block_on(pool.submit(worker)).unwrap());
        assert_eq!(pool.stats().parallelism, parallelism);
    };
    std::thread::spawn(pinned).join().unwrap();
}
