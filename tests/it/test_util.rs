//! What a user's tests have: pools without threads, whose jobs run when and where the test says,
//! and a pool of its own for each test.

use std::cell::RefCell;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Barrier};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use futures_core::Stream;
use tokio::time::Instant;
use unblock_runtime::{BuildError, Error, Pool, Submission, SubmissionSet, job, unblock};

use crate::support::{Ledger, assert_conserved, block_on, in_child, next, poll_once, single};

fn on_demand() -> Pool {
    Pool::builder().name("on demand").on_demand().build().unwrap()
}

fn inline() -> Pool {
    Pool::builder().name("inline").inline().build().unwrap()
}

#[unblock]
fn double(n: u32) -> u32 {
    n * 2
}

#[unblock]
fn thread_name() -> Option<String> {
    thread::current().name().map(str::to_owned)
}

#[unblock]
fn thread_name_of_a_nested_call() -> Option<String> {
    block_on(thread_name())
}

/// The code that a test of a user tests.
#[unblock(timeout = "1h", shed)]
fn charge(charged: &Arc<AtomicUsize>) -> Result<(), Error> {
    charged.fetch_add(1, Ordering::SeqCst);
    Ok(())
}

/// The text of the panic of `f`.
fn unwind(f: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(f)).unwrap_err();
    let literal = panic.downcast_ref::<&str>().map(ToString::to_string);
    literal.or_else(|| panic.downcast_ref::<String>().cloned()).expect("a text")
}

/// A pool with threads, for tests that look at theirs.
fn with_threads(name: &str) -> Pool {
    Pool::builder().name(name).parallelism(2).max_threads(8).build().unwrap()
}

#[test]
fn jobs_run_when_the_test_says_and_in_the_order_of_their_submission() {
    let pool = on_demand();
    let (told, tells) = channel();
    let submissions: Vec<_> = ["first", "second", "third"]
        .map(|name| {
            let told = told.clone();
            pool.job(name).submit(move || told.send(job::name()).unwrap())
        })
        .into();
    assert!(tells.try_recv().is_err());
    assert_eq!(pool.run_next(), Some("first"));
    assert!(submissions[0].is_finished() && !submissions[1].has_begun());
    assert_eq!(pool.run_until_idle(), 2);
    assert_eq!((pool.run_next(), pool.run_until_idle()), (None, 0));
    let names: Vec<_> = tells.try_iter().flatten().collect();
    assert_eq!(names, ["first", "second", "third"]);
    assert_eq!(job::name(), None);
}

#[test]
fn jobs_that_jobs_submit_run_after_those_that_wait() {
    let pool = on_demand();
    let (told, tells) = channel();
    let (handle, also_told) = (pool.clone(), told.clone());
    pool.submit(move || {
        handle.submit(move || also_told.send("nested").unwrap()).detach();
    })
    .detach();
    pool.submit(move || told.send("waits").unwrap()).detach();
    assert_eq!(pool.run_until_idle(), 3);
    assert_eq!(tells.try_iter().collect::<Vec<_>>(), ["waits", "nested"]);
}

#[test]
fn two_tests_of_one_process_do_not_see_each_others_jobs() {
    let both = Arc::new(Barrier::new(2));
    let tests = [3, 4].map(|number| {
        let both = Arc::clone(&both);
        thread::spawn(move || {
            let pool = on_demand();
            let _guard = pool.enter();
            let mut call = Box::pin(double(number));
            assert!(poll_once(&mut call).is_pending());
            both.wait();
            assert_eq!(pool.stats().queued, 1);
            assert_eq!(pool.run_next(), Some("test_util::double"));
            both.wait();
            assert_eq!(poll_once(&mut call), Poll::Ready(number * 2));
            assert_eq!((pool.stats().submitted, pool.stats().completed), (1, 1));
        })
    });
    for test in tests {
        test.join().unwrap();
    }
}

