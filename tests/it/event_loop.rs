//! The loop's mailbox: callbacks and results arrive on the loop's thread, and many cost one
//! wake-up.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread, ThreadId};

use unblock_runtime::{EventLoop, LoopClosed, LoopHandle, Pool, Submission};

use crate::support::{Ledger, block_on, eventually, explosive_waker, hold, next, single};

/// An executor for one task that counts who wakes it.
struct Counting {
    thread: Thread,
    woken: AtomicBool,
    here: AtomicUsize,
    elsewhere: AtomicUsize,
}

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        let here = thread::current().id() == self.thread.id();
        let counter = if here { &self.here } else { &self.elsewhere };
        counter.fetch_add(1, Ordering::SeqCst);
        self.woken.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}

impl Counting {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            thread: thread::current(),
            woken: AtomicBool::new(false),
            here: AtomicUsize::new(0),
            elsewhere: AtomicUsize::new(0),
        })
    }

    fn run<F: Future>(self: &Arc<Self>, future: F) -> F::Output {
        let waker = Waker::from(Arc::clone(self));
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return output;
            }
            eventually("the loop is woken", || {
                thread::park_timeout(std::time::Duration::from_secs(1));
                self.woken.swap(false, Ordering::SeqCst)
            });
        }
    }

    fn elsewhere(&self) -> usize {
        self.elsewhere.load(Ordering::SeqCst)
    }
}

/// Waits for all of them, polling all at each wake-up.
async fn all<T>(mut submissions: Vec<Submission<T>>) -> Vec<T> {
    let mut values: Vec<Option<T>> = submissions.iter().map(|_| None).collect();
    poll_fn(|cx| {
        for (submission, value) in submissions.iter_mut().zip(&mut values) {
            if value.is_none()
                && let Poll::Ready(outcome) = Pin::new(submission).poll(cx)
            {
                *value = Some(outcome.unwrap());
            }
        }
        if values.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    values.into_iter().flatten().collect()
}

/// Gives way to the loop once.
async fn yield_once() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// What was called, and on which thread.
type Calls = Arc<Mutex<Vec<(u32, ThreadId)>>>;

fn note(calls: &Calls, number: u32) -> impl FnOnce() + Send + 'static {
    let calls = Arc::clone(calls);
    move || calls.lock().unwrap().push((number, thread::current().id()))
}

#[test]
fn callbacks_run_on_the_loops_thread_in_order_from_any_thread_and_from_before_it_runs() {
    let event_loop = EventLoop::new();
    let handle = event_loop.handle();
    let calls = Calls::default();
    handle.add_callback(note(&calls, 0)).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| handle.add_callback(note(&calls, 1)).unwrap()).join().unwrap();
    });
    assert!(calls.lock().unwrap().is_empty(), "they wait for the loop");
    block_on(event_loop.run(async {
        thread::scope(|scope| {
            scope.spawn(|| handle.add_callback(note(&calls, 2)).unwrap()).join().unwrap();
        });
        handle.add_callback(note(&calls, 3)).unwrap();
        assert_eq!(calls.lock().unwrap().len(), 2, "a callback does not interrupt a task");
        yield_once().await;
    }));
    let here = thread::current().id();
    assert_eq!(*calls.lock().unwrap(), [(0, here), (1, here), (2, here), (3, here)]);
}

#[test]
fn a_callback_wakes_a_loop_that_sleeps() {
    let event_loop = EventLoop::new();
    let handle = event_loop.handle();
    let executor = Counting::new();
    let called = Rc::new(RefCell::new(false));
    let (tell, told) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            next(&told);
            handle.add_callback(|| CALLED.set(true)).unwrap();
        });
        let seen = Rc::clone(&called);
        executor.run(event_loop.run(poll_fn(move |_| {
            let _ = tell.send(());
            *seen.borrow_mut() = CALLED.get();
            if CALLED.get() { Poll::Ready(()) } else { Poll::Pending }
        })));
    });
    assert!(*called.borrow());
    assert_eq!(executor.elsewhere(), 1);
}

