//! What functions under `#[unblock]` do when they run.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread, ThreadId};
use std::time::Duration;

use unblock_runtime::{Error, Pool, job, unblock};

type Answer = (ThreadId, u64);

fn answer(value: u64) -> Answer {
    (thread::current().id(), value)
}

#[track_caller]
fn assert_away(answer: Answer, expected: u64) {
    assert_ne!(answer.0, thread::current().id(), "the body ran on the caller's thread");
    assert_eq!(answer.1, expected);
}

#[derive(Clone)]
struct Store {
    rows: u64,
}

impl fmt::Debug for Store {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Store of {}", self.rows)
    }
}

impl Store {
    #[unblock]
    fn by_reference(&self, more: u64) -> Answer {
        answer(self.rows + more)
    }

    #[unblock]
    fn by_value(self) -> Answer {
        answer(self.rows)
    }

    #[unblock]
    fn by_mutable_value(mut self) -> Answer {
        self.rows *= 2;
        answer(self.rows)
    }

    #[unblock]
    fn by_arc(self: Arc<Self>) -> Answer {
        answer(self.rows)
    }

    #[unblock]
    fn by_borrowed_arc(self: &Arc<Self>) -> Answer {
        // The body sees the same `Arc`, cloned: one at the caller, one here.
        answer(u64::try_from(Arc::strong_count(self)).unwrap())
    }

    #[unblock]
    fn associated(rows: u64) -> (ThreadId, Self) {
        (thread::current().id(), Self { rows })
    }

    #[unblock]
    fn described(&self, text: &str) -> Result<String, std::num::ParseIntError> {
        if text.is_empty() {
            return Ok(format!("{self:?}, {{self}}, {}", self.rows));
        }
        let n: u64 = text.parse()?;
        let mut all = vec![self.rows];
        all.push(n);
        let nested = || format!("{}", all.iter().map(|row| row + self.rows).sum::<u64>());
        Ok(format!("{self:?} {}", nested()))
    }

    #[unblock]
    fn job_name(&self) -> Option<&'static str> {
        job::name()
    }
}

trait Count {
    async fn count(&self) -> Answer;
}

impl Count for Store {
    #[unblock]
    fn count(&self) -> Answer {
        answer(self.rows)
    }
}

trait Provided: Clone + Send + Sync + 'static {
    fn rows(&self) -> u64;

    #[unblock]
    fn doubled(&self) -> Answer {
        answer(self.rows() * 2)
    }
}

impl Provided for Store {
    fn rows(&self) -> u64 {
        self.rows
    }
}

#[test]
fn every_receiver_runs_elsewhere() {
    let store = Store { rows: 7 };
    let arc = Arc::new(store.clone());
    block_on(async {
        assert_away(store.by_reference(1).await, 8);
        assert_away(store.clone().by_value().await, 7);
        assert_away(store.clone().by_mutable_value().await, 14);
        assert_away(Arc::clone(&arc).by_arc().await, 7);
        assert_away(arc.by_borrowed_arc().await, 2);
        let (thread, made) = Store::associated(3).await;
        assert_away((thread, made.rows), 3);
        assert_away(store.count().await, 7);
        assert_away(store.doubled().await, 14);
    });
}

#[unblock]
fn borrowed(text: &str, bytes: &[u8], path: &Path, number: &u64) -> (Answer, String, PathBuf) {
    (answer(u64::from(bytes[0]) + number), text.to_uppercase(), path.join("there"))
}

#[unblock]
#[expect(clippy::many_single_char_names, reason = "there are many patterns")]
fn patterns(
    (a, mut b): (u64, u64),
    [c, .., d]: [u64; 4],
    &e: &u64,
    mut f: u64,
    whole @ (g, _): (u64, u64),
) -> Answer {
    b *= 10;
    f *= 100;
    answer(a + b + c + d + e + f + g + whole.1)
}

#[unblock]
fn generic<T: Clone + Send + 'static, const N: usize>(
    item: &T,
    then: impl FnOnce([T; N]) -> u64 + Send + 'static,
) -> Answer {
    answer(then(std::array::from_fn(|_| item.clone())))
}

