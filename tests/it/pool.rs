//! What the documentation of `Pool`, `PoolBuilder` and the functions of `job` says.

use std::any::Any;
use std::cell::RefCell;
use std::pin::Pin;
use std::sync::mpsc;
use std::task::Context;
use std::thread;
use std::time::Duration;

use unblock_runtime::{BuildError, Error, Pool, PoolBuilder, Submission, TrySubmitError, job};

use crate::support::{Bomb, block_on, explosive_waker, hold, in_child, next, single};

#[test]
fn handles_and_submissions_go_to_other_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    fn sent<T: Send + 'static>() {}
    shared::<Pool>();
    shared::<Error>();
    sent::<Submission<std::cell::Cell<u8>>>();
}

#[test]
fn work_runs_on_another_thread_and_its_value_comes_back() {
    let pool = single(1);
    let here = thread::current().id();
    let (there, sum) = block_on(pool.submit(|| (thread::current().id(), 1 + 2))).unwrap();
    assert_ne!(there, here);
    assert_eq!(sum, 3);
}

#[test]
fn clones_are_handles_to_the_same_pool() {
    let pool = single(1);
    block_on(pool.clone().submit(|| ())).unwrap();
    assert_eq!(pool.stats().completed, 1);
}

#[test]
fn stats_show_the_settings() {
    let pool = Pool::builder()
        .name("settings")
        .parallelism(3)
        .max_threads(5)
        .queue_capacity(7)
        .build()
        .unwrap();
    let stats = pool.stats();
    assert_eq!(stats.name, "settings");
    assert_eq!(stats.parallelism, 3);
    assert_eq!(stats.queue_capacity, 7);
    assert_eq!(stats.submitted, 0);
}

#[test]
fn threads_are_named_after_the_pool() {
    let pool = Pool::builder().name("bob").parallelism(1).max_threads(1).build().unwrap();
    let name = block_on(pool.submit(|| thread::current().name().map(str::to_owned))).unwrap();
    assert_eq!(name.as_deref(), Some("bob-0"));
}

