//! Who is let into the queue, who waits for room, and what becomes of a job whose caller goes.

use std::sync::{Arc, Mutex, mpsc};
use std::task::Poll;

use unblock_runtime::{Error, Submission, job};

use crate::support::{Gate, Ledger, block_on, eventually, hold, next, poll_once, single};

#[test]
fn a_job_is_in_the_queue_at_once_when_there_is_room() {
    let pool = single(2);
    let (done, dones) = mpsc::channel();
    // It is never polled, and runs.
    let submission = pool.submit(move || done.send(()).unwrap());
    next(&dones);
    block_on(submission).unwrap();
}

#[test]
fn dropping_a_queued_submission_drops_what_it_captured_at_once_and_it_never_runs() {
    let pool = single(1);
    let held = hold(&pool);
    let ledger = Ledger::default();
    let guard = ledger.guard();
    let submission = pool.submit(move || {
        let _guard = guard;
        panic!("it must not run");
    });
    assert_eq!(ledger.dropped(), 0);
    drop(submission);
    assert_eq!(ledger.dropped(), 1);
    // Its place is free at once, though the worker has not come by.
    let next_one = pool.try_submit(|| 1).unwrap();
    held.release();
    assert_eq!(block_on(next_one).unwrap(), 1);
    let stats = pool.stats();
    assert_eq!((stats.cancelled, stats.completed, stats.panicked), (1, 2, 0));
}

#[test]
fn dropping_a_running_submission_lets_it_end_and_is_cancelled_is_seen() {
    let pool = single(1);
    let (begun, begins) = mpsc::channel();
    let (saw, sees) = mpsc::channel();
    let gate = Gate::new();
    let at = gate.clone();
    let submission = pool.submit(move || {
        begun.send(job::is_cancelled()).unwrap();
        at.wait();
        saw.send(job::is_cancelled()).unwrap();
    });
    assert!(!next(&begins));
    drop(submission);
    gate.open();
    assert!(next(&sees));
    block_on(pool.submit(|| ())).unwrap();
    let stats = pool.stats();
    assert_eq!((stats.completed, stats.cancelled), (2, 0));
}

#[test]
fn cancel_ends_a_queued_job_with_cancelled() {
    let pool = single(1);
    let held = hold(&pool);
    let ledger = Ledger::default();
    let guard = ledger.guard();
    let submission = pool.submit(move || drop(guard));
    submission.cancel();
    assert_eq!(ledger.dropped(), 1);
    submission.cancel();
    assert!(matches!(block_on(submission), Err(Error::Cancelled)));
    assert_eq!(pool.stats().cancelled, 1);
    held.release();
}

#[test]
fn cancel_tells_a_running_job_whose_outcome_is_what_it_ends_with() {
    let pool = single(1);
    let (begun, begins) = mpsc::channel();
    let gate = Gate::new();
    let at = gate.clone();
    let submission = pool.submit(move || {
        begun.send(()).unwrap();
        at.wait();
        job::is_cancelled()
    });
    next(&begins);
    submission.cancel();
    gate.open();
    assert!(block_on(submission).unwrap());
}

#[test]
fn cancel_wakes_the_task_that_waits() {
    let pool = single(1);
    let held = hold(&pool);
    let submission = pool.submit(|| ());
    let (polled, polls) = mpsc::channel();
    std::thread::scope(|scope| {
        // Cancelling takes a reference and awaiting takes the submission, so the task does both.
        let waits = scope.spawn(move || {
            let mut submission = submission;
            assert!(poll_once(&mut submission).is_pending());
            polled.send(()).unwrap();
            submission.cancel();
            block_on(submission)
        });
        next(&polls);
        assert!(matches!(waits.join().unwrap(), Err(Error::Cancelled)));
    });
    held.release();
}

#[test]
fn detach_lets_a_queued_job_run_unobserved() {
    let pool = single(1);
    let held = hold(&pool);
    let (done, dones) = mpsc::channel();
    pool.submit(move || done.send(job::is_cancelled()).unwrap()).detach();
    held.release();
    assert!(!next(&dones));
}