#[test]
fn a_panic_is_the_outcome_and_the_test_goes_on() {
    for pool in [on_demand(), inline()] {
        let submission = pool.job("bad").submit(|| panic!("no luck"));
        pool.run_until_idle();
        assert!(matches!(submission.wait(), Err(Error::Panicked(panicked))
            if panicked.message() == Some("no luck")));
        assert_eq!(pool.stats().panicked, 1);
        assert_conserved(&pool.stats());
    }
}

#[test]
fn a_dropped_call_never_runs_and_what_it_had_captured_is_dropped() {
    let (pool, ledger) = (on_demand(), Ledger::default());
    let guard = ledger.guard();
    drop(pool.submit(move || drop(guard)));
    assert_eq!(ledger.dropped(), 1);
    pool.job("next").submit(|| ()).detach();
    assert_eq!(pool.run_next(), Some("next"));
    assert_eq!((pool.stats().cancelled, pool.stats().completed), (1, 1));
    assert_conserved(&pool.stats());
}

#[test]
fn a_call_whose_time_has_passed_never_runs() {
    for pool in [on_demand(), inline()] {
        let _guard = pool.enter();
        let charged = Arc::new(AtomicUsize::new(0));
        let mut call = Box::pin(job::within(Duration::ZERO, charge(&charged)));
        let outcome = poll_once(&mut call);
        assert!(matches!(outcome, Poll::Ready(Err(Error::TimedOut))), "{outcome:?}");
        assert_eq!(pool.run_next(), None);
        assert_eq!(charged.load(Ordering::SeqCst), 0);
        assert_eq!(pool.stats().timed_out, 1);
        assert_conserved(&pool.stats());
    }
}

#[test]
fn a_job_whose_time_passes_in_the_queue_is_passed_over() {
    let pool = on_demand();
    let late = pool.job("late").timeout(Duration::ZERO).submit(|| ());
    pool.job("other").submit(|| ()).detach();
    assert_eq!(pool.run_next(), Some("other"));
    assert!(!late.has_begun());
    assert!(matches!(late.wait(), Err(Error::TimedOut)));
}

#[test]
fn a_full_queue_refuses_a_call_with_shed() {
    let pool = Pool::builder().on_demand().queue_capacity(1).build().unwrap();
    let _guard = pool.enter();
    pool.submit(|| ()).detach();
    let charged = Arc::new(AtomicUsize::new(0));
    let outcome = block_on(charge(&charged));
    assert!(matches!(outcome, Err(Error::Overloaded { .. })), "{outcome:?}");
    pool.run_until_idle();
    let mut call = Box::pin(charge(&charged));
    assert!(poll_once(&mut call).is_pending());
    pool.run_until_idle();
    assert!(matches!(poll_once(&mut call), Poll::Ready(Ok(()))));
    assert_eq!(charged.load(Ordering::SeqCst), 1);
    assert_conserved(&pool.stats());
}

