//! One deadline for all jobs of a future.

use std::convert::Infallible;
use std::future::{Future, pending, ready};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use unblock_runtime::tower::DeadlineLayer;
use unblock_runtime::{Error, Pool, job, unblock};

use crate::client::Client;
use crate::support::{DEADLINE, block_on, eventually, hold, poll_once, single};

#[unblock(pool = pool)]
fn deadline(pool: &Pool) -> Option<Instant> {
    let _ = pool;
    job::deadline()
}

#[test]
fn a_job_inherits_the_deadline_of_the_scope_that_submits_it_and_of_no_other() {
    let pool = single(8);
    let scope = job::within(DEADLINE, async {
        let closure = pool.submit(job::deadline).await.unwrap();
        assert!(closure.is_some());
        assert_eq!(deadline(&pool).await, closure);
        assert_eq!(pool.try_submit(job::deadline).unwrap().await.unwrap(), closure);
        let own = pool.job("own").timeout(DEADLINE / 2).submit(job::deadline).await.unwrap();
        assert!(own < closure, "the nearer counts");
        closure
    });
    let mut scope = Box::pin(scope);
    let _ = poll_once(&mut scope);
    // Between two polls, and after the last one, the thread works for nobody.
    assert_eq!(block_on(pool.submit(job::deadline)).unwrap(), None);
    assert!(block_on(scope).is_some());
    assert_eq!(block_on(pool.submit(job::deadline)).unwrap(), None);
}

#[test]
fn the_nearest_of_nested_scopes_counts() {
    let pool = single(8);
    let seen = || async { pool.submit(job::deadline).await.unwrap().unwrap() };
    let (outer, longer, shorter, after) = block_on(job::within(DEADLINE, async {
        let outer = seen().await;
        let longer = job::within(DEADLINE * 2, seen()).await;
        let shorter = job::within(DEADLINE / 2, seen()).await;
        (outer, longer, shorter, seen().await)
    }));
    assert_eq!(outer, longer);
    assert!(shorter < outer);
    assert_eq!(outer, after);
    assert!(block_on(job::within(Duration::MAX, async { deadline(&pool).await })).is_none());
}

#[test]
fn a_job_of_a_scope_that_is_over_never_runs_and_its_caller_is_woken_by_nobody_but_the_deadline() {
    let pool = single(8);
    let held = hold(&pool);
    let scope = job::within(Duration::from_millis(1), async { pool.submit(|| ()).await });
    assert!(matches!(block_on(scope), Err(Error::TimedOut)));
    held.release();
    assert_eq!((pool.stats().timed_out, pool.stats().completed), (1, 1));
}

#[test]
fn the_scope_itself_goes_on_when_its_time_is_over() {
    let pool = single(8);
    let both =
        block_on(job::within(Duration::ZERO, async { (pool.submit(|| 1).await, ready(2).await) }));
    assert!(matches!(both, (Err(Error::TimedOut), 2)), "{both:?}");
    let mut endless = Box::pin(job::within(Duration::ZERO, pending::<()>()));
    assert!(poll_once(&mut endless).is_pending());
}

#[test]
fn shed_sees_the_time_that_is_left_of_a_scope() {
    #[unblock(pool = pool, shed)]
    fn shed(pool: &Pool) -> Result<(), Error> {
        let _ = pool;
        Ok(())
    }
    let pool = single(8);
    block_on(shed(&pool)).unwrap();
    block_on(pool.submit(|| std::thread::sleep(Duration::from_millis(300)))).unwrap();
    let held = hold(&pool);
    let _waits = pool.submit(|| ());
    // What waits is expected to take a few milliseconds at the least.
    let refused = block_on(job::within(Duration::ZERO, shed(&pool)));
    assert!(matches!(refused, Err(Error::Overloaded { .. })), "{refused:?}");
    let mut admitted = Box::pin(job::within(DEADLINE, shed(&pool)));
    assert!(poll_once(&mut admitted).is_pending());
    held.release();
    block_on(admitted).unwrap();
}