#[test]
fn a_detached_submission_without_room_still_runs() {
    let pool = single(1);
    let held = hold(&pool);
    let in_queue = pool.submit(|| ());
    let (done, dones) = mpsc::channel();
    for number in 0..3 {
        let done = done.clone();
        pool.submit(move || done.send(number).unwrap()).detach();
    }
    assert_eq!(pool.stats().waiting, 3);
    held.release();
    assert_eq!([next(&dones), next(&dones), next(&dones)], [0, 1, 2]);
    block_on(in_queue).unwrap();
}

/// Submits a job that says its number when it runs.
fn numbered(pool: &unblock_runtime::Pool, number: u32, said: &mpsc::Sender<u32>) -> Submission<()> {
    let said = said.clone();
    pool.submit(move || said.send(number).unwrap())
}

#[test]
fn waiting_for_room_is_in_the_order_of_the_first_polls() {
    let pool = single(1);
    let held = hold(&pool);
    let (said, says) = mpsc::channel();
    let mut submissions: Vec<_> = (0..6).map(|number| numbered(&pool, number, &said)).collect();
    // The first is in the queue; the others come to the line backwards, and polling again changes
    // nothing.
    for at in [5, 4, 3, 2, 1, 3, 1, 5] {
        assert!(poll_once(&mut submissions[at]).is_pending());
    }
    assert_eq!(pool.stats().waiting, 5);
    held.release();
    let order: Vec<_> = (0..6).map(|_| next(&says)).collect();
    assert_eq!(order, [0, 5, 4, 3, 2, 1]);
    for submission in submissions {
        block_on(submission).unwrap();
    }
    assert_eq!(pool.stats().waiting, 0);
}

#[test]
fn who_comes_later_does_not_pass_those_in_line() {
    let pool = single(1);
    let held = hold(&pool);
    let in_queue = pool.submit(|| ());
    let mut in_line = pool.submit(|| ());
    assert!(poll_once(&mut in_line).is_pending());
    // A place comes free and goes to the line at once.
    drop(in_queue);
    assert_eq!(pool.stats().waiting, 0);
    assert!(pool.try_submit(|| ()).unwrap_err().is_full());
    held.release();
    block_on(in_line).unwrap();
}

#[test]
fn a_never_polled_submission_without_room_holds_up_nobody() {
    let pool = single(1);
    let held = hold(&pool);
    let (said, says) = mpsc::channel();
    let in_queue = numbered(&pool, 0, &said);
    let never_polled = numbered(&pool, 1, &said);
    let mut behind = numbered(&pool, 2, &said);
    assert!(poll_once(&mut behind).is_pending());
    held.release();
    block_on(in_queue).unwrap();
    block_on(behind).unwrap();
    assert_eq!([next(&says), next(&says)], [0, 2]);
    let stats = pool.stats();
    assert_eq!((stats.queued, stats.waiting), (1, 0));
    // It is not lost either: its first poll finds room.
    block_on(never_polled).unwrap();
    assert_eq!(next(&says), 1);
}

#[test]
fn a_submission_that_was_polled_and_dropped_in_line_holds_up_nobody() {
    let pool = single(1);
    let held = hold(&pool);
    let (said, says) = mpsc::channel();
    let in_queue = numbered(&pool, 0, &said);
    let mut in_line: Vec<_> = (1..5).map(|number| numbered(&pool, number, &said)).collect();
    for submission in &mut in_line {
        assert!(poll_once(submission).is_pending());
    }
    // The first in line and one in its middle.
    drop(in_line.remove(2));
    drop(in_line.remove(0));
    assert_eq!(pool.stats().waiting, 2);
    held.release();
    block_on(in_queue).unwrap();
    for submission in in_line {
        block_on(submission).unwrap();
    }
    assert_eq!(says.try_iter().collect::<Vec<_>>(), [0, 2, 4]);
    assert_eq!(pool.stats().cancelled, 2);
}

