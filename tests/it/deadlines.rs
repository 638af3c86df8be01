//! Deadlines and shedding. Deadlines that pass do so at once or while a gate is held, so no test
//! depends on how fast it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use unblock_runtime::{Error, Pool, job, unblock};

use crate::support::{Gate, block_on, hold, poll_once, single};

#[unblock(pool = pool, timeout = "1ms")]
fn count_soon(pool: Pool, runs: Arc<AtomicUsize>) -> Result<(), Error> {
    let _ = pool;
    runs.fetch_add(1, Ordering::SeqCst);
    Ok(())
}

#[test]
fn a_queued_job_past_its_deadline_never_runs_and_its_caller_is_told_without_a_runtimes_timer() {
    let pool = single(8);
    let held = hold(&pool);
    let runs = Arc::new(AtomicUsize::new(0));
    // The worker is held until after the answer: only the deadline can give one.
    let outcome = block_on(count_soon(pool.clone(), Arc::clone(&runs)));
    assert!(matches!(outcome, Err(Error::TimedOut)), "{outcome:?}");
    held.release();
    block_on(pool.submit(|| ())).unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    let stats = pool.stats();
    assert_eq!((stats.timed_out, stats.abandoned, stats.completed), (1, 0, 2));
}

#[unblock(pool = pool, timeout = "5ms")]
fn run_past_deadline(
    pool: Pool,
    gate: Arc<Mutex<Receiver<()>>>,
    saw: Arc<AtomicBool>,
) -> Result<u8, Error> {
    let _ = pool;
    gate.lock().unwrap_or_else(PoisonError::into_inner).recv().unwrap();
    saw.store(job::is_cancelled() && job::deadline().is_some(), Ordering::SeqCst);
    Ok(7)
}

#[test]
fn a_running_job_past_its_deadline_is_abandoned_until_it_ends_and_its_value_reaches_nobody() {
    let pool = single(8);
    // On a machine so busy that the job does not begin within its 5 ms, it is tried again.
    loop {
        let (open, gate) = channel();
        let saw = Arc::new(AtomicBool::new(false));
        let before = pool.stats();
        let outcome =
            block_on(run_past_deadline(pool.clone(), Arc::new(Mutex::new(gate)), Arc::clone(&saw)));
        assert!(matches!(outcome, Err(Error::TimedOut)), "{outcome:?}");
        let began = pool.stats().abandoned == 1;
        let _ = open.send(());
        block_on(pool.submit(|| ())).unwrap();
        let stats = pool.stats();
        assert_eq!(stats.abandoned, 0);
        assert_eq!(stats.timed_out, before.timed_out + 1);
        if began {
            assert!(saw.load(Ordering::SeqCst), "the job was not told");
            return;
        }
    }
}

#[unblock(pool = pool, shed)]
fn shed(pool: Pool) -> Result<(), Error> {
    drop(pool);
    Ok(())
}

#[test]
fn a_call_with_shed_is_refused_at_once_when_there_is_no_room() {
    let pool = single(1);
    let held = hold(&pool);
    let queued = pool.submit(|| ());
    let outcome = block_on(shed(pool.clone()));
    assert!(matches!(outcome, Err(Error::Overloaded { .. })), "{outcome:?}");
    assert_eq!(pool.stats().rejected, 1);
    held.release();
    block_on(queued).unwrap();
    // The refusal left nothing stuck.
    block_on(shed(pool.clone())).unwrap();
}

#[test]
fn a_call_with_shed_runs_when_there_is_room() {
    let pool = single(1);
    block_on(shed(pool.clone())).unwrap();
    assert_eq!((pool.stats().rejected, pool.stats().completed), (0, 1));
}

/// More of a new handler's calls wait in one pool than may while nothing is known of it.
#[test]
fn a_backlog_of_a_new_handler_in_one_pool_sheds_none_of_its_calls_in_another() {
    #[unblock(pool = pool, shed)]
    fn new(pool: Pool) -> Result<(), Error> {
        drop(pool);
        Ok(())
    }
    let (busy, idle) = (single(1000), single(1000));
    let held = hold(&busy);
    let mut waiting: Vec<_> = (0..100).map(|_| Box::pin(new(busy.clone()))).collect();
    let refused = waiting.iter_mut().map(poll_once).filter(std::task::Poll::is_ready).count();
    assert_eq!(refused, 100 - 64, "64 for each worker make a burst");
    block_on(new(idle)).unwrap();
    drop(waiting);
    held.release();
}

#[test]
fn a_timeout_does_not_outlive_its_call() {
    #[unblock(timeout = Duration::MAX)]
    fn forever() -> Result<u8, Error> {
        assert!(job::deadline().is_none(), "a deadline that cannot come is none");
        Ok(1)
    }
    assert_eq!(block_on(forever()).unwrap(), 1);
}

/// Refusals beyond a burst reach their callers in turn; the calls are over at once all the same.
#[test]
fn refusals_that_are_many_are_spaced_out_and_all_come() {
    const CALLS: usize = 1000;
    let pool = single(1);
    let held = hold(&pool);
    let queued = pool.submit(|| ());
    let mut calls: Vec<_> = (0..CALLS).map(|_| Box::pin(shed(pool.clone()))).collect();
    let at_once = calls.iter_mut().map(poll_once).filter(std::task::Poll::is_ready).count();
    assert!((1..CALLS).contains(&at_once), "{at_once} of {CALLS} at once");
    assert_eq!(pool.stats().rejected, CALLS as u64);
    let last = block_on(calls.pop().unwrap());
    assert!(matches!(last, Err(Error::Overloaded { .. })), "{last:?}");
    held.release();
    block_on(queued).unwrap();
}

/// Calls that are submitted and never polled hold no room, so nobody waits for them.
#[test]
fn a_submission_that_nobody_polls_is_no_work_that_waits() {
    #[unblock(pool = pool, shed)]
    fn slow(pool: Pool, gate: Gate) -> Result<(), Error> {
        drop(pool);
        gate.wait();
        Ok(())
    }
    let pool = single(1);
    let gate = Gate::new();
    gate.open();
    // The pool learns that its jobs take 100 ms.
    block_on(slow(pool.clone(), gate.clone())).unwrap();
    block_on(pool.submit(|| thread::sleep(Duration::from_millis(100)))).unwrap();
    let held = hold(&pool);
    let queued = pool.submit(|| ());
    let unpolled: Vec<_> = (0..1000).map(|_| pool.submit(|| ())).collect();
    held.release();
    block_on(queued).unwrap();
    block_on(slow(pool.clone(), gate)).unwrap();
    drop(unpolled);
}