#[tokio::test(start_paused = true)]
async fn a_paused_clock_stands_still_while_an_inline_job_runs() {
    let pool = inline();
    let _guard = pool.enter();
    let start = Instant::now();
    let value = tokio::time::timeout(Duration::from_millis(1), double(21)).await;
    assert_eq!(value, Ok(42));
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_the_test_does_not_run_meets_the_timeout_around_it() {
    let pool = on_demand();
    let _guard = pool.enter();
    let start = Instant::now();
    let value = tokio::time::timeout(Duration::from_hours(1), double(21)).await;
    assert!(value.is_err());
    assert_eq!(start.elapsed(), Duration::from_hours(1));
    assert_eq!((pool.run_until_idle(), pool.stats().cancelled), (0, 1));
}

#[test]
fn a_job_may_run_the_next_one_and_is_the_running_one_again_afterwards() {
    let pool = on_demand();
    let handle = pool.clone();
    let outer = pool.job("outer").submit(move || {
        let before = job::name();
        let inner = handle.run_next();
        (before, inner, job::name(), handle.stats().running)
    });
    let inner = pool.job("inner").submit(job::name);
    assert_eq!(pool.run_until_idle(), 1);
    assert_eq!(outer.wait().unwrap(), (Some("outer"), Some("inner"), Some("outer"), 1));
    assert_eq!(inner.wait().unwrap(), Some("inner"));
}

#[test]
fn a_job_of_a_worker_may_run_those_of_a_pool_without_threads() {
    let (threads, pool) = (single(1), on_demand());
    let inner = pool.job("inner").submit(|| job::blocking(job::name));
    let handle = pool.clone();
    let outer = threads.job("outer").submit(move || {
        handle.run_next();
        job::name()
    });
    assert_eq!(outer.wait().unwrap(), Some("outer"));
    assert_eq!(inner.wait().unwrap(), Some("inner"));
}

#[test]
fn who_waits_by_blocking_runs_the_jobs_in_front() {
    let pool = Pool::builder().on_demand().queue_capacity(1).build().unwrap();
    let (told, tells) = channel();
    let submit = |number| {
        let told = told.clone();
        pool.submit(move || told.send(number).unwrap())
    };
    submit(1).detach();
    submit(2).detach(); // There is no room for it, nor for the next.
    submit(3).wait().unwrap();
    let mut set = SubmissionSet::from_iter([submit(4), submit(5)]);
    set.wait_next().unwrap().unwrap();
    assert_eq!(tells.try_iter().collect::<Vec<_>>(), [1, 2, 3, 4]);
    set.wait_next().unwrap().unwrap();
    assert_eq!(next(&tells), 5);
}

#[test]
fn a_job_that_awaits_another_runs_it() {
    for pool in [on_demand(), inline()] {
        let _guard = pool.enter();
        let nested = || block_on(thread_name_of_a_nested_call());
        let submission = pool.submit(nested);
        pool.run_until_idle();
        assert_eq!(submission.wait().unwrap().as_deref(), thread::current().name());
        assert_eq!(pool.stats().completed, 3);
    }
}

#[unblock(concurrency = 1)]
fn one_at_a_time(pool: Pool, told: Sender<&'static str>) {
    told.send("begins").unwrap();
    pool.run_next();
    told.send("ends").unwrap();
}

#[test]
fn calls_of_a_function_with_a_limit_run_one_after_the_other() {
    let pool = on_demand();
    let _guard = pool.enter();
    let (told, tells) = channel();
    let mut calls = [0; 2].map(|_| Box::pin(one_at_a_time(pool.clone(), told.clone())));
    for call in &mut calls {
        assert!(poll_once(call).is_pending());
    }
    assert_eq!(pool.run_next(), Some("test_util::one_at_a_time"));
    assert_eq!(tells.try_iter().collect::<Vec<_>>(), ["begins", "ends", "begins", "ends"]);
    for call in &mut calls {
        assert!(poll_once(call).is_ready());
    }
    assert_eq!((pool.run_until_idle(), pool.stats().completed), (0, 2));
}

#[unblock(concurrency = 1)]
fn meets_another_thread(met: &Arc<Barrier>) -> thread::ThreadId {
    met.wait();
    met.wait();
    thread::current().id()
}

#[test]
fn an_inline_job_that_waits_for_its_turn_runs_where_the_one_before_ends() {
    let pool = inline();
    let met = Arc::new(Barrier::new(2));
    let other = thread::spawn({
        let (pool, met) = (pool.clone(), Arc::clone(&met));
        move || {
            let _guard = pool.enter();
            block_on(meets_another_thread(&met))
        }
    });
    met.wait();
    let _guard = pool.enter();
    let mut second = Box::pin(meets_another_thread(&met));
    assert!(poll_once(&mut second).is_pending());
    for _ in 0..3 {
        met.wait();
    }
    let first = other.join().unwrap();
    assert_ne!(first, thread::current().id());
    assert_eq!(block_on(second), first);
}

#[test]
fn an_inline_job_of_another_thread_that_had_no_room_runs_when_there_is_some() {
    let pool = Pool::builder().inline().queue_capacity(1).build().unwrap();
    let met = Arc::new(Barrier::new(2));
    let other = thread::spawn({
        let (pool, met) = (pool.clone(), Arc::clone(&met));
        move || {
            let _guard = pool.enter();
            block_on(meets_another_thread(&met));
        }
    });
    met.wait();
    let _guard = pool.enter();
    let mut has_the_room = Box::pin(meets_another_thread(&met));
    assert!(poll_once(&mut has_the_room).is_pending());
    let mut has_none = pool.submit(|| thread::current().id());
    assert!(poll_once(&mut has_none).is_pending());
    for _ in 0..3 {
        met.wait();
    }
    other.join().unwrap();
    assert_ne!(block_on(has_none).unwrap(), thread::current().id());
    block_on(has_the_room);
}

#[unblock(concurrency = 1)]
fn one_inside_of_the_other(depth: u32) -> u32 {
    if depth == 0 { 0 } else { block_on(one_inside_of_the_other(depth - 1)) }
}

/// With threads it is a deadlock.
#[test]
fn a_job_that_waits_for_one_that_waits_for_its_end_is_told_what_to_do() {
    for pool in [on_demand(), inline()] {
        let _guard = pool.enter();
        let outer = pool.submit(|| block_on(one_inside_of_the_other(1)));
        let Err(Error::Panicked(panicked)) = outer.wait() else { panic!("no panic") };
        let text = panicked.message().unwrap();
        assert!(text.contains("one_inside_of_the_other` cannot end before"), "{text}");
        assert!(text.contains("higher `concurrency`"), "{text}");
        assert_conserved(&pool.stats());
        assert_eq!((pool.stats().running, pool.stats().queued), (0, 0));
    }
}

#[test]
fn a_job_that_waits_for_itself_is_told_what_to_do() {
    let pool = on_demand();
    let (give, given) = channel::<Submission<()>>();
    let (told, tells) = channel();
    let submission = pool.job("endless").submit(move || {
        let itself = given.recv().unwrap();
        told.send(unwind(|| drop(itself.wait()))).unwrap();
    });
    give.send(submission).unwrap();
    assert_eq!(pool.run_next(), Some("endless"));
    assert!(next(&tells).contains("`endless` cannot end before"));
}

#[test]
fn the_pool_says_that_its_threads_run_the_jobs() {
    let pool = single(1);
    let text = unwind(|| assert_eq!(pool.run_next(), None));
    assert!(text.contains("Pool::builder().on_demand()"), "{text}");
}

#[test]
fn a_pool_without_threads_has_none_whatever_its_settings_are() {
    let builder = Pool::builder().parallelism(3).max_threads(9).niceness(3);
    for pool in [builder.clone().on_demand().build().unwrap(), builder.inline().build().unwrap()] {
        let held = pool.submit(|| 1);
        assert_eq!(held.wait().unwrap(), 1);
        let stats = pool.stats();
        assert_eq!((stats.threads, stats.idle, stats.max_threads), (0, 0, 0));
        assert_eq!((stats.parallelism, stats.niceness), (1, None));
        assert_eq!((stats.submitted, stats.completed), (1, 1));
        assert!(pool.workers().is_empty());
        let function = &pool.functions()[0];
        assert_eq!((function.completed, function.wait.count(), function.run.count()), (1, 1, 1));
        assert!(matches!(pool.resize(1, 1), Err(BuildError::Setting(_))));
    }
    let refused = Pool::builder().on_demand().queue_capacity(0).build();
    assert!(matches!(refused, Err(BuildError::Setting(_))));
}

#[test]
fn a_shutdown_that_blocks_runs_the_queue_first() {
    let pool = on_demand();
    let submission = pool.submit(|| 5);
    let report = pool.shutdown_blocking(Duration::MAX);
    assert_eq!((report.finished, report.is_complete()), (1, true));
    assert_eq!(submission.wait().unwrap(), 5);
    assert!(matches!(pool.submit(|| ()).wait(), Err(Error::Closed)));
}

#[test]
fn a_shutdown_without_grace_cancels_what_the_test_has_not_run() {
    let pool = on_demand();
    let submission = pool.submit(|| 5);
    let report = pool.shutdown_blocking(Duration::ZERO);
    assert_eq!((report.finished, report.cancelled), (0, 1));
    assert!(matches!(submission.wait(), Err(Error::Cancelled)));
}

#[test]
fn a_shutdown_that_a_task_awaits_ends_when_the_test_has_run_the_jobs() {
    let pool = on_demand();
    pool.submit(|| ()).detach();
    let mut shutdown = pin!(pool.shutdown(Duration::MAX));
    assert!(poll_once(&mut shutdown).is_pending());
    assert_eq!(pool.run_until_idle(), 1);
    assert!(matches!(poll_once(&mut shutdown), Poll::Ready(report) if report.finished == 1));
}

#[test]
fn a_shutdown_names_the_job_that_runs_without_a_worker() {
    let pool = on_demand();
    let handle = pool.clone();
    let report = pool.job("stays").submit(move || handle.shutdown_blocking(Duration::ZERO));
    assert_eq!(report.wait().unwrap().to_string(), {
        "finished: 0, cancelled: 0, running: 1, stays: 1"
    });
}

#[test]
fn jobs_that_nobody_can_run_any_more_are_refused() {
    let (pool, ledger) = (on_demand(), Ledger::default());
    let guard = ledger.guard();
    let mut submission = pool.submit(move || drop(guard));
    assert!(poll_once(&mut submission).is_pending());
    drop(pool);
    assert_eq!(ledger.dropped(), 1);
    assert!(matches!(submission.wait(), Err(Error::Closed)));
}

#[test]
fn a_stream_comes_turn_by_turn() {
    fn next_of<S: Stream + Unpin>(stream: &mut S) -> Poll<Option<S::Item>> {
        Pin::new(stream).poll_next(&mut Context::from_waker(Waker::noop()))
    }
    let pool = on_demand();
    let mut stream = pool.stream(0..3).capacity(2);
    assert!(next_of(&mut stream).is_pending());
    assert_eq!(pool.run_next(), Some("Pool::stream"));
    assert!(matches!(next_of(&mut stream), Poll::Ready(Some(Ok(0)))));
    assert!(matches!(next_of(&mut stream), Poll::Ready(Some(Ok(1)))));
    assert!(next_of(&mut stream).is_pending());
    drop(stream);
    pool.run_until_idle();
    let inline = inline();
    let mut stream = inline.stream(0..3).capacity(2);
    for item in 0..3 {
        assert!(matches!(next_of(&mut stream), Poll::Ready(Some(Ok(is))) if is == item));
    }
    assert!(matches!(next_of(&mut stream), Poll::Ready(None)));
}

#[tokio::test]
async fn readers_and_writers_work_on_an_inline_pool() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let pool = inline();
    let mut text = String::new();
    pool.reader(&b"a line"[..]).read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "a line");
    let mut writer = pool.writer(Vec::new());
    writer.write_all(b"a line").await.unwrap();
    writer.flush().await.unwrap();
    assert_conserved(&pool.stats());
}

