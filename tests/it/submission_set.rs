//! Submissions that are awaited or cancelled as one.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use unblock_runtime::{Error, EventLoop, Pool, Submission, SubmissionSet, job};

use crate::support::{
    Bomb, Gate, Held, Ledger, block_on, eventually, hold, next, poll_once, single,
};

/// Counts the times that a task is woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn all_outcomes_come_once_and_then_none() {
    let pool = Pool::builder().parallelism(2).build().unwrap();
    let mut set: SubmissionSet<usize> = (0..1000).map(|n| pool.submit(move || n)).collect();
    assert_eq!(set.len(), 1000);
    let mut seen = vec![false; 1000];
    while let Some(outcome) = block_on(set.join_next()) {
        assert!(!std::mem::replace(&mut seen[outcome.unwrap()], true));
    }
    assert!(seen.into_iter().all(|seen| seen) && set.is_empty());
    assert!(block_on(set.join_next()).is_none());
    // An emptied set takes more.
    set.extend([pool.submit(|| 1), pool.submit(|| 2)]);
    assert_eq!(set.wait_next().unwrap().unwrap() + set.wait_next().unwrap().unwrap(), 3);
    assert!(set.wait_next().is_none());
}

#[test]
fn the_first_to_end_comes_first_wherever_it_stands_in_the_set() {
    let pool = Pool::builder().parallelism(1).max_threads(4).build().unwrap();
    let held: Vec<Held> = (0..3).map(|_| hold(&pool)).collect();
    let gates: Vec<Gate> = held.iter().map(|held| held.gate.clone()).collect();
    let mut set: SubmissionSet<()> = held.into_iter().map(|held| held.submission).collect();
    for (left, gate) in [2, 1, 0].into_iter().zip([1, 2, 0]) {
        let mut next = Box::pin(set.join_next());
        assert!(poll_once(&mut next).is_pending());
        gates[gate].open();
        block_on(next).unwrap().unwrap();
        assert_eq!(set.len(), left);
    }
}

#[test]
fn an_outcome_wakes_the_task_once_and_polls_one_member() {
    let pool = single(64);
    let held = hold(&pool);
    let gate = held.gate.clone();
    let mut set: SubmissionSet<()> = (0..50).map(|_| pool.submit(|| ())).collect();
    set.insert(held.submission);
    let count = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count));
    let mut cx = Context::from_waker(&waker);
    assert!(set.poll_join_next(&mut cx).is_pending());
    assert_eq!(count.0.load(Ordering::SeqCst), 0, "nothing has happened");
    gate.open();
    eventually("all have ended", || pool.stats().completed == 51);
    assert_eq!(count.0.load(Ordering::SeqCst), 1, "the task was woken and did not look yet");
    let mut outcomes = 0;
    while let Poll::Ready(Some(outcome)) = set.poll_join_next(&mut cx) {
        outcome.unwrap();
        outcomes += 1;
    }
    assert_eq!((outcomes, set.len()), (51, 0));
}

#[test]
fn a_join_that_is_dropped_loses_no_outcome() {
    let pool = single(8);
    let held = hold(&pool);
    let gate = held.gate.clone();
    let mut set: SubmissionSet<()> = [held.submission].into_iter().collect();
    let mut next = Box::pin(set.join_next());
    assert!(poll_once(&mut next).is_pending());
    drop(next);
    gate.open();
    eventually("it has ended", || pool.stats().completed == 1);
    block_on(set.join_next()).unwrap().unwrap();
}

#[test]
fn a_panic_is_the_outcome_of_its_job_alone() {
    let pool = single(8);
    let mut set: SubmissionSet<u8> =
        [pool.submit(|| panic!("a job panics")), pool.submit(|| 1)].into_iter().collect();
    let outcomes = [set.wait_next().unwrap(), set.wait_next().unwrap()];
    assert!(outcomes.iter().any(|outcome| matches!(outcome, Err(Error::Panicked(_)))));
    assert!(outcomes.iter().any(|outcome| matches!(outcome, Ok(1))));
}

