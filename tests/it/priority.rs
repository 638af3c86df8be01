//! The niceness of workers, as the kernel shows it to themselves.

use std::fs;

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
fn a_pool_that_is_built_by_a_nicer_thread_shows_what_it_really_has() {
    let outer = Pool::builder().parallelism(1).niceness(12).build().unwrap();
    let inner = || Pool::builder().parallelism(1).niceness(5).build().unwrap();
    let pool = block_on(outer.submit(inner)).unwrap();
    // Niceness is inherited, and going back needs a privilege.
    assert_eq!(block_on(pool.submit(niceness)).unwrap(), niceness().max(12));
    assert_eq!(pool.stats().niceness, Some(niceness().max(12)));
}
