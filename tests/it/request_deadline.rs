//! The deadline of a request: who inherits it, and what the client is told when it has passed.
//! Where a test waits for one to pass, it waits for the 504; nothing depends on how fast anything
//! is.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::{get, post};
use http_body_util::channel::Channel;
use hyper::Method;
use unblock_runtime::server::{RunningServer, Server};
use unblock_runtime::{Error, Pool, job, unblock};

use crate::client::{Bare, Client};
use crate::support::{Gate, assert_conserved, block_on, eventually, hold, in_child, next, single};

const SHORT: Duration = Duration::from_millis(50);
const HOUR: Duration = Duration::from_hours(1);
const GIVEN_UP: &str = "this took too long and was given up\n";

fn start(timeout: Option<Duration>, router: Router) -> RunningServer {
    let mut builder = Server::builder().loops(1);
    if let Some(timeout) = timeout {
        builder = builder.request_timeout(timeout);
    }
    builder.bind("127.0.0.1:0").unwrap().start(router).unwrap()
}

#[unblock(pool = pool)]
fn count(pool: &Pool, runs: Arc<AtomicUsize>) -> String {
    let _ = pool;
    runs.fetch_add(1, Ordering::SeqCst);
    "counted\n".to_owned()
}

#[test]
fn a_request_past_its_deadline_is_answered_504_and_its_queued_job_never_runs() {
    let pool = single(8);
    let runs = Arc::new(AtomicUsize::new(0));
    let (on, at) = (pool.clone(), runs.clone());
    let router = Router::new().route("/", get(|| async move { count(&on, at).await }));
    let server = start(Some(SHORT), router);

    let held = hold(&pool);
    let mut connection = Bare::connect(server.local_addr());
    connection.get("/");
    assert_eq!(connection.response(), (504, GIVEN_UP.to_owned()));
    let http2 = Client::http2(server.local_addr());
    http2.get("/").assert_line(504);
    let stats = pool.stats();
    assert_eq!((stats.timed_out, stats.queued, stats.cancelled), (2, 0, 0), "{stats:?}");

    held.release();
    block_on(pool.submit(|| ())).unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    // Both connections go on.
    eventually("a response in time", || http2.get("/").told() == (200, "counted\n"));
    eventually("a response in time", || {
        connection.get("/");
        connection.response() == (200, "counted\n".to_owned())
    });
    assert_conserved(&pool.stats());
}

#[test]
fn a_running_job_sees_that_its_request_was_given_up() {
    let pool = single(8);
    let (tell, told) = mpsc::channel();
    let gate = Gate::new();
    let (on, at) = (pool.clone(), gate.clone());
    let work = move || {
        let (on, at, tell) = (on.clone(), at.clone(), tell.clone());
        on.submit(move || {
            at.wait();
            tell.send(job::is_cancelled()).unwrap();
        })
    };
    let server = start(
        Some(SHORT),
        Router::new().route("/", get(move || async move { work().await.unwrap() })),
    );
    let client = Client::new(server.local_addr());
    // On a machine so busy that the job does not begin in time, it is tried again.
    loop {
        assert_eq!(client.get("/").told(), (504, GIVEN_UP));
        if pool.stats().abandoned == 1 {
            break;
        }
    }
    gate.open();
    assert!(next(&told));
    eventually("the end of the abandoned job", || pool.stats().abandoned == 0);
    assert_conserved(&pool.stats());
}

/// How long the running job has left, less than which it is not.
fn left() -> Option<Duration> {
    job::deadline().map(|deadline| deadline.saturating_duration_since(Instant::now()))
}

#[unblock(pool = pool)]
fn plain(pool: &Pool) -> Option<Duration> {
    let _ = pool;
    left()
}

#[unblock(pool = pool, timeout = timeout)]
fn timed(pool: &Pool, timeout: Duration) -> Result<Option<Duration>, Error> {
    let _ = pool;
    Ok(left())
}

#[unblock(pool = pool, detach)]
fn detached(pool: &Pool) -> Option<Duration> {
    let _ = pool;
    left()
}

/// What the jobs have left that a request of a server with this timeout submits, in turn: one
/// without `timeout`, one with a short one, one with a long one, one with `detach`, a closure, and
/// one that a task of its own submits.
fn times(timeout: Option<Duration>) -> Vec<Option<Duration>> {
    let pool = single(8);
    let (tell, told) = mpsc::channel();
    let handler = move || async move {
        tell.send(plain(&pool).await).unwrap();
        tell.send(timed(&pool, Duration::from_mins(1)).await.unwrap()).unwrap();
        tell.send(timed(&pool, 2 * HOUR).await.unwrap()).unwrap();
        tell.send(detached(&pool).await).unwrap();
        tell.send(pool.submit(left).await.unwrap()).unwrap();
        let elsewhere = tokio::spawn(async move { plain(&pool).await });
        tell.send(elsewhere.await.unwrap()).unwrap();
    };
    let server = start(timeout, Router::new().route("/", get(handler)));
    assert_eq!(Client::new(server.local_addr()).get("/").told().0, 200);
    drop(server);
    told.into_iter().collect()
}

#[test]
fn a_job_has_the_nearer_of_its_own_deadline_and_its_requests() {
    let short = Duration::from_mins(1);
    let within = |time: Option<Duration>, longest| time.is_some_and(|time| time <= longest);
    let [plain, timed, long, detached, closure, elsewhere] = times(Some(HOUR))[..] else {
        panic!()
    };
    assert!(within(plain, HOUR) && within(closure, HOUR), "{plain:?} {closure:?}");
    assert!(within(timed, short) && within(long, HOUR), "{timed:?} {long:?}");
    assert_eq!((detached, elsewhere), (None, None));

    let [plain, timed, long, detached, closure, elsewhere] = times(None)[..] else { panic!() };
    assert!(within(timed, short) && within(long, 2 * HOUR), "{timed:?} {long:?}");
    assert_eq!([plain, detached, closure, elsewhere], [None; 4]);
}

