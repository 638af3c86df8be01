//! Closures with the options of the attribute.

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use unblock_runtime::{Error, Pool, TrySubmitError, job};

use crate::support::{DEADLINE, Gate, Ledger, block_on, eventually, hold, next, single};

#[test]
fn a_job_has_the_name_that_it_was_submitted_under() {
    let pool = single(8);
    let named = pool.job("resize");
    assert_eq!(block_on(named.submit(job::name)).unwrap(), Some("resize"));
    let again = pool.job("resize").try_submit(job::name).unwrap();
    assert_eq!(block_on(again).unwrap(), Some("resize"));
    // Another closure type under the same name, and another name.
    assert_eq!(block_on(named.submit(|| job::name().unwrap().len())).unwrap(), 6);
    assert_eq!(block_on(pool.job("hash").submit(job::name)).unwrap(), Some("hash"));
}

#[test]
fn a_job_with_a_timeout_that_waits_for_too_long_never_runs_and_says_so() {
    let pool = single(8);
    let held = hold(&pool);
    let captured = Ledger::default();
    let guard = captured.guard();
    let mut late = pool.job("late").timeout(Duration::from_millis(1)).submit(move || drop(guard));
    let outcome = block_on(&mut late);
    assert!(matches!(outcome, Err(Error::TimedOut)), "{outcome:?}");
    assert!(!late.has_begun());
    assert_eq!(captured.dropped(), 1, "what it had captured is dropped with it");
    held.release();
    assert_eq!(pool.stats().completed, 1);
}

#[test]
fn a_job_that_was_begun_when_its_time_was_over_says_so() {
    let pool = single(8);
    // On a machine so busy that the job does not begin within its time, it is tried again.
    loop {
        let gate = Gate::new();
        let at = gate.clone();
        let soon = pool.job("soon").timeout(Duration::from_millis(5));
        let mut late = soon.submit(move || {
            at.wait();
            job::is_cancelled()
        });
        let outcome = block_on(&mut late);
        assert!(matches!(outcome, Err(Error::TimedOut)), "{outcome:?}");
        let began = pool.stats().abandoned == 1;
        assert_eq!(late.has_begun(), began);
        gate.open();
        if began {
            return;
        }
    }
}

#[test]
fn a_job_has_begun_from_its_first_instruction_on_and_for_good() {
    let pool = single(8);
    let held = hold(&pool);
    let queued = pool.submit(|| ());
    assert!(held.submission.has_begun() && !queued.has_begun());
    held.release();
    let mut queued = queued;
    block_on(&mut queued).unwrap();
    assert!(queued.has_begun());
    let cancelled = {
        let held = hold(&pool);
        let mut cancelled = pool.submit(|| ());
        cancelled.cancel();
        assert!(matches!(block_on(&mut cancelled), Err(Error::Cancelled)));
        held.release();
        cancelled
    };
    assert!(!cancelled.has_begun());
}

#[test]
fn the_nearer_of_timeout_and_deadline_counts() {
    let pool = single(8);
    let far = Instant::now() + DEADLINE;
    let deadline =
        |job: unblock_runtime::job::JobBuilder<'_>| block_on(job.submit(job::deadline)).unwrap();
    assert_eq!(deadline(pool.job("a")), None);
    assert_eq!(deadline(pool.job("a").timeout(Duration::MAX)), None);
    assert_eq!(deadline(pool.job("a").deadline(far).timeout(DEADLINE * 2)), Some(far));
    assert!(deadline(pool.job("a").deadline(far).timeout(DEADLINE / 2)).unwrap() < far);
}

#[test]
fn a_timeout_counts_from_each_submission() {
    let pool = single(8);
    let kept = pool.job("kept").timeout(DEADLINE);
    let first = block_on(kept.submit(job::deadline)).unwrap().unwrap();
    eventually("the clock goes on", || Instant::now() + DEADLINE > first);
    assert!(block_on(kept.submit(job::deadline)).unwrap().unwrap() > first);
}

#[test]
fn shed_refuses_at_once_when_there_is_no_room_and_without_it_a_job_waits() {
    let pool = single(1);
    let held = hold(&pool);
    let queued = pool.submit(|| ());
    let refused = block_on(pool.job("shed").shed().submit(|| ()));
    assert!(matches!(refused, Err(Error::Overloaded { .. })), "{refused:?}");
    let waits = pool.job("shed").submit(|| ());
    assert_eq!(pool.stats().rejected, 1);
    held.release();
    block_on(queued).unwrap();
    block_on(waits).unwrap();
}

/// The average belongs to the name, so one closure type may do cheap and expensive work.
#[test]
fn shed_knows_what_jobs_of_a_name_take_and_tells_names_apart() {
    fn sleep(job: unblock_runtime::job::JobBuilder<'_>, time: Duration) -> Result<(), Error> {
        block_on(job.submit(move || std::thread::sleep(time)))
    }
    let pool = single(64);
    let slow = pool.job("a slow one").shed().timeout(Duration::from_millis(500));
    let fast = pool.job("a fast one").shed().timeout(DEADLINE);
    // The pool learns what both take.
    sleep(pool.job("a slow one").shed(), Duration::from_millis(300)).unwrap();
    sleep(pool.job("a fast one").shed(), Duration::ZERO).unwrap();
    let held = hold(&pool);
    let _waits = pool.job("a slow one").submit(|| ());
    // 300 ms in front and 300 ms of its own are more than 500 ms.
    let refused = slow.try_submit(|| ()).map(drop);
    assert!(matches!(refused, Err(TrySubmitError::Full(_))), "{refused:?}");
    fast.try_submit(|| ()).unwrap().detach();
    held.release();
}

#[test]
fn a_detached_job_keeps_its_own_timeout() {
    let pool = single(8);
    let held = hold(&pool);
    let (ran, runs) = channel();
    let late = pool.job("late").timeout(Duration::ZERO);
    late.submit({
        let ran = ran.clone();
        move || ran.send("late").unwrap()
    })
    .detach();
    pool.submit(move || ran.send("last").unwrap()).detach();
    held.release();
    assert_eq!(next(&runs), "last");
    assert_eq!(pool.stats().timed_out, 1);
}

#[test]
fn a_closed_pool_refuses_and_try_submit_returns_the_work() {
    let pool = Pool::builder().parallelism(1).build().unwrap();
    pool.shutdown_blocking(Duration::ZERO);
    let job = pool.job("too late");
    assert!(matches!(block_on(job.submit(|| ())), Err(Error::Closed)));
    match job.try_submit(|| 7) {
        Err(TrySubmitError::Closed(work)) => assert_eq!(work(), 7),
        other => panic!("{other:?}"),
    }
}
