//! A process that `fork` makes: it has a copy of the pool and none of its threads.

use std::env;
use std::process::exit;
use std::time::Duration;

use fork::{Fork, fork};
use rustix::process::{Pid, WaitOptions, waitpid};
use unblock_runtime::{Error, Pool, unblock};

use crate::support::{block_on, eventually, in_child, single};

/// Runs `check` in a process that is forked from one in which `prepare` has run.
fn after_fork<T>(test: &str, prepare: impl FnOnce() -> T, check: impl FnOnce(T) -> bool) {
    const FORKS: &str = "UNBLOCK_TEST_FORKS";
    if env::var_os(FORKS).is_none() {
        return in_child(test, FORKS);
    }
    let prepared = prepare();
    match fork().unwrap() {
        // The harness of the tests must not go on here.
        Fork::Child => exit(if check(prepared) { 42 } else { 1 }),
        Fork::Parent(child) => {
            let (_, status) = waitpid(Pid::from_raw(child), WaitOptions::empty()).unwrap().unwrap();
            assert_eq!(status.exit_status(), Some(42));
        }
    }
}

#[test]
fn the_pool_of_another_process_is_closed() {
    after_fork(
        "fork::the_pool_of_another_process_is_closed",
        || {
            let pool = single(8);
            block_on(pool.submit(|| ())).unwrap();
            eventually("the pool rests", || pool.stats().idle == 1);
            pool
        },
        |pool| {
            let is_closed = |submission| matches!(block_on(submission), Err(Error::Closed));
            let stats = || pool.stats();
            is_closed(pool.submit(|| ()))
                && is_closed(pool.submit(|| ()))
                && (stats().queued, stats().rejected) == (0, 2)
                && pool.shutdown_blocking(Duration::ZERO).is_complete()
        },
    );
}

#[unblock(timeout = "10m")]
fn returns() -> Result<(), Error> {
    Ok(())
}

#[unblock(timeout = "20ms")]
fn stays() -> Result<(), Error> {
    std::thread::sleep(Duration::from_mins(10));
    Ok(())
}

#[test]
fn the_global_pool_and_the_timer_start_anew() {
    after_fork(
        "fork::the_global_pool_and_the_timer_start_anew",
        || {
            block_on(returns()).unwrap();
            let pool = Pool::global();
            eventually("the pool rests", || pool.stats().idle == pool.stats().parallelism);
        },
        |()| {
            matches!(block_on(returns()), Err(Error::Closed))
                && block_on(returns()).is_ok()
                && matches!(block_on(stays()), Err(Error::TimedOut))
        },
    );
}
