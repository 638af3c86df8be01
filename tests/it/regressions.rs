//! Traps that other servers and pools have fallen into, each with a test of its name. Where it
//! matters, over real sockets.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::response::IntoResponse;
use axum::routing::get;
use hyper::Method;
use unblock_runtime::server::{RunningServer, Server};
use unblock_runtime::{Error, Pool, unblock};

use crate::client::{Bare, Client};
use crate::support::{Gate, assert_conserved, eventually, hold, single};

const SHORT: Duration = Duration::from_millis(200);

fn start(timeout: Option<Duration>, router: Router) -> RunningServer {
    let mut builder = Server::builder().loops(1);
    if let Some(timeout) = timeout {
        builder = builder.request_timeout(timeout);
    }
    builder.bind("127.0.0.1:0").unwrap().start(router).unwrap()
}

#[unblock(pool = pool)]
fn waits(pool: &Pool, gate: Gate, text: &'static str) -> &'static str {
    let _ = pool;
    gate.wait();
    text
}

#[unblock(pool = pool, timeout = SHORT)]
fn waits_for_a_while(pool: &Pool, gate: Gate, text: &'static str) -> Result<&'static str, Error> {
    let _ = pool;
    gate.wait();
    Ok(text)
}

/// A job runs past the deadline of its request, and ends while the next request of the same
/// connection waits.
#[test]
fn a_late_answer_never_reaches_the_next_request_on_the_connection() {
    for request_timeout in [None, Some(SHORT)] {
        let pool = Pool::builder().parallelism(2).max_threads(2).build().unwrap();
        let (late, next) = (Gate::new(), Gate::new());
        let mut router = Router::new();
        let (on, at) = (pool.clone(), late.clone());
        router = match request_timeout {
            None => router
                .route("/late", get(|| async move { waits_for_a_while(&on, at, "late\n").await })),
            Some(_) => router.route("/late", get(|| async move { waits(&on, at, "late\n").await })),
        };
        let (on, at) = (pool.clone(), next.clone());
        // With a deadline for every request, the next one is answered by the loop, so as to have
        // none to miss.
        router = match request_timeout {
            None => router.route("/next", get(|| async move { waits(&on, at, "next\n").await })),
            Some(_) => router.route("/next", get(|| async { "next\n" })),
        };
        let server = start(request_timeout, router);
        let mut connection = Bare::connect(server.local_addr());
        // On a machine so busy that the job does not begin in time, it is tried again.
        while pool.stats().abandoned == 0 {
            connection.get("/late");
            assert_eq!(connection.response().0, 504);
        }
        connection.get("/next");
        if request_timeout.is_none() {
            eventually("the next job", || pool.stats().running == 1);
        }
        late.open();
        eventually("the end of the late job", || pool.stats().abandoned == 0);
        next.open();
        for _ in 0..3 {
            assert_eq!(connection.response(), (200, "next\n".to_owned()));
            connection.get("/next");
        }
        assert_conserved(&pool.stats());
    }
}

#[unblock(pool = pool, shed)]
fn counts_or_is_refused(pool: &Pool, count: Arc<AtomicUsize>) -> Result<String, Error> {
    let _ = pool;
    Ok(format!("{}\n", count.fetch_add(1, Ordering::SeqCst)))
}

#[unblock(pool = pool)]
fn counts(pool: &Pool, count: Arc<AtomicUsize>) -> String {
    let _ = pool;
    format!("{}\n", count.fetch_add(1, Ordering::SeqCst))
}

/// One is queued, one waits for room before a refusal and one after it.
#[test]
fn one_refused_job_leaves_nothing_stuck() {
    let pool = single(1);
    let count = Arc::new(AtomicUsize::new(0));
    let ((a, b), (c, d)) = ((pool.clone(), count.clone()), (pool.clone(), count.clone()));
    let router = Router::new()
        .route("/waits", get(|| async move { counts(&a, b).await }))
        .route("/refused", get(|| async move { counts_or_is_refused(&c, d).await }));
    let server = start(None, router);
    let held = hold(&pool);
    let client = Client::new(server.local_addr());
    let begin = |nth| {
        let pending = client.begin(Method::GET, "/waits", Bytes::new());
        eventually("the job in line", || {
            let stats = pool.stats();
            (stats.queued, stats.waiting as u64) == (nth, nth - 1)
        });
        pending
    };
    let (first, second) = (begin(1), begin(2));
    client.get("/refused").assert_line(503);
    let third = begin(3);
    assert_eq!((pool.stats().rejected, pool.stats().waiting), (1, 2));
    held.release();
    for (number, pending) in [first, second, third].into_iter().enumerate() {
        assert_eq!(pending.wait().told(), (200, format!("{number}\n").as_str()), "in their order");
    }
    assert_eq!(client.get("/refused").told(), (200, "3\n"));
    assert_conserved(&pool.stats());
}

/// The work is stuck in its pool, whose queue is full; what cleans up after it has a pool of its
/// own.
#[test]
fn clean_up_does_not_need_a_token_of_the_full_pool() {
    #[unblock(pool = pool)]
    fn clean_up(pool: &Pool, done: Arc<AtomicUsize>) {
        let _ = pool;
        done.fetch_add(1, Ordering::SeqCst);
    }
    let (work, cleaning) = (single(1), single(8));
    let cleaned = Arc::new(AtomicUsize::new(0));
    let (on, at, of, done) = (work.clone(), Gate::new(), cleaning.clone(), cleaned.clone());
    let handler = || async move {
        let outcome = waits_for_a_while(&on, at, "never\n").await;
        clean_up(&of, done).await;
        outcome.into_response()
    };
    let server = start(None, Router::new().route("/", get(handler)));
    let held = hold(&work);
    let _queued = work.submit(|| ());
    let client = Client::new(server.local_addr());
    for times in 1..=3 {
        client.get("/").assert_line(504);
        assert_eq!(cleaned.load(Ordering::SeqCst), times);
    }
    assert_eq!((work.stats().running, work.stats().queued, work.stats().timed_out), (1, 1, 3));
    held.release();
}

/// No job can begin or even be queued; what the loop answers by itself needs none.
#[test]
fn the_pool_is_full_and_the_loop_still_answers() {
    let pool = single(1);
    let (on, at) = (pool.clone(), Arc::new(AtomicUsize::new(0)));
    let router = Router::new()
        .route("/job", get(|| async move { counts(&on, at).await }))
        .route("/healthz", get(|| async { "ok\n" }));
    let server = start(None, router);
    let held = hold(&pool);
    let (http1, http2) = (Client::new(server.local_addr()), Client::http2(server.local_addr()));
    let pending: Vec<_> = (0..100)
        .map(|n| [&http1, &http2][n % 2].begin(Method::GET, "/job", Bytes::new()))
        .collect();
    eventually("everybody in line", || pool.stats().waiting == 99);
    for client in [&http1, &http2] {
        for _ in 0..10 {
            assert_eq!(client.get("/healthz").told(), (200, "ok\n"));
            assert_eq!(client.fresh("/healthz").told(), (200, "ok\n"));
        }
    }
    assert_eq!((pool.stats().running, pool.stats().queued), (1, 100));
    held.release();
    for response in pending {
        assert_eq!(response.wait().status, 200);
    }
}

/// What finds no room waits or is refused. It is not run by the thread that brought it.
#[test]
fn what_overflows_does_not_run_on_the_loop() {
    #[unblock(pool = pool)]
    fn who(pool: &Pool) -> String {
        let _ = pool;
        std::thread::current().name().unwrap_or_default().to_owned()
    }
    let pool = Pool::builder()
        .name("work")
        .parallelism(1)
        .max_threads(1)
        .queue_capacity(1)
        .build()
        .unwrap();
    let on = pool.clone();
    let server = start(None, Router::new().route("/", get(|| async move { who(&on).await })));
    let held = hold(&pool);
    let client = Client::new(server.local_addr());
    let pending: Vec<_> = (0..20).map(|_| client.begin(Method::GET, "/", Bytes::new())).collect();
    eventually("everybody in line", || pool.stats().waiting == 19);
    held.release();
    for response in pending {
        let response = response.wait();
        assert!(response.told().1.starts_with("work-"), "{response:?}");
    }
}

/// One child dies again and again, the other one serves: it is stopped too when the budget is used
/// up.
#[cfg(target_os = "linux")]
#[test]
fn when_the_restarts_are_used_up_the_surviving_children_are_no_orphans() {
    use crate::process::{Process, lives};

    let mut server =
        Process::start(std::process::Command::new(env!("CARGO_BIN_EXE_held")).arg("half-broken"));
    assert!(server.line().starts_with("ready "));
    let children = server.children();
    assert_eq!(server.status().code(), Some(1));
    let told = server.last_lines();
    assert!(
        told.iter().any(|line| line.starts_with("failed: ") && line.contains("3 restarts")),
        "{told:?}"
    );
    assert!(children.into_iter().all(|child| !lives(child)));
}