thread_local! {
    static CALLED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

#[test]
fn a_callback_may_add_a_callback() {
    let event_loop = EventLoop::new();
    let handle = event_loop.handle();
    let calls = Calls::default();
    block_on(event_loop.run(async {
        let (again, then) = (handle.clone(), note(&calls, 1));
        let first = note(&calls, 0);
        handle
            .add_callback(move || {
                first();
                again.add_callback(then).unwrap();
            })
            .unwrap();
        while calls.lock().unwrap().len() < 2 {
            yield_once().await;
        }
    }));
}

#[test]
fn after_the_end_callbacks_are_refused_with_loop_closed() {
    let event_loop = EventLoop::new();
    let handle = event_loop.handle();
    block_on(event_loop.run(async {}));
    let ledger = Ledger::default();
    let guard = ledger.guard();
    assert_eq!(handle.add_callback(move || drop(guard)), Err(LoopClosed));
    assert_eq!(ledger.dropped(), 1);
}

#[test]
fn a_loop_that_ends_drops_the_callbacks_that_it_has_not_come_to() {
    let event_loop = EventLoop::new();
    let handle = event_loop.handle();
    let ledger = Ledger::default();
    block_on(event_loop.run(async {
        let guard = ledger.guard();
        handle
            .add_callback(move || {
                let _guard = guard;
                panic!("it must not run");
            })
            .unwrap();
    }));
    assert_eq!(ledger.dropped(), 1);
}

#[test]
fn a_loop_that_never_runs_refuses_callbacks_when_it_is_gone() {
    let event_loop = EventLoop::new();
    let handle = event_loop.handle();
    let ledger = Ledger::default();
    let guard = ledger.guard();
    handle.add_callback(move || drop(guard)).unwrap();
    drop(event_loop);
    assert_eq!(ledger.dropped(), 1);
    assert_eq!(handle.add_callback(|| ()), Err(LoopClosed));

    let event_loop = EventLoop::new();
    let handle = event_loop.handle();
    drop(event_loop.run(async {}));
    assert_eq!(handle.add_callback(|| ()), Err(LoopClosed));
}

#[test]
fn a_loop_whose_run_is_dropped_half_way_ends_there() {
    let event_loop = EventLoop::new();
    let handle = event_loop.handle();
    let mut running = Box::pin(event_loop.run(std::future::pending::<()>()));
    assert!(crate::support::poll_once(&mut running).is_pending());
    assert!(LoopHandle::current().is_some());
    drop(running);
    assert!(LoopHandle::current().is_none());
    assert_eq!(handle.add_callback(|| ()), Err(LoopClosed));
}

#[test]
fn a_callback_that_panics_does_not_end_the_loop_nor_keep_back_the_next() {
    let event_loop = EventLoop::new();
    let handle = event_loop.handle();
    let calls = Calls::default();
    handle.add_callback(|| panic!("as a callback may")).unwrap();
    handle.add_callback(note(&calls, 1)).unwrap();
    block_on(event_loop.run(async {
        yield_once().await;
        handle.add_callback(note(&calls, 2)).unwrap();
        yield_once().await;
    }));
    assert_eq!(calls.lock().unwrap().len(), 2);
}

#[test]
fn a_task_whose_waker_panics_does_not_end_the_loop_nor_keep_back_the_next() {
    let pool = single(8);
    let value = block_on(EventLoop::new().run(async {
        let held = hold(&pool);
        let waker = explosive_waker();
        let mut first = pool.submit(|| ());
        assert!(Pin::new(&mut first).poll(&mut Context::from_waker(&waker)).is_pending());
        let second = pool.submit(|| 2);
        held.gate.open();
        held.submission.await.unwrap();
        second.await.unwrap()
    }));
    assert_eq!(value, 2);
}

#[test]
fn current_is_the_loop_that_this_thread_runs() {
    assert!(LoopHandle::current().is_none());
    block_on(EventLoop::new().run(async {
        let handle = LoopHandle::current().expect("a loop runs here");
        let calls = Calls::default();
        handle.add_callback(note(&calls, 1)).unwrap();
        yield_once().await;
        assert_eq!(calls.lock().unwrap().len(), 1);
        assert!(thread::spawn(|| LoopHandle::current().is_none()).join().unwrap());
    }));
    assert!(LoopHandle::current().is_none());
}

#[test]
fn many_completions_while_the_loop_is_busy_cost_it_one_wake_up() {
    const JOBS: usize = 100;
    let pool = single(JOBS + 1);
    let executor = Counting::new();
    let values = executor.run(EventLoop::new().run(async {
        let held = hold(&pool);
        let submissions: Vec<_> = (0..JOBS).map(|number| pool.submit(move || number)).collect();
        let mut results = Box::pin(all(submissions));
        poll_fn(|cx| {
            assert!(results.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        // The loop is busy here until the one worker has done with all of them.
        held.gate.open();
        let (done, dones) = mpsc::channel();
        pool.submit(move || done.send(()).unwrap()).detach();
        next(&dones);
        assert_eq!(executor.elsewhere(), 1);
        results.await
    }));
    assert_eq!(values, (0..JOBS).collect::<Vec<_>>());
    // And the tasks were woken here, not from the worker.
    assert_eq!(executor.elsewhere(), 1);
    assert_eq!(executor.here.load(Ordering::SeqCst), JOBS);
}

#[test]
fn without_a_loop_each_completion_wakes_its_task_directly() {
    const JOBS: usize = 10;
    let pool = single(JOBS);
    let executor = Counting::new();
    let held = hold(&pool);
    let submissions: Vec<_> = (0..JOBS).map(|number| pool.submit(move || number)).collect();
    let mut gate = Some(held.gate.clone());
    let mut results = Box::pin(all(submissions));
    executor.run(poll_fn(|cx| {
        let outcome = results.as_mut().poll(cx);
        if let Some(gate) = gate.take() {
            gate.open();
        }
        outcome.map(drop)
    }));
    // A result can be found by a poll before its own wake-up has come.
    eventually("each has woken the task", || executor.elsewhere() == JOBS);
}

#[test]
fn code_after_the_await_runs_on_the_loops_thread() {
    let pool = single(8);
    let here = thread::current().id();
    let not_send = Rc::new(RefCell::new(Vec::new()));
    let written = Rc::clone(&not_send);
    block_on(EventLoop::new().run(async move {
        for number in 0..20 {
            let (there, number) =
                pool.submit(move || (thread::current().id(), number)).await.unwrap();
            assert_ne!(there, here);
            written.borrow_mut().push((number, thread::current().id()));
        }
    }));
    assert_eq!(*not_send.borrow(), (0..20).map(|number| (number, here)).collect::<Vec<_>>());
}

#[test]
fn a_loop_inside_a_loop_gives_the_thread_back_to_the_outer_one() {
    let pool = single(8);
    block_on(EventLoop::new().run(async {
        let outer = LoopHandle::current().unwrap();
        let calls = Calls::default();
        // Blocked on, as code that knows nothing of the outer loop does, and awaited.
        block_on(EventLoop::new().run(async {
            LoopHandle::current().unwrap().add_callback(note(&calls, 1)).unwrap();
            outer.add_callback(note(&calls, 2)).unwrap();
            assert_eq!(pool.submit(|| 1).await.unwrap(), 1);
            yield_once().await;
            assert_eq!(
                calls.lock().unwrap().len(),
                1,
                "the outer loop's callback waits for the outer loop"
            );
        }));
        EventLoop::new().run(async { assert_eq!(pool.submit(|| 2).await.unwrap(), 2) }).await;
        LoopHandle::current().expect("the outer loop").add_callback(note(&calls, 3)).unwrap();
        yield_once().await;
        let order: Vec<u32> = calls.lock().unwrap().iter().map(|call| call.0).collect();
        assert_eq!(order, [1, 2, 3]);
        assert_eq!(pool.submit(|| 3).await.unwrap(), 3);
    }));
}

#[test]
fn a_submission_that_is_polled_in_a_loop_and_then_elsewhere_wakes_where_it_is() {
    let pool = single(8);
    let held = hold(&pool);
    let mut submission = pool.submit(|| 4);
    block_on(EventLoop::new().run(poll_fn(|cx| {
        assert!(Pin::new(&mut submission).poll(cx).is_pending());
        Poll::Ready(())
    })));
    let other = thread::spawn(move || {
        held.gate.open();
        block_on(submission).unwrap()
    });
    assert_eq!(other.join().unwrap(), 4);
}

#[test]
fn a_task_that_outlives_its_loop_is_woken_all_the_same() {
    let pool = single(8);
    let held = hold(&pool);
    let executor = Counting::new();
    let mut submission = pool.submit(|| 5);
    executor.run(EventLoop::new().run(poll_fn(|cx| {
        assert!(Pin::new(&mut submission).poll(cx).is_pending());
        Poll::Ready(())
    })));
    held.gate.open();
    eventually("the task is woken by the worker", || executor.elsewhere() == 1);
    assert_eq!(block_on(submission).unwrap(), 5);
}

#[test]
fn works_under_tokios_current_thread_runtime_with_a_local_set() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let pool = Pool::builder().parallelism(2).build().unwrap();
    let here = thread::current().id();
    let local = tokio::task::LocalSet::new();
    local.block_on(
        &runtime,
        EventLoop::new().run(async move {
            let sum = Rc::new(RefCell::new(0));
            let tasks: Vec<_> = (0..50)
                .map(|number| {
                    let (pool, sum) = (pool.clone(), Rc::clone(&sum));
                    tokio::task::spawn_local(async move {
                        let value = pool.submit(move || number).await.unwrap();
                        assert_eq!(thread::current().id(), here);
                        *sum.borrow_mut() += value;
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            assert_eq!(*sum.borrow(), 50 * 49 / 2);
        }),
    );
}

#[test]
fn works_under_tokios_multi_thread_runtime_without_a_loop() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let pool = Pool::builder().parallelism(2).queue_capacity(4).build().unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..200_u64)
            .map(|number| {
                let pool = pool.clone();
                tokio::spawn(async move { pool.submit(move || number).await.unwrap() })
            })
            .collect();
        let mut sum = 0;
        for task in tasks {
            sum += task.await.unwrap();
        }
        assert_eq!(sum, 200 * 199 / 2);
    });
    assert_eq!(pool.stats().completed, 200);
}

/// A mistake that is made all the same: the outcome comes while the loop is blocked on it.
#[test]
fn a_job_that_is_blocked_on_inside_a_loop_completes() {
    let pool = single(1);
    let value = block_on(EventLoop::new().run(async { block_on(pool.submit(|| 7)) }));
    assert_eq!(value.unwrap(), 7);
}

#[test]
fn a_callback_that_panics_as_it_is_dropped_keeps_back_no_wake_up() {
    struct Explodes;
    impl Drop for Explodes {
        fn drop(&mut self) {
            panic!("a callback's own fault");
        }
    }
    let pool = single(1);
    let held = hold(&pool);
    let event_loop = EventLoop::new();
    let handle = event_loop.handle();
    let (told, tells) = mpsc::channel();
    let mut submission = held.submission;
    // The loop ends with a callback and then a wake-up in its mailbox.
    block_on(event_loop.run(async {
        let tell = Waker::from(Arc::new(Tell(Mutex::new(told))));
        assert!(Pin::new(&mut submission).poll(&mut Context::from_waker(&tell)).is_pending());
        let explodes = Explodes;
        handle.add_callback(move || drop(explodes)).unwrap();
        held.gate.open();
        eventually("the job has ended", || pool.stats().completed == 1);
    }));
    next(&tells);
}

struct Tell(Mutex<mpsc::Sender<()>>);

impl Wake for Tell {
    fn wake(self: Arc<Self>) {
        let _ = self.0.lock().unwrap().send(());
    }
}