#[unblock]
fn opaque(text: String) -> Result<impl Iterator<Item = char> + Send, Error> {
    Ok(text.chars().rev().collect::<Vec<_>>().into_iter())
}

#[test]
fn arguments_arrive() {
    block_on(async {
        let (answer, text, path) = borrowed("text", &[1], Path::new("/here"), &2).await;
        assert_away(answer, 3);
        assert_eq!(text, "TEXT");
        assert_eq!(path, Path::new("/here/there"));
        assert_away(
            patterns((1, 2), [3, 0, 0, 4], &5, 6, (7, 8)).await,
            1 + 20 + 3 + 4 + 5 + 600 + 7 + 8,
        );
        assert_away(generic(&3_u64, |items: [u64; 4]| items.iter().sum()).await, 12);
        assert_eq!(opaque("abc".to_owned()).await.unwrap().collect::<String>(), "cba");
    });
}

#[test]
fn bodies_use_self_return_question_mark_and_macros() {
    let store = Store { rows: 2 };
    block_on(async {
        assert_eq!(store.described("").await.unwrap(), "Store of 2, {self}, 2");
        assert_eq!(store.described("5").await.unwrap(), "Store of 2 11");
        assert!(store.described("x").await.is_err());
    });
}

/// Tells on which thread it was dropped.
struct Probe(Sender<ThreadId>);

impl Drop for Probe {
    fn drop(&mut self) {
        // The test may have ended by a failed assertion; then nobody listens.
        let _ = self.0.send(thread::current().id());
    }
}

fn probe() -> (Probe, Receiver<ThreadId>) {
    let (sender, receiver) = mpsc::channel();
    (Probe(sender), receiver)
}

#[unblock]
fn keeps_nothing(_unused: Probe, _: Probe, (_, _): (Probe, u8), ignored: Probe) -> ThreadId {
    let _ = &ignored;
    thread::current().id()
}

#[test]
fn arguments_are_dropped_once_and_on_the_worker() {
    let (probes, drops): (Vec<_>, Vec<_>) = (0..4).map(|_| probe()).unzip();
    let Ok([a, b, c, d]) = <[Probe; 4]>::try_from(probes) else { unreachable!() };
    let worker = block_on(keeps_nothing(a, b, (c, 1), d));
    for drop in drops {
        assert_eq!(drop.recv(), Ok(worker));
        assert!(drop.recv().is_err(), "the sender is gone with the only drop");
    }
}

#[unblock(pool = POOL)]
fn on_a_pool(_probe: Probe) {}

static POOL: LazyLock<Pool> =
    LazyLock::new(|| Pool::builder().name("macros").parallelism(1).build().unwrap());

#[test]
fn nothing_is_submitted_before_the_first_poll() {
    let (first, first_drops) = probe();
    let never_polled = on_a_pool(first);
    assert_eq!(POOL.stats().submitted, 0);
    drop(never_polled);
    assert_eq!(first_drops.recv(), Ok(thread::current().id()));
    assert_eq!(POOL.stats().submitted, 0);

    let (second, second_drops) = probe();
    block_on(on_a_pool(second));
    assert_eq!(POOL.stats().submitted, 1);
    assert_ne!(second_drops.recv(), Ok(thread::current().id()));
}

#[unblock]
fn panics(text: &str) -> u64 {
    panic!("{text}!")
}

#[unblock]
fn panics_with_a_number() {
    std::panic::panic_any(42_u8);
}

#[derive(Debug)]
enum AppError {
    Pool(Error),
    Own,
}

impl From<Error> for AppError {
    fn from(error: Error) -> Self {
        AppError::Pool(error)
    }
}

#[unblock]
fn fallible(text: &str) -> Result<u64, AppError> {
    if text.is_empty() { Err(AppError::Own) } else { panic!("{text}") }
}