#[test]
fn an_inline_job_works_for_no_scope_as_on_a_worker() {
    let pool = inline();
    let handle = pool.clone();
    let deadlines = block_on(job::within(Duration::from_hours(1), async {
        let nested = move || handle.submit(job::deadline).wait().unwrap();
        pool.submit(move || (job::deadline(), nested())).await.unwrap()
    }));
    assert!(deadlines.0.is_some());
    assert_eq!(deadlines.1, None);
}

#[test]
fn the_newest_guard_that_is_left_counts() {
    let [outer, inner] = [inline(), inline()];
    let submitted = || (outer.stats().submitted, inner.stats().submitted);
    let outer_guard = outer.enter();
    block_on(double(1));
    let inner_guard = inner.enter();
    block_on(double(1));
    assert_eq!(submitted(), (1, 1));
    drop(inner_guard);
    block_on(double(1));
    assert_eq!(submitted(), (2, 1));
    let inner_guard = inner.enter();
    drop(outer_guard);
    block_on(double(1));
    assert_eq!(submitted(), (2, 2));
    drop(inner_guard);
    assert!(block_on(thread_name()).unwrap().starts_with("unblock-"));
    assert_eq!(submitted(), (2, 2));
}

#[test]
fn a_guard_keeps_its_pool_open() {
    let guard = inline().enter();
    assert_eq!(block_on(double(4)), 8);
    assert!(format!("{guard:?}").contains("inline"));
}