#[test]
fn dropping_the_set_cancels_its_jobs() {
    let pool = single(8);
    let held = hold(&pool);
    let captured = Ledger::default();
    let job = |guard| move || drop(guard);
    let set: SubmissionSet<()> = (0..5).map(|_| pool.submit(job(captured.guard()))).collect();
    drop(set);
    assert_eq!(captured.dropped(), 5);
    held.release();
    assert_eq!(pool.stats().cancelled, 5);
}

#[test]
fn cancelling_all_leaves_the_outcomes_to_be_taken_and_tells_those_that_run() {
    let pool = single(8);
    let (begun, begins) = mpsc::channel();
    let gate = Gate::new();
    let at = gate.clone();
    let mut set = SubmissionSet::new();
    set.insert(pool.submit(move || {
        begun.send(()).unwrap();
        at.wait();
        job::is_cancelled()
    }));
    next(&begins);
    let bomb = Bomb;
    set.insert(pool.submit(move || {
        let _bomb = &bomb;
        false
    }));
    set.insert(pool.submit(|| false));
    set.cancel_all();
    assert_eq!(set.len(), 3);
    for _ in 0..2 {
        assert!(matches!(set.wait_next(), Some(Err(Error::Cancelled))));
    }
    gate.open();
    assert!(set.wait_next().unwrap().unwrap(), "the running job was not told");
}

#[test]
fn a_member_whose_captured_value_panics_when_its_time_is_over_has_an_outcome() {
    let pool = single(8);
    let held = hold(&pool);
    let bomb = Bomb;
    let late = pool.job("late").timeout(Duration::ZERO).submit(move || {
        let _bomb = &bomb;
    });
    let mut set: SubmissionSet<()> = [late].into_iter().collect();
    let panics = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| set.wait_next()));
    assert!(panics.is_err(), "as when the submission itself is polled");
    assert!(matches!(set.wait_next(), Some(Err(Error::TimedOut))));
    held.release();
}

#[test]
fn jobs_that_find_no_room_are_in_line_at_once_and_detached_ones_run() {
    let pool = single(1);
    let held = hold(&pool);
    let ran = Arc::new(AtomicUsize::new(0));
    let job = || {
        let ran = Arc::clone(&ran);
        move || _ = ran.fetch_add(1, Ordering::SeqCst)
    };
    let mut set: SubmissionSet<()> = (0..3).map(|_| pool.submit(job())).collect();
    assert_eq!(pool.stats().waiting, 2, "one has room");
    set.detach_all();
    assert!(set.is_empty());
    set.insert(pool.submit(job()));
    held.release();
    set.wait_next().unwrap().unwrap();
    assert_eq!(ran.load(Ordering::SeqCst), 4);
}

#[test]
fn a_closed_pool_refuses_and_a_shutdown_cancels() {
    let pool = single(8);
    let held = hold(&pool);
    let mut set: SubmissionSet<()> = [pool.submit(|| ())].into_iter().collect();
    pool.shutdown_blocking(Duration::ZERO);
    assert!(matches!(set.wait_next(), Some(Err(Error::Cancelled))));
    set.insert(pool.submit(|| ()));
    assert!(matches!(set.wait_next(), Some(Err(Error::Closed))));
    held.release();
}

#[test]
fn outcomes_reach_a_set_on_an_event_loop_and_one_that_changes_its_task() {
    let pool = Pool::builder().parallelism(2).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let submissions = |count| (0..count).map(|n: u64| pool.submit(move || n));
    let sum = |mut set: SubmissionSet<u64>| async move {
        let mut sum = 0;
        while let Some(n) = set.join_next().await {
            sum += n.unwrap();
        }
        sum
    };
    let here = EventLoop::new().run(sum(submissions(100).collect()));
    assert_eq!(runtime.block_on(here), 4950);
    let mut set: SubmissionSet<u64> = submissions(100).collect();
    let elsewhere = async {
        // The task that looks first is not the one that waits.
        let first = set.join_next().await.unwrap().unwrap();
        first + std::thread::spawn(move || block_on(sum(set))).join().unwrap()
    };
    assert_eq!(runtime.block_on(EventLoop::new().run(elsewhere)), 4950);
}

#[test]
fn a_set_goes_where_its_submissions_go() {
    fn goes<T: Send + Sync + Unpin + 'static>() {}
    goes::<Submission<u8>>();
    goes::<SubmissionSet<u8>>();
}
