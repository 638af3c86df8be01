//! Cancelling a job from elsewhere than where it is awaited.

use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use unblock_runtime::{AbortHandle, Error, job};

use crate::support::{
    Gate, Ledger, assert_conserved, block_on, eventually, hold, next, poll_once, single,
};

#[test]
fn an_abort_handle_goes_anywhere() {
    fn anywhere<T: Clone + Send + Sync + std::fmt::Debug + Unpin + 'static>() {}
    anywhere::<AbortHandle>();
}

#[test]
fn an_aborted_job_that_waits_never_runs_and_drops_what_it_had_captured_at_once() {
    let pool = single(8);
    let held = hold(&pool);
    let captured = Ledger::default();
    let guard = captured.guard();
    let queued = pool.submit(move || drop(guard));
    let handle = queued.abort_handle();
    assert!(!handle.is_finished());
    let waiting = thread::spawn(move || queued.wait());
    handle.clone().abort();
    assert_eq!(captured.dropped(), 1);
    assert!(handle.is_finished());
    assert!(matches!(waiting.join().unwrap(), Err(Error::Cancelled)));
    handle.abort();
    held.release();
    assert_eq!((pool.stats().cancelled, pool.stats().completed), (1, 1));
}

#[test]
fn an_aborted_job_that_runs_is_told_and_its_outcome_is_its_own() {
    let pool = single(8);
    let (begun, begins) = channel();
    let gate = Gate::new();
    let at = gate.clone();
    let running = pool.submit(move || {
        begun.send(()).unwrap();
        at.wait();
        job::is_cancelled()
    });
    let handle = running.abort_handle();
    next(&begins);
    handle.abort();
    assert!(!handle.is_finished(), "it runs");
    gate.open();
    assert!(block_on(running).unwrap(), "it was not told");
    assert!(handle.is_finished());
}

#[test]
fn a_detached_job_can_be_aborted_and_a_dropped_handle_changes_nothing() {
    let pool = single(8);
    let held = hold(&pool);
    let (ran, runs) = channel();
    let job = |name| {
        let ran = ran.clone();
        move || ran.send(name).unwrap()
    };
    let aborted = pool.submit(job("aborted"));
    let handle = aborted.abort_handle();
    aborted.detach();
    let kept = pool.submit(job("kept"));
    drop(kept.abort_handle());
    kept.detach();
    handle.abort();
    held.release();
    assert_eq!(next(&runs), "kept");
    assert_eq!(pool.stats().cancelled, 1);
}

#[test]
fn a_job_is_finished_when_it_was_refused_panicked_or_timed_out() {
    let pool = single(8);
    let panics = pool.submit(|| panic!("a job panics"));
    let panicked = panics.abort_handle();
    assert!(matches!(block_on(panics), Err(Error::Panicked(_))));
    let held = hold(&pool);
    let late = pool.job("late").timeout(Duration::ZERO).submit(|| ());
    let timed_out = late.abort_handle();
    assert!(matches!(block_on(late), Err(Error::TimedOut)));
    held.release();
    pool.shutdown_blocking(Duration::ZERO);
    let refused = pool.submit(|| ());
    let handles = [panicked, timed_out, refused.abort_handle()];
    assert!(handles.iter().all(AbortHandle::is_finished));
    handles.iter().for_each(AbortHandle::abort);
    assert!(matches!(block_on(refused), Err(Error::Closed)), "an outcome does not change");
}

/// The caller polls, which puts the job on the waitlist, while another thread aborts it.
#[test]
fn an_abort_while_the_job_joins_the_waitlist_loses_no_room() {
    let pool = single(1);
    for _ in 0..1000 {
        let held = hold(&pool);
        let queued = pool.submit(|| ());
        let mut waits = pool.submit(|| ());
        let handle = waits.abort_handle();
        let both = Arc::new(Barrier::new(2));
        let aborter = thread::spawn({
            let both = Arc::clone(&both);
            move || {
                both.wait();
                handle.abort();
            }
        });
        both.wait();
        let polled = poll_once(&mut waits);
        aborter.join().unwrap();
        let outcome = match polled {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => block_on(waits),
        };
        assert!(matches!(outcome, Err(Error::Cancelled)));
        assert_eq!(pool.stats().waiting, 0);
        held.release();
        block_on(queued).unwrap();
    }
    eventually("the room is there again", || pool.try_submit(|| ()).is_ok());
    assert_conserved(&pool.stats());
}