#[test]
fn a_call_in_the_job_of_an_entered_call_comes_to_the_same_pool() {
    let pool = with_threads("entered");
    let _guard = pool.enter();
    assert!(block_on(thread_name_of_a_nested_call()).unwrap().starts_with("entered-"));
    assert_eq!(pool.stats().completed, 2);
}

#[test]
fn a_job_that_names_its_pool_has_not_entered_it() {
    let pool = with_threads("named");
    let _guard = pool.enter();
    let nested = || block_on(thread_name()).unwrap();
    assert!(pool.submit(nested).wait().unwrap().starts_with("unblock-"));
    assert_eq!(pool.stats().completed, 1);
}

#[test]
fn the_current_pool_is_the_one_that_annotated_functions_use() {
    #[unblock]
    fn current() -> String {
        Pool::current().stats().name
    }
    let (outer, inner) = (with_threads("outer"), with_threads("inner"));
    let name = || Pool::current().stats().name;
    assert_eq!(name(), Pool::global().stats().name);
    let outer_guard = outer.enter();
    let inner_guard = inner.enter();
    assert_eq!((name(), block_on(current())), ("inner".to_owned(), "inner".to_owned()));
    drop(inner_guard);
    assert_eq!((name(), block_on(current())), ("outer".to_owned(), "outer".to_owned()));
    // A job that names its pool has not entered it.
    assert_eq!(inner.submit(name).wait().unwrap(), Pool::global().stats().name);
    drop(outer_guard);
    assert_eq!(name(), Pool::global().stats().name);
}