#[track_caller]
fn assert_refused(builder: PoolBuilder, text: &str) {
    match builder.build() {
        Err(BuildError::Setting(message)) => assert!(message.contains(text), "{message}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_setting_out_of_range_is_refused_and_named() {
    assert_refused(Pool::builder().parallelism(0), "parallelism");
    assert_refused(Pool::builder().parallelism(usize::MAX).max_threads(usize::MAX), "parallelism");
    assert_refused(Pool::builder().parallelism(2).max_threads(1), "max_threads");
    assert_refused(Pool::builder().max_threads(0), "max_threads");
    assert_refused(Pool::builder().queue_capacity(0), "queue_capacity");
    assert_refused(Pool::builder().niceness(-1), "niceness");
    assert_refused(Pool::builder().niceness(20), "niceness");
    assert_refused(Pool::builder().name(""), "name");
    assert_refused(Pool::builder().name("a\0b"), "name");
}

#[test]
fn the_ends_of_the_ranges_are_taken() {
    let smallest =
        Pool::builder().parallelism(1).max_threads(1).queue_capacity(1).keep_alive(Duration::ZERO);
    let largest = Pool::builder().parallelism(1).max_threads(usize::MAX).queue_capacity(usize::MAX);
    for builder in [smallest.niceness(0), largest.keep_alive(Duration::MAX).niceness(19)] {
        block_on(builder.build().unwrap().submit(|| ())).unwrap();
    }
}

#[test]
fn a_thread_that_the_system_does_not_start_is_an_error_of_build() {
    let too_much = 1 << 50;
    match Pool::builder().parallelism(2).stack_size(too_much).build() {
        Err(error @ BuildError::Thread(_)) => assert!(std::error::Error::source(&error).is_some()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_global_pool_is_the_installed_one_and_there_is_one_per_process() {
    const CHILD: &str = "UNBLOCK_TEST_GLOBAL_INSTALLED";
    if std::env::var_os(CHILD).is_none() {
        return in_child(
            "pool::the_global_pool_is_the_installed_one_and_there_is_one_per_process",
            CHILD,
        );
    }
    assert!(matches!(Pool::builder().parallelism(0).install_global(), Err(BuildError::Setting(_))));
    Pool::builder().name("mine").install_global().unwrap();
    assert_eq!(Pool::global().stats().name, "mine");
    block_on(Pool::global().submit(|| ())).unwrap();
    assert!(matches!(Pool::builder().install_global(), Err(BuildError::GlobalExists)));
    assert!(matches!(
        Pool::builder().parallelism(0).install_global(),
        Err(BuildError::GlobalExists)
    ));
}

#[test]
fn a_first_use_makes_the_global_pool_and_then_none_can_be_installed() {
    const CHILD: &str = "UNBLOCK_TEST_GLOBAL_USED";
    if std::env::var_os(CHILD).is_none() {
        return in_child(
            "pool::a_first_use_makes_the_global_pool_and_then_none_can_be_installed",
            CHILD,
        );
    }
    block_on(Pool::global().submit(|| ())).unwrap();
    assert!(matches!(Pool::builder().install_global(), Err(BuildError::GlobalExists)));
    assert_eq!(Pool::global().stats().name, "unblock");
}

#[test]
fn try_submit_gives_the_work_back_when_the_queue_is_full() {
    let pool = single(1);
    let held = hold(&pool);
    let queued = pool.try_submit(|| 1).unwrap();
    let refused = pool.try_submit(|| 2).unwrap_err();
    assert!(refused.is_full() && matches!(refused, TrySubmitError::Full(_)));
    assert_eq!(refused.into_inner()(), 2);
    assert_eq!(pool.stats().rejected, 1);
    held.release();
    assert_eq!(block_on(queued).unwrap(), 1);
}

#[test]
fn try_submit_gives_the_work_back_when_the_pool_is_closed() {
    let pool = single(1);
    assert!(block_on(pool.shutdown(Duration::MAX)).is_complete());
    let refused = pool.try_submit(|| 3).unwrap_err();
    assert!(!refused.is_full() && matches!(refused, TrySubmitError::Closed(_)));
    assert_eq!(refused.into_inner()(), 3);
    assert_eq!(pool.stats().rejected, 1);
}

fn payload_of(pool: &Pool, work: impl FnOnce() + Send + 'static) -> Box<dyn Any + Send> {
    match block_on(pool.submit(work)) {
        Err(Error::Panicked(panicked)) => panicked.into_payload(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_panic_comes_back_with_its_payload_and_the_worker_survives() {
    let pool = single(1);
    let worker = block_on(pool.submit(|| thread::current().id())).unwrap();
    assert_eq!(*payload_of(&pool, || panic!("a text")).downcast::<&str>().unwrap(), "a text");
    assert_eq!(
        *payload_of(&pool, || panic!("number {}", std::hint::black_box(7)))
            .downcast::<String>()
            .unwrap(),
        "number 7"
    );
    assert_eq!(*payload_of(&pool, || std::panic::panic_any(7_u8)).downcast::<u8>().unwrap(), 7);
    assert_eq!(block_on(pool.submit(|| thread::current().id())).unwrap(), worker);
    assert_eq!(pool.stats().panicked, 3);
}

#[test]
fn a_panic_can_be_resumed_in_the_caller() {
    let pool = single(1);
    let Err(Error::Panicked(panicked)) = block_on(pool.submit(|| panic!("a text"))) else {
        panic!()
    };
    assert_eq!(panicked.message(), Some("a text"));
    let caught =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| panicked.resume())).unwrap_err();
    assert_eq!(*caught.downcast::<&str>().unwrap(), "a text");
}

/// Does what its name says in the one thread of `pool`, and shows that the thread is there
/// afterwards.
#[track_caller]
fn survives(pool: &Pool, disturb: impl FnOnce()) {
    let worker = block_on(pool.submit(|| thread::current().id())).unwrap();
    disturb();
    assert_eq!(block_on(pool.submit(|| thread::current().id())).unwrap(), worker);
    assert_eq!(pool.stats().threads, 1);
}

#[test]
fn a_capture_whose_destructor_panics_is_the_jobs_panic() {
    let pool = single(1);
    survives(&pool, || {
        let bomb = Bomb;
        let outcome = block_on(pool.submit(move || {
            let _bomb = &bomb;
        }));
        assert!(matches!(outcome, Err(Error::Panicked(_))), "{outcome:?}");
    });
}

#[test]
fn a_value_whose_destructor_panics_does_not_end_the_worker() {
    let pool = single(2);
    survives(&pool, || {
        let held = hold(&pool);
        pool.submit(|| Bomb).detach();
        held.release();
    });
    assert_eq!(pool.stats().completed, 4);
}

#[test]
fn a_payload_whose_destructor_panics_does_not_end_the_worker() {
    /// Its destructor panics with another of its kind.
    struct Matryoshka(u8);
    impl Drop for Matryoshka {
        fn drop(&mut self) {
            if self.0 > 0 {
                std::panic::panic_any(Self(self.0 - 1));
            }
        }
    }
    let pool = single(2);
    survives(&pool, || {
        let held = hold(&pool);
        pool.submit(|| std::panic::panic_any(Matryoshka(3))).detach();
        held.release();
    });
    assert_eq!(pool.stats().panicked, 1);
}

#[test]
fn a_waker_that_panics_does_not_end_the_worker() {
    let pool = single(2);
    survives(&pool, || {
        let held = hold(&pool);
        let mut submission = pool.submit(|| 5);
        let waker = explosive_waker();
        assert!(Pin::new(&mut submission).poll(&mut Context::from_waker(&waker)).is_pending());
        held.release();
        block_on(pool.submit(|| ())).unwrap();
        assert_eq!(block_on(submission).unwrap(), 5);
    });
}

#[test]
fn outside_of_a_job_there_is_nothing_to_ask() {
    assert_eq!(job::name(), None);
    assert_eq!(job::deadline(), None);
    assert!(!job::is_cancelled());
}

#[test]
fn the_name_of_a_closures_job_is_the_function_that_submitted_it() {
    let pool = single(1);
    let name = block_on(pool.submit(|| job::name().unwrap())).unwrap();
    assert!(
        name.ends_with("the_name_of_a_closures_job_is_the_function_that_submitted_it"),
        "{name}"
    );
}

#[test]
fn a_job_without_a_timeout_has_no_deadline_and_is_not_cancelled() {
    let pool = single(1);
    assert_eq!(
        block_on(pool.submit(|| (job::deadline(), job::is_cancelled()))).unwrap(),
        (None, false)
    );
}

/// What a job owned is dropped when the job is over and not the current one any more.
#[test]
fn a_destructor_that_asks_for_the_running_job_is_answered() {
    struct Asks(std::sync::mpsc::Sender<Option<&'static str>>);
    impl Drop for Asks {
        fn drop(&mut self) {
            let _ = self.0.send(job::name());
        }
    }
    let pool = single(2);
    let (told, tells) = std::sync::mpsc::channel();
    let held = hold(&pool);
    pool.submit(move || Asks(told)).detach();
    held.release();
    assert_eq!(crate::support::next(&tells), None);
}

#[test]
fn the_parallelism_follows_from_max_threads_where_that_is_less_than_the_cores() {
    let pool = Pool::builder().max_threads(1).build().unwrap();
    assert_eq!(pool.stats().parallelism, 1);
    block_on(pool.submit(|| ())).unwrap();
}

/// A thread's locals are destroyed after the one that holds the job.
#[test]
fn a_destructor_of_a_threads_local_may_ask_for_the_job() {
    struct Asks(mpsc::Sender<bool>);
    impl Drop for Asks {
        fn drop(&mut self) {
            let is_none = job::name().is_none() && job::deadline().is_none();
            let _ = self.0.send(is_none && !job::is_cancelled());
        }
    }
    thread_local!(static ASKS: RefCell<Option<Asks>> = const { RefCell::new(None) });
    let (told, tells) = mpsc::channel();
    let pool = single(1);
    block_on(pool.submit(move || {
        ASKS.set(Some(Asks(told)));
        assert!(job::name().is_some());
    }))
    .unwrap();
    drop(pool);
    assert!(next(&tells));
}

#[test]
fn the_text_of_a_panic_is_for_the_log_and_not_for_clients() {
    let pool = single(1);
    let error = block_on(pool.submit(|| panic!("the password is 1234"))).unwrap_err();
    assert_eq!(error.to_string(), "the job panicked");
    assert!(format!("{error:?}").contains("1234"));
}

#[test]
fn an_overload_names_the_time_to_come_back_if_it_is_known() {
    let text = |retry_after| Error::Overloaded { retry_after }.to_string();
    assert_eq!(text(Duration::ZERO), "the pool is overloaded; try again later");
    let known = text(Duration::from_millis(1500));
    assert_eq!(known, "the pool is overloaded; try again in 1.5s");
}
