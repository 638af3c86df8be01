//! How a pool comes up, grows, shrinks, closes and ends.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use unblock_runtime::{Error, EventLoop, Pool, TrySubmitError, job, unblock};

#[cfg(target_os = "linux")]
use crate::support::tasks_named;
use crate::support::{
    Bomb, Gate, Held, Ledger, assert_conserved, block_on, eventually, explosive_waker, hold,
    in_child, next, poll_once, single,
};

#[test]
fn parallelism_workers_are_there_from_the_start() {
    let pool = Pool::builder().parallelism(3).build().unwrap();
    assert_eq!(pool.stats().threads, 3);
}

#[test]
fn the_pool_grows_while_workers_sleep() {
    let pool = Pool::builder().parallelism(1).max_threads(4).build().unwrap();
    // Each is there only when it has begun.
    let held: Vec<Held> = (0..4).map(|_| hold(&pool)).collect();
    let stats = pool.stats();
    assert_eq!((stats.threads, stats.running), (4, 4));
    held.into_iter().for_each(Held::release);
}

#[test]
fn threads_beyond_the_parallelism_end_after_keep_alive() {
    let keep_alive = Duration::from_millis(1);
    let pool =
        Pool::builder().parallelism(2).max_threads(8).keep_alive(keep_alive).build().unwrap();
    for _ in 0..3 {
        let held: Vec<Held> = (0..8).map(|_| hold(&pool)).collect();
        assert_eq!(pool.stats().threads, 8);
        held.into_iter().for_each(Held::release);
        eventually("back to the parallelism, at rest", || {
            let stats = pool.stats();
            assert!(stats.threads >= 2, "{stats:?}");
            (stats.threads, stats.idle) == (2, 2)
        });
    }
}

#[cfg(target_os = "linux")]
#[test]
fn threads_that_retire_are_gone_from_the_system() {
    let pool =
        Pool::builder().name("retire").parallelism(1).max_threads(6).keep_alive(Duration::ZERO);
    let pool = pool.build().unwrap();
    let held: Vec<Held> = (0..6).map(|_| hold(&pool)).collect();
    // One that came too late for a job may be on its way out.
    eventually("six workers and the monitor", || tasks_named("retire-").len() == 6 + 1);
    held.into_iter().for_each(Held::release);
    eventually("one worker and the monitor", || tasks_named("retire-").len() == 2);
}

#[test]
fn threads_stay_while_keep_alive_lasts() {
    let pool =
        Pool::builder().parallelism(1).max_threads(4).keep_alive(Duration::MAX).build().unwrap();
    let held: Vec<Held> = (0..4).map(|_| hold(&pool)).collect();
    held.into_iter().for_each(Held::release);
    eventually("all at rest", || pool.stats().idle == 4);
    assert_eq!(pool.stats().threads, 4);
}