#[test]
fn a_closure_on_the_current_pool_comes_to_the_pool_of_the_test() {
    let pool = on_demand();
    let _guard = pool.enter();
    let closure = Pool::current().submit(|| 6 * 7);
    assert_eq!(pool.run_until_idle(), 1);
    assert_eq!(closure.wait().unwrap(), 42);
}

#[test]
fn a_job_has_the_pool_that_runs_it() {
    let name = || job::pool().map(|pool| pool.stats().name);
    assert_eq!(name(), None);
    for pool in [with_threads("with threads"), inline()] {
        let other = inline();
        let _guard = other.enter();
        assert_eq!(pool.submit(name).wait().unwrap(), Some(pool.stats().name));
    }
}

#[test]
fn a_handle_from_a_job_keeps_the_pool_open_and_opens_none_that_is_closed() {
    let pool = single(4);
    let handle = pool.submit(|| job::pool().unwrap()).wait().unwrap();
    drop(pool);
    assert_eq!(handle.submit(|| 1).wait().unwrap(), 1);

    let (drop_it, dropped) = channel();
    let late = handle.submit(move || {
        next(&dropped);
        job::pool().unwrap().submit(|| 1).wait()
    });
    drop(handle);
    drop_it.send(()).unwrap();
    assert!(matches!(late.wait().unwrap(), Err(Error::Closed)));
}