#[test]
fn what_is_detached_runs_though_its_request_was_given_up() {
    let pool = single(8);
    let runs = Arc::new(AtomicUsize::new(0));
    let (on, at) = (pool.clone(), runs.clone());
    let handler = move || async move {
        let run = move || at.fetch_add(1, Ordering::SeqCst);
        on.submit(run.clone()).detach();
        let _kept = on.submit(run);
        std::future::pending::<()>().await;
    };
    let server = start(Some(SHORT), Router::new().route("/", get(handler)));
    let held = hold(&pool);
    Client::new(server.local_addr()).get("/").assert_line(504);
    held.release();
    eventually("the detached job", || runs.load(Ordering::SeqCst) == 1);
    let stats = pool.stats();
    assert_eq!((stats.timed_out, stats.queued), (1, 0), "the other one never runs");
}

#[test]
fn the_service_has_no_say_in_it() {
    #[unblock(pool = pool)]
    fn job(pool: &Pool) -> Result<(), Error> {
        let _ = pool;
        Ok(())
    }
    let pool = single(8);
    let on = pool.clone();
    let handler = || async move { job(&on).await.map_or_else(|_| "failed\n", |()| "fine\n") };
    let server = start(Some(SHORT), Router::new().route("/", get(handler)));
    let held = hold(&pool);
    assert_eq!(Client::new(server.local_addr()).get("/").told(), (504, GIVEN_UP));
    held.release();
}

#[test]
fn a_deadline_that_passes_while_the_handler_holds_the_loop_is_seen_by_what_it_submits_then() {
    let pool = single(8);
    let runs = Arc::new(AtomicUsize::new(0));
    let (on, at) = (pool.clone(), runs.clone());
    let handler = || async move {
        std::thread::sleep(2 * SHORT);
        count(&on, at).await
    };
    let server = start(Some(SHORT), Router::new().route("/", get(handler)));
    let mut connection = Bare::connect(server.local_addr());
    for _ in 0..2 {
        connection.get("/");
        assert_eq!(connection.response(), (504, GIVEN_UP.to_owned()));
    }
    assert_eq!((runs.load(Ordering::SeqCst), pool.stats().timed_out), (0, 2));
}

#[test]
fn the_deadline_is_that_of_the_answers_head() {
    let (tell, told) = mpsc::channel();
    let stream = move || async move {
        let (send, body) = Channel::<Bytes>::new(1);
        tell.send(send).unwrap();
        Body::new(body)
    };
    let never = || async { std::future::pending::<()>().await };
    let handler = Router::new().route("/stream", get(stream)).route("/never", get(never));
    let server = start(Some(SHORT), handler);
    let client = Client::new(server.local_addr());
    let pending = client.begin(Method::GET, "/stream", Bytes::new());
    let mut send = next(&told);
    // The deadline of a request that came later has passed.
    client.get("/never").assert_line(504);
    block_on(send.send_data(Bytes::from_static(b"whole\n"))).unwrap();
    drop(send);
    assert_eq!(pending.wait().told(), (200, "whole\n"));
}

#[test]
fn a_request_that_waits_for_its_body_is_answered_504_too() {
    let server = start(Some(SHORT), Router::new().route("/", post(|body: Bytes| async { body })));
    let mut connection = Bare::connect(server.local_addr());
    connection.send("POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\n01234");
    assert_eq!(connection.response(), (504, GIVEN_UP.to_owned()));
}

#[test]
fn the_end_of_a_future_that_panics_when_it_is_dropped_is_survived() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("this destructor panics");
        }
    }
    let handler = || async {
        let _bomb = Bomb;
        std::future::pending::<()>().await;
    };
    let server = start(Some(SHORT), Router::new().route("/", get(handler)));
    let mut connection = Bare::connect(server.local_addr());
    for _ in 0..2 {
        connection.get("/");
        assert_eq!(connection.response(), (504, GIVEN_UP.to_owned()));
    }
}

#[unblock(pool = pool)]
fn infallible(pool: &Pool) -> String {
    let _ = pool;
    "a value\n".to_owned()
}

fn closed() -> Pool {
    let pool = single(1);
    assert!(block_on(pool.shutdown(Duration::ZERO)).is_complete());
    pool
}

#[test]
fn in_a_request_a_call_that_has_no_value_is_answered_without_a_panic_in_the_log() {
    static PANICKED: AtomicBool = AtomicBool::new(false);
    const VARIABLE: &str = "UNBLOCK_TEST_NO_VALUE";
    if std::env::var_os(VARIABLE).is_none() {
        let name = "request_deadline::in_a_request_a_call_that_has_no_value_is_answered_without_a_panic_in_the_log";
        return in_child(name, VARIABLE);
    }
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        PANICKED.store(true, Ordering::SeqCst);
        default(info);
    }));
    let pool = closed();
    let server =
        start(None, Router::new().route("/", get(|| async move { infallible(&pool).await })));
    for client in [Client::new(server.local_addr()), Client::http2(server.local_addr())] {
        assert_eq!(client.get("/").told(), (503, "shutting down\n"));
    }
    assert!(!PANICKED.load(Ordering::SeqCst));
}

#[test]
fn elsewhere_a_call_that_has_no_value_panics_with_a_text_that_says_why() {
    let pool = closed();
    let outcome = std::panic::catch_unwind(|| block_on(infallible(&pool)));
    let payload = outcome.unwrap_err();
    let text = payload.downcast_ref::<String>().expect("a text");
    assert!(text.contains("cannot fail") && text.contains("the pool is closed"), "{text}");
}