#[test]
fn a_line_that_waits_for_a_place_gets_it_from_a_caller_that_goes() {
    let pool = single(2);
    let held = hold(&pool);
    let in_queue = [pool.submit(|| ()), pool.submit(|| ())];
    let mut in_line = [pool.submit(|| ()), pool.submit(|| ())];
    for submission in &mut in_line {
        assert!(poll_once(submission).is_pending());
    }
    drop(in_queue);
    assert_eq!(pool.stats().waiting, 0);
    held.release();
    for submission in in_line {
        block_on(submission).unwrap();
    }
}

#[test]
fn a_cancelled_submission_without_room_that_is_detached_takes_no_place() {
    let pool = single(1);
    let held = hold(&pool);
    let in_queue = pool.submit(|| ());
    let outside = pool.submit(|| panic!("it must not run"));
    outside.cancel();
    outside.detach();
    assert_eq!(pool.stats().waiting, 0);
    held.release();
    block_on(in_queue).unwrap();
    // The one place is there for each who comes.
    for _ in 0..3 {
        block_on(pool.submit(|| ())).unwrap();
        drop(block_on(async { pool.try_submit(|| ()) }).expect("the place is free"));
    }
}

#[test]
fn a_cancelled_submission_without_room_gives_cancelled() {
    let pool = single(1);
    let held = hold(&pool);
    let in_queue = pool.submit(|| ());
    let ledger = Ledger::default();
    let guard = ledger.guard();
    let outside = pool.submit(move || drop(guard));
    outside.cancel();
    assert_eq!(ledger.dropped(), 1);
    assert!(matches!(block_on(outside), Err(Error::Cancelled)));
    held.release();
    block_on(in_queue).unwrap();
    eventually("nothing is left", || pool.stats().queued == 0);
}

#[test]
fn callers_who_go_by_the_thousand_leave_the_queue_as_it_was() {
    let pool = single(4);
    let held = hold(&pool);
    let kept: Vec<_> = (0..3).map(|number| pool.submit(move || number)).collect();
    for _ in 0..10_000 {
        drop(pool.try_submit(|| panic!("it must not run")).expect("the fourth place"));
    }
    // And so in the line.
    let full = pool.submit(|| 3);
    for _ in 0..10_000 {
        let mut submission = pool.submit(|| panic!("it must not run"));
        assert!(poll_once(&mut submission).is_pending());
    }
    let stats = pool.stats();
    assert_eq!((stats.queued, stats.waiting, stats.cancelled), (4, 0, 20_000));
    held.release();
    let values: Vec<_> =
        kept.into_iter().chain([full]).map(|kept| block_on(kept).unwrap()).collect();
    assert_eq!(values, [0, 1, 2, 3]);
}

#[test]
fn jobs_begin_in_the_order_of_their_submission_however_many_of_them_are_cancelled() {
    let pool = single(2000);
    let held = hold(&pool);
    let order = Arc::new(Mutex::new(Vec::new()));
    let submit = |number: u32| {
        let order = Arc::clone(&order);
        pool.submit(move || order.lock().unwrap().push(number))
    };
    // Many are cancelled while the worker waits, and many while it runs jobs.
    let mut kept: Vec<_> = (0..1000).map(submit).collect();
    for _ in 0..5 {
        (0..1000).for_each(|_| drop(pool.submit(|| panic!("it must not run"))));
    }
    held.release();
    for number in 1000..50_000 {
        let submission = submit(number);
        if number.is_multiple_of(8) {
            kept.push(submission);
        } else {
            submission.cancel();
        }
        while pool.stats().queued > 1000 {
            std::thread::yield_now();
        }
    }
    for submission in kept {
        block_on(submission).unwrap();
    }
    let order = order.lock().unwrap();
    assert!(order.len() >= 7000 && order.is_sorted(), "{order:?}");
}

#[test]
#[should_panic(expected = "polled after it gave its outcome")]
fn polling_after_the_outcome_panics() {
    let pool = single(1);
    let mut submission = pool.submit(|| ());
    block_on(std::future::poll_fn(|cx| std::pin::Pin::new(&mut submission).poll(cx))).unwrap();
    let _: Poll<_> = poll_once(&mut submission);
}