#[test]
fn a_panic_in_an_entered_job_leaves_the_pool() {
    #[unblock]
    fn panics() -> Result<(), Error> {
        panic!("on purpose");
    }
    let pool = single(4);
    let guard = pool.enter();
    assert!(block_on(panics()).is_err());
    drop(guard);
    let nested = || block_on(thread_name()).unwrap();
    assert!(pool.submit(nested).wait().unwrap().starts_with("unblock-"));
}

#[tokio::test]
async fn the_guard_holds_across_awaits_and_for_tasks_of_the_thread() {
    let pool = inline();
    let _guard = pool.enter();
    assert_eq!(double(1).await, 2);
    tokio::task::yield_now().await;
    assert_eq!(double(2).await, 4);
    assert_eq!(tokio::spawn(double(3)).await.unwrap(), 6);
    assert_eq!(pool.stats().completed, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_task_that_another_thread_polls_uses_the_global_pool() {
    let pool = inline();
    let _guard = pool.enter();
    let task = tokio::spawn(async { thread_name().await });
    assert!(task.await.unwrap().unwrap().starts_with("unblock-"));
    assert_eq!(pool.stats().submitted, 0);
}

#[test]
fn a_call_uses_the_pool_that_is_entered_at_its_first_poll() {
    let pool = on_demand();
    let guard = pool.enter();
    let mut call = pin!(double(2));
    drop(guard);
    let first = pool.enter();
    assert!(poll_once(&mut call).is_pending());
    drop(first);
    assert_eq!((poll_once(&mut call), pool.run_until_idle()), (Poll::Pending, 1));
    assert_eq!(poll_once(&mut call), Poll::Ready(4));
}

#[test]
fn a_thread_may_end_with_a_pool_that_it_never_left() {
    thread::spawn(|| std::mem::forget(inline().enter())).join().unwrap();
}

/// Its locals are destroyed by then, those of the library among them.
#[test]
fn an_inline_job_runs_on_a_thread_that_ends() {
    struct Submits(Pool, Sender<Option<&'static str>>);
    impl Drop for Submits {
        fn drop(&mut self) {
            let guard = self.0.enter();
            let told = self.1.clone();
            self.0.submit(move || told.send(job::name()).unwrap()).wait().unwrap();
            drop(guard);
        }
    }
    thread_local!(static SUBMITS: RefCell<Option<Submits>> = const { RefCell::new(None) });
    let (told, tells) = channel();
    let pool = inline();
    thread::spawn(move || {
        SUBMITS.set(Some(Submits(pool.clone(), told)));
        // The library's locals are made later than this one, and destroyed earlier.
        let _guard = pool.enter();
        block_on(double(1));
    })
    .join()
    .unwrap();
    next(&tells);
}

#[test]
fn the_global_pool_may_be_one_without_threads() {
    const CHILD: &str = "UNBLOCK_TEST_INLINE_GLOBAL";
    if std::env::var_os(CHILD).is_none() {
        return in_child("test_util::the_global_pool_may_be_one_without_threads", CHILD);
    }
    Pool::builder().inline().install_global().unwrap();
    let here = thread::current().name().map(str::to_owned);
    assert_eq!(block_on(thread_name()), here);
}

#[test]
fn a_job_of_another_thread_wakes_the_task_that_awaits_it() {
    let pool = on_demand();
    let submission = pool.submit(|| 7);
    let runs = thread::spawn({
        let pool = pool.clone();
        move || while pool.run_next().is_none() {}
    });
    assert_eq!(block_on(submission).unwrap(), 7);
    runs.join().unwrap();
}

#[tokio::test]
async fn a_test_runs_the_jobs_beside_the_task_that_awaits_them() {
    let pool = on_demand();
    let _guard = pool.enter();
    let run = poll_fn(|_| Poll::Ready(pool.run_until_idle()));
    let (value, ran) = tokio::join!(double(4), run);
    assert_eq!((value, ran), (8, 1));
}