#[test]
fn a_panic_goes_on_in_the_caller_with_its_payload() {
    let payload = catch_unwind(AssertUnwindSafe(|| block_on(panics("broken")))).unwrap_err();
    assert_eq!(payload.downcast_ref::<String>().map(String::as_str), Some("broken!"));
    let payload = catch_unwind(AssertUnwindSafe(|| block_on(panics_with_a_number()))).unwrap_err();
    assert_eq!(payload.downcast_ref::<u8>(), Some(&42));
}

#[test]
fn a_panic_is_an_error_where_the_function_can_return_it() {
    assert!(matches!(block_on(fallible("broken")), Err(AppError::Pool(Error::Panicked(_)))));
    assert!(matches!(block_on(fallible("")), Err(AppError::Own)));
}

#[unblock(timeout = limit)]
fn waits(limit: Duration, gate: Receiver<()>) -> Result<Duration, AppError> {
    // Ends when the test drops the other end.
    let _ = gate.recv();
    Ok(limit)
}

#[unblock(pool = pools.0, timeout = pools.1 * scale, shed, detach)]
fn with_options(pools: &(Pool, Duration), scale: u32) -> Result<Answer, AppError> {
    Ok(answer(u64::from(job::deadline().is_some())))
}

#[unblock(pool = state.0, timeout = "1h")]
fn pool_from_a_pattern((state, n): ((Pool, u8), u64)) -> Result<Answer, Error> {
    Ok(answer(n + u64::from(state.1)))
}

#[test]
fn options_reach_the_pool() {
    let pool = Pool::builder().name("options").parallelism(1).build().unwrap();
    block_on(async {
        assert_away(with_options(&(pool.clone(), Duration::from_mins(1)), 60).await.unwrap(), 1);
        assert_away(pool_from_a_pattern(((pool.clone(), 1), 2)).await.unwrap(), 3);
    });
    assert_eq!(pool.stats().submitted, 2);
}

#[test]
fn a_timeout_comes_back_as_the_functions_error() {
    let (open, gate) = mpsc::channel();
    let late = block_on(waits(Duration::from_millis(1), gate));
    assert!(matches!(late, Err(AppError::Pool(Error::TimedOut))), "{late:?}");
    drop(open);
}

#[unblock]
fn free_job_name() -> Option<&'static str> {
    job::name()
}

#[unblock(name = "the third")]
fn given_job_name<T: Send + 'static>(_: T) -> Option<&'static str> {
    job::name()
}

#[test]
fn jobs_are_named_after_their_function() {
    block_on(async {
        assert_eq!(Store { rows: 1 }.job_name().await, Some("Store::job_name"));
        assert_eq!(free_job_name().await, Some("macros::free_job_name"));
        assert_eq!(given_job_name(1).await, Some("the third"));
    });
}

#[test]
fn works_on_a_current_thread_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let store = Store { rows: 1 };
    assert_away(runtime.block_on(store.by_reference(1)), 2);
}

#[test]
fn works_on_a_multi_thread_runtime_and_in_a_spawned_task() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let spawned = runtime.spawn(async {
        let store = Store { rows: 1 };
        let before = thread::current().id();
        let answer = store.by_reference(1).await;
        assert_ne!(answer.0, before);
        answer.1
    });
    assert_eq!(runtime.block_on(spawned).unwrap(), 2);
}

#[test]
fn a_paused_clock_of_tokio_stands_still_while_its_own_thread_waits() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let (open, gate) = mpsc::channel();
        let store = Store { rows: 1 };
        let handle = tokio::runtime::Handle::current();
        let call = tokio::task::spawn_blocking(move || {
            handle.block_on(async {
                let _: mpsc::RecvTimeoutError = waits_at(gate).await;
                store.job_name().await
            })
        });
        let limited = tokio::time::timeout(Duration::from_mins(1), call);
        // What opens the gate is no timer, so the clock has every chance to run on.
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            drop(open);
        });
        assert_eq!(limited.await.unwrap().unwrap(), Some("Store::job_name"));
    });
}

#[unblock]
fn waits_at(gate: Receiver<()>) -> mpsc::RecvTimeoutError {
    gate.recv_timeout(Duration::from_mins(1)).unwrap_err()
}

/// The smallest executor there is.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}