#[test]
fn a_detached_job_is_given_the_time_that_it_takes() {
    let pool = single(8);
    let held = hold(&pool);
    block_on(job::within(Duration::ZERO, async { pool.submit(|| ()).detach() }));
    held.release();
    eventually("it ran", || pool.stats().completed == 2);
}

#[test]
fn a_panic_in_a_scope_leaves_no_deadline_behind() {
    let pool = single(8);
    let scope = std::panic::AssertUnwindSafe(|| {
        block_on(job::within(DEADLINE, async { panic!("a scope panics") }));
    });
    assert!(std::panic::catch_unwind(scope).is_err());
    assert_eq!(block_on(pool.submit(job::deadline)).unwrap(), None);
}

#[test]
fn a_scope_that_is_dropped_cancels_its_jobs() {
    let pool = single(8);
    let held = hold(&pool);
    let mut scope = Box::pin(job::within(DEADLINE, async { pool.submit(|| ()).await }));
    assert!(poll_once(&mut scope).is_pending());
    drop(scope);
    assert_eq!(pool.stats().cancelled, 1);
    held.release();
}

/// Outside of the server nobody responds to the error, so it is a panic with a text.
#[test]
fn a_call_that_cannot_fail_panics_with_a_text_when_the_scope_is_over() {
    let pool = single(8);
    let held = hold(&pool);
    let call = std::panic::AssertUnwindSafe(|| {
        block_on(job::within(Duration::ZERO, async { deadline(&pool).await }))
    });
    let payload = std::panic::catch_unwind(call).unwrap_err();
    assert!(payload.downcast_ref::<String>().is_some_and(|text| text.contains("cannot fail")));
    held.release();
}

/// A scope may be polled by the threads of a runtime in turn.
#[test]
fn a_scope_can_be_sent_between_threads() {
    fn assert_send<T: Send>(value: T) -> T {
        value
    }
    let pool = single(8);
    let scope = assert_send(job::within(DEADLINE, async move { pool.submit(job::deadline).await }));
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    assert!(runtime.block_on(runtime.spawn(scope)).unwrap().unwrap().is_some());
}

#[test]
fn a_request_under_axums_own_server_has_the_deadline_of_the_layer() {
    let pool = single(8);
    let (on, runs) = (pool.clone(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&runs);
    let handler = get(async move || {
        let runs = Arc::clone(&counted);
        on.submit(move || runs.fetch_add(1, Ordering::SeqCst)).await.map(|_| "counted\n")
    });
    let router =
        Router::new().route("/", handler).layer(DeadlineLayer::new(Duration::from_millis(50)));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move { axum::serve(listener, router).await });
    let client = Client::new(address);
    let held = hold(&pool);
    client.get("/").assert_line(504);
    held.release();
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    eventually("a response in time", || client.get("/").told() == (200, "counted\n"));
}

/// A service that asks for the deadline when it is called, and again when its future is polled.
#[derive(Clone)]
struct Asks(Pool, Arc<Mutex<Vec<Option<Instant>>>>);

impl tower_service::Service<()> for Asks {
    type Response = ();
    type Error = Infallible;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<(), Infallible>>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (): ()) -> Self::Future {
        let Self(pool, seen) = self.clone();
        let at_call = pool.submit(job::deadline);
        Box::pin(async move {
            let both = [at_call.await.unwrap(), pool.submit(job::deadline).await.unwrap()];
            seen.lock().unwrap().extend(both);
            Ok(())
        })
    }
}

#[test]
fn the_layer_covers_the_call_of_the_service_and_its_future_with_one_deadline() {
    use tower_layer::Layer;
    use tower_service::Service;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let mut service = DeadlineLayer::new(DEADLINE).layer(Asks(single(8), Arc::clone(&seen)));
    block_on(service.call(())).unwrap();
    let seen = seen.lock().unwrap();
    assert!(seen[0].is_some() && seen[0] == seen[1], "{seen:?}");
}