#[test]
fn the_last_handles_drop_closes_the_pool_and_what_was_submitted_still_runs() {
    let pool = Pool::builder().name("drains").parallelism(1).max_threads(1).queue_capacity(2);
    let pool = pool.build().unwrap();
    let held = hold(&pool);
    let ran = Arc::new(AtomicUsize::new(0));
    let work = || {
        let ran = Arc::clone(&ran);
        move || ran.fetch_add(1, Ordering::SeqCst)
    };
    let queued = [pool.submit(work()), pool.submit(work())];
    let mut in_line = [pool.submit(work()), pool.submit(work())];
    for submission in &mut in_line {
        assert!(poll_once(submission).is_pending());
    }
    pool.submit(work()).detach();
    let never_polled = pool.submit(work());
    let other_handle = pool.clone();
    drop(pool);
    block_on(async {
        assert!(
            other_handle.try_submit(|| ()).unwrap_err().is_full(),
            "a handle is left: it is open"
        );
    });
    drop(other_handle);
    held.release();
    for submission in queued.into_iter().chain(in_line) {
        block_on(submission).unwrap();
    }
    eventually("the detached job ran too", || ran.load(Ordering::SeqCst) == 5);
    // It had no room while the pool was open, and nobody had asked for any.
    assert!(matches!(block_on(never_polled), Err(Error::Closed)));
    #[cfg(target_os = "linux")]
    eventually("no thread is left", || tasks_named("drains-").is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn the_last_handles_drop_ends_the_threads_of_an_idle_pool() {
    let pool = Pool::builder().name("dropped").parallelism(3).build().unwrap();
    assert_eq!(pool.stats().threads, 3);
    drop(pool);
    eventually("no thread is left", || tasks_named("dropped-").is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn the_last_handle_may_be_dropped_by_a_job() {
    let pool = Pool::builder().name("from-a-job").parallelism(1).build().unwrap();
    let handle = pool.clone();
    let gate = Gate::new();
    let at = gate.clone();
    let submission = pool.submit(move || {
        at.wait();
        drop(handle);
    });
    drop(pool);
    gate.open();
    block_on(submission).unwrap();
    eventually("no thread is left", || tasks_named("from-a-job-").is_empty());
}

#[test]
fn a_shutdown_waits_until_what_was_submitted_has_run() {
    let pool = single(1);
    let held = hold(&pool);
    let queued = pool.submit(|| 1);
    let mut in_line = pool.submit(|| panic!("as a job may"));
    assert!(poll_once(&mut in_line).is_pending());
    let mut shutdown = Box::pin(pool.shutdown(Duration::MAX));
    assert!(poll_once(&mut shutdown).is_pending());
    held.gate.open();
    let report = block_on(shutdown);
    assert!(report.is_complete());
    assert_eq!((report.finished, report.cancelled, report.running), (3, 0, 0));
    assert_eq!(block_on(queued).unwrap(), 1);
    assert!(matches!(block_on(in_line), Err(Error::Panicked(_))));
}

#[cfg(target_os = "linux")]
#[test]
fn a_shutdown_ends_the_threads_though_handles_remain() {
    let pool = Pool::builder().name("shut").parallelism(2).build().unwrap();
    let held: Vec<Held> = (0..4).map(|_| hold(&pool)).collect();
    let shutdown = pool.shutdown(Duration::MAX);
    for held in &held {
        held.gate.open();
    }
    assert!(block_on(shutdown).is_complete());
    eventually("no thread is left", || tasks_named("shut-").is_empty());
    assert_eq!(pool.stats().threads, 0);
}

#[test]
fn a_shutdown_of_an_idle_pool_is_over_at_once() {
    let pool = single(1);
    let mut shutdown = pin!(pool.shutdown(Duration::MAX));
    let Poll::Ready(report) = shutdown.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    else {
        panic!("nothing is to be waited for");
    };
    assert!(report.is_complete());
    assert_eq!(report.finished, 0);
}

#[test]
fn a_shutdown_that_runs_out_of_time_cancels_what_has_not_begun_and_tells_what_runs() {
    let pool = single(2);
    let (begun, begins) = mpsc::channel();
    let gate = Gate::new();
    let at = gate.clone();
    let running = pool.submit(move || {
        begun.send(job::is_cancelled()).unwrap();
        at.wait();
        job::is_cancelled()
    });
    assert!(!next(&begins));
    let ledger = Ledger::default();
    let mut queued: Vec<_> = (0..4)
        .map(|_| {
            let guard = ledger.guard();
            pool.submit(move || drop(guard))
        })
        .collect();
    // Two in the queue, one in line, one with its caller.
    assert!(poll_once(&mut queued[2]).is_pending());
    let report = block_on(pool.shutdown(Duration::ZERO));
    assert!(!report.is_complete());
    assert_eq!((report.finished, report.cancelled, report.running), (0, 3, 1));
    assert_eq!(ledger.dropped(), 3);
    let with_its_caller = queued.pop().unwrap();
    for submission in queued {
        assert!(matches!(block_on(submission), Err(Error::Cancelled)));
    }
    assert!(matches!(block_on(with_its_caller), Err(Error::Closed)));
    gate.open();
    assert!(block_on(running).unwrap(), "it was told");
    assert!(block_on(pool.shutdown(Duration::MAX)).is_complete());
    assert_conserved(&pool.stats());
}

#[test]
fn a_shutdowns_grace_ends_under_any_executor() {
    let pool = single(1);
    let held = hold(&pool);
    let report = block_on(pool.shutdown(Duration::from_millis(5)));
    assert_eq!((report.finished, report.cancelled, report.running), (0, 0, 1));
    held.release();
}

#[test]
fn each_caller_of_shutdown_waits_for_its_own_grace() {
    let pool = single(1);
    let held = hold(&pool);
    let queued = pool.submit(|| ());
    let patient = pool.shutdown(Duration::MAX);
    let report = block_on(pool.shutdown(Duration::ZERO));
    assert_eq!((report.cancelled, report.running), (1, 1));
    held.gate.open();
    let report = block_on(patient);
    assert_eq!((report.finished, report.cancelled, report.running), (1, 1, 0));
    assert!(matches!(block_on(queued), Err(Error::Cancelled)));
}

#[test]
fn dropping_the_shutdown_leaves_the_pool_closed_with_nothing_cancelled() {
    let pool = single(1);
    let held = hold(&pool);
    let queued = pool.submit(|| 1);
    let mut shutdown = Box::pin(pool.shutdown(Duration::ZERO));
    drop(shutdown);
    shutdown = Box::pin(pool.shutdown(Duration::MAX));
    assert!(poll_once(&mut shutdown).is_pending());
    drop(shutdown);
    assert!(matches!(pool.try_submit(|| ()), Err(TrySubmitError::Closed(_))));
    held.release();
    assert_eq!(block_on(queued).unwrap(), 1);
}

#[test]
fn submissions_after_close_give_closed() {
    let pool = single(1);
    let held = hold(&pool);
    // From the call, not from the first poll of what it returns.
    let shutdown = pool.shutdown(Duration::MAX);
    let ledger = Ledger::default();
    let guard = ledger.guard();
    let submission = pool.submit(move || drop(guard));
    assert_eq!(ledger.dropped(), 1);
    assert!(matches!(block_on(submission), Err(Error::Closed)));
    pool.submit(|| panic!("it must not run")).detach();
    held.gate.open();
    assert!(block_on(shutdown).is_complete());
    let stats = pool.stats();
    assert_eq!((stats.submitted, stats.completed, stats.rejected), (3, 1, 2));
}

/// Whoever never asked for room cannot get any in a closed pool: nobody has to wait for him.
#[test]
fn a_shutdown_does_not_wait_for_a_submission_that_is_not_in_line() {
    let pool = single(1);
    let held = hold(&pool);
    let queued = pool.submit(|| ());
    let outside = pool.submit(|| ());
    let shutdown = pool.shutdown(Duration::MAX);
    held.gate.open();
    let report = block_on(shutdown);
    assert!(report.is_complete());
    assert_eq!(report.finished, 2);
    block_on(queued).unwrap();
    assert!(matches!(block_on(outside), Err(Error::Closed)));
}

/// The destructors run on the thread that cancels; a panic in one must not leave the others'
/// callers waiting.
#[test]
fn a_shutdown_that_drops_a_capture_whose_destructor_panics_cancels_the_rest() {
    let pool = single(8);
    let held = hold(&pool);
    let bomb = Bomb;
    let exploding = pool.submit(move || drop(bomb));
    let others: Vec<_> = (0..4).map(|_| pool.submit(|| ())).collect();
    let report = block_on(pool.shutdown(Duration::ZERO));
    assert_eq!((report.cancelled, report.running), (5, 1));
    for submission in others.into_iter().chain([exploding]) {
        assert!(matches!(block_on(submission), Err(Error::Cancelled)));
    }
    held.release();
}

/// The waker's executor is somebody else's code; whoever waits for the shutdown is woken all the
/// same.
#[test]
fn a_shutdown_is_over_though_the_last_jobs_waker_panics() {
    let pool = Pool::builder().name("explosive").parallelism(1).max_threads(1).build().unwrap();
    let mut held = hold(&pool);
    let waker = explosive_waker();
    assert!(Pin::new(&mut held.submission).poll(&mut Context::from_waker(&waker)).is_pending());
    let mut shutdown = Box::pin(pool.shutdown(Duration::MAX));
    assert!(poll_once(&mut shutdown).is_pending());
    held.gate.open();
    assert_eq!(block_on(shutdown).finished, 1);
    #[cfg(target_os = "linux")]
    eventually("no thread is left", || tasks_named("explosive-").is_empty());
}

#[test]
fn a_cancelled_job_gives_its_place_back_though_its_waker_panics() {
    let pool = single(1);
    let held = hold(&pool);
    let mut queued = pool.submit(|| ());
    let waker = explosive_waker();
    assert!(Pin::new(&mut queued).poll(&mut Context::from_waker(&waker)).is_pending());
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| queued.cancel()));
    let taken = pool.try_submit(|| ()).expect("the place is free");
    held.release();
    block_on(taken).unwrap();
}

/// Somebody who finds the pool closed on his way in has a place in the queue for a moment; the
/// workers must learn that he gave it back.
#[cfg(target_os = "linux")]
#[test]
fn closing_while_others_submit_and_go_sends_all_threads_home() {
    for round in 0..400 {
        let pool = Pool::builder().name("race").parallelism(1).max_threads(2).queue_capacity(1);
        let pool = pool.keep_alive(Duration::ZERO).build().unwrap();
        let barrier = Barrier::new(4);
        thread::scope(|scope| {
            for number in 0..3 {
                let (pool, barrier) = (&pool, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    for turn in 0..20 {
                        match (turn + number) % 4 {
                            0 => drop(pool.submit(|| ())),
                            1 => pool.submit(|| ()).detach(),
                            2 => drop(block_on(pool.submit(|| ()))),
                            _ => drop(pool.try_submit(|| ())),
                        }
                    }
                });
            }
            barrier.wait();
            for _ in 0..round % 7 * 20 {
                std::hint::spin_loop();
            }
            assert!(block_on(pool.shutdown(Duration::MAX)).is_complete());
        });
        let stats = pool.stats();
        assert_conserved(&stats);
        assert_eq!((stats.queued, stats.running), (0, 0));
        eventually("no thread is left", || pool.stats().threads == 0);
    }
    eventually("no thread is left", || tasks_named("race-").is_empty());
}

#[test]
fn code_without_an_executor_waits_for_a_job_and_for_the_end_of_a_pool() {
    let pool = single(1);
    assert_eq!(pool.submit(|| 7).wait().unwrap(), 7);
    let held = hold(&pool);
    let queued = pool.submit(|| ());
    let left = pool.shutdown_blocking(Duration::ZERO);
    assert_eq!((left.cancelled, left.running), (1, 1));
    assert!(matches!(queued.wait(), Err(Error::Cancelled)));
    held.gate.open();
    held.submission.wait().unwrap();
    assert!(pool.shutdown_blocking(Duration::MAX).is_complete());
}

#[test]
fn a_job_may_wait_for_another_of_its_pool() {
    let pool = Pool::builder().parallelism(1).max_threads(2).build().unwrap();
    let inner = pool.clone();
    assert_eq!(pool.submit(move || inner.submit(|| 7).wait().unwrap()).wait().unwrap(), 7);
}

/// The outcome wakes the thread, and does not lie in the mailbox of the loop that is blocked.
#[test]
fn a_loop_that_waits_by_blocking_gets_the_outcome() {
    let pool = single(1);
    let value = block_on(EventLoop::new().run(async { pool.submit(|| 7).wait() }));
    assert_eq!(value.unwrap(), 7);
}

#[test]
fn a_patient_shutdown_says_what_an_impatient_one_beside_it_has_cancelled() {
    let pool = single(8);
    let held = hold(&pool);
    let queued: Vec<_> = (0..4).map(|_| pool.submit(|| ())).collect();
    let mut patient = Box::pin(pool.shutdown(Duration::MAX));
    assert!(poll_once(&mut patient).is_pending());
    let impatient = pool.shutdown_blocking(Duration::ZERO);
    assert_eq!((impatient.cancelled, impatient.running), (4, 1));
    held.release();
    let patient = block_on(patient);
    assert_eq!((patient.cancelled, patient.running, patient.is_complete()), (4, 0, false));
    drop(queued);
}

/// A call that its caller cancels is not left behind by the pool.
#[test]
fn a_shutdown_does_not_count_what_callers_cancel() {
    let pool = single(8);
    let held = hold(&pool);
    let queued = pool.submit(|| ());
    let shutdown = pool.shutdown(Duration::MAX);
    drop(queued);
    held.release();
    assert!(block_on(shutdown).is_complete());
}

#[test]
fn detached_jobs_beyond_those_that_may_wait_for_room_are_refused() {
    let pool = single(1);
    let held = hold(&pool);
    let ledger = Ledger::default();
    for _ in 0..1500 {
        let guard = ledger.guard();
        pool.submit(move || drop(guard)).detach();
    }
    // One is in the queue, and 1,024 wait for room.
    assert_eq!((pool.stats().waiting, pool.stats().rejected), (1024, 475));
    assert_eq!(ledger.dropped(), 475);
    held.release();
    eventually("the others have run", || pool.stats().completed == 1026);
}

/// A subscriber may panic when its log cannot be written.
#[test]
fn a_log_that_panics_loses_no_job() {
    const VARIABLE: &str = "UNBLOCK_TEST_LOG_PANICS";
    if std::env::var_os(VARIABLE).is_none() {
        return in_child("lifecycle::a_log_that_panics_loses_no_job", VARIABLE);
    }
    let panics = || -> std::io::Stderr { panic!("the log is full") };
    tracing_subscriber::fmt().with_writer(panics).init();
    let pool = single(1);
    let held = hold(&pool);
    for _ in 0..1500 {
        pool.submit(|| ()).detach();
    }
    assert_eq!(pool.stats().rejected, 475, "which is logged");
    held.release();
    eventually("the others have run", || pool.stats().completed == 1026);
}

#[test]
fn jobs_that_wait_for_room_run_when_the_last_handle_is_dropped() {
    let pool = single(1);
    let held = hold(&pool);
    let queued = pool.submit(|| 1);
    let mut waits = pool.submit(|| 2);
    assert!(poll_once(&mut waits).is_pending());
    let never_polled = pool.submit(|| 3);
    drop(pool);
    held.release();
    assert_eq!((block_on(queued).unwrap(), block_on(waits).unwrap()), (1, 2));
    assert!(matches!(block_on(never_polled), Err(Error::Closed)));
}

#[test]
fn running_jobs_are_told_before_the_grace_is_over_and_waited_for() {
    let pool = single(8);
    let (begun, begins) = mpsc::channel();
    let endless = pool.submit(move || {
        begun.send(()).unwrap();
        while !job::is_cancelled() {
            thread::yield_now();
        }
        7
    });
    next(&begins);
    let queued = pool.submit(|| ());
    // The job ends only because it is told, and the shutdown only because the job ends.
    for time in [Duration::ZERO, Duration::from_millis(1), Duration::MAX] {
        let told = pool.shutdown(Duration::MAX).cancel_after(time);
        if time == Duration::MAX {
            assert!(block_on(told).is_complete(), "nothing was left for the last one");
            break;
        }
        let report = if time == Duration::ZERO { told.wait() } else { block_on(told) };
        assert_eq!((report.running, report.left.len()), (0, 0));
        if time == Duration::ZERO {
            assert_eq!((report.finished, report.cancelled), (1, 1));
        }
    }
    assert_eq!(block_on(endless).unwrap(), 7);
    assert!(matches!(block_on(queued), Err(Error::Cancelled)));
}

#[test]
fn a_time_of_its_own_to_cancel_ends_under_any_executor() {
    let pool = single(8);
    let (begun, begins) = mpsc::channel();
    let endless = pool.submit(move || {
        begun.send(()).unwrap();
        while !job::is_cancelled() {
            thread::yield_now();
        }
    });
    next(&begins);
    let report = block_on(pool.shutdown(Duration::MAX).cancel_after(Duration::from_millis(5)));
    assert_eq!((report.finished, report.running), (1, 0));
    block_on(endless).unwrap();
}

/// Nothing is cancelled by a shutdown that is never polled.
#[test]
fn a_cancelling_shutdown_that_is_dropped_cancels_nothing() {
    let pool = single(8);
    let held = hold(&pool);
    let queued = pool.submit(|| 1);
    drop(pool.shutdown(Duration::ZERO).cancel_after(Duration::ZERO));
    held.release();
    assert_eq!(block_on(queued).unwrap(), 1);
}

#[test]
fn a_shutdown_that_cancels_beside_one_that_does_not_cancels_for_both() {
    let pool = single(8);
    let (begun, begins) = mpsc::channel();
    let endless = pool.submit(move || {
        begun.send(()).unwrap();
        while !job::is_cancelled() {
            thread::yield_now();
        }
    });
    next(&begins);
    let queued = pool.submit(|| ());
    let mut patient = Box::pin(pool.shutdown(Duration::MAX));
    assert!(poll_once(&mut patient).is_pending());
    let strict = pool.shutdown(Duration::MAX).cancel_after(Duration::ZERO);
    for report in [block_on(strict), block_on(patient)] {
        assert_eq!((report.finished, report.cancelled, report.running), (1, 1, 0));
    }
    block_on(endless).unwrap();
    assert!(matches!(block_on(queued), Err(Error::Cancelled)));
}

#[test]
fn a_shutdown_names_the_jobs_that_it_leaves() {
    #[unblock(pool = pool, name = "annotated")]
    fn annotated(pool: Pool, begun: mpsc::Sender<()>, gate: Gate) {
        drop(pool);
        begun.send(()).unwrap();
        gate.wait();
    }
    let pool = Pool::builder().parallelism(1).max_threads(4).build().unwrap();
    let (begun, begins) = mpsc::channel();
    let gate = Gate::new();
    let job = || {
        let (begun, at) = (begun.clone(), gate.clone());
        move || {
            begun.send(()).unwrap();
            at.wait();
        }
    };
    let named = [pool.job("export").submit(job()), pool.job("export").submit(job())];
    let closure = pool.submit(job());
    let mut handler = Box::pin(annotated(pool.clone(), begun.clone(), gate.clone()));
    assert!(poll_once(&mut handler).is_pending());
    (0..4).for_each(|_| next(&begins));
    let report = block_on(pool.shutdown(Duration::ZERO));
    let here = "it::lifecycle::a_shutdown_names_the_jobs_that_it_leaves";
    let left = [("annotated", 1), ("export", 2), (here, 1)];
    assert_eq!(report.left, left.into_iter().collect());
    assert_eq!(
        report.to_string(),
        format!("finished: 0, cancelled: 0, running: 4, annotated: 1, export: 2, {here}: 1")
    );
    gate.open();
    block_on(handler);
    for submission in named.into_iter().chain([closure]) {
        block_on(submission).unwrap();
    }
    assert_eq!(block_on(pool.shutdown(Duration::MAX)).left.len(), 0);
}

#[test]
fn each_thread_calls_the_hooks_once_before_its_first_job_and_after_its_last() {
    thread_local! {
        static READY: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
    }
    let [started, stopped] = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
    let (starts, stops) = (Arc::clone(&started), Arc::clone(&stopped));
    let pool = Pool::builder()
        .parallelism(1)
        .max_threads(4)
        .keep_alive(Duration::ZERO)
        .niceness(0)
        .on_thread_start(move || {
            starts.fetch_add(1, Ordering::SeqCst);
            READY.set(true);
        })
        .on_thread_stop(move || {
            assert!(READY.get(), "it is the same thread");
            stops.fetch_add(1, Ordering::SeqCst);
        })
        .build()
        .unwrap();
    let held: Vec<Held> = (0..4).map(|_| hold(&pool)).collect();
    assert!(started.load(Ordering::SeqCst) >= 4);
    held.into_iter().for_each(Held::release);
    eventually("three have retired", || stopped.load(Ordering::SeqCst) >= 3);
    assert!(block_on(pool.submit(|| READY.get())).unwrap());
    drop(pool);
    let count = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
    eventually("all have ended with the pool", || count(&stopped) == count(&started));
}

#[test]
fn a_panic_in_a_hook_loses_neither_the_thread_nor_the_pool() {
    let stopped = Arc::new(AtomicUsize::new(0));
    let stops = Arc::clone(&stopped);
    let pool = Pool::builder()
        .parallelism(1)
        .max_threads(2)
        .on_thread_start(|| panic!("a start panics"))
        .on_thread_stop(move || {
            stops.fetch_add(1, Ordering::SeqCst);
            panic!("a stop panics");
        })
        .build()
        .unwrap();
    let held = [hold(&pool), hold(&pool)];
    assert_eq!(pool.stats().threads, 2);
    held.into_iter().for_each(Held::release);
    assert_eq!(block_on(pool.submit(|| 7)).unwrap(), 7);
    assert!(block_on(pool.shutdown(Duration::MAX)).is_complete());
    eventually("both have ended", || stopped.load(Ordering::SeqCst) == 2);
    assert_eq!(pool.stats().threads, 0);
}
