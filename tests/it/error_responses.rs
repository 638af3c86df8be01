//! What a client is told of a call that came to nothing: by axum's handlers, by the server itself,
//! by a service of hyper's.

use std::io;
use std::sync::Mutex;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::response::IntoResponse;
use axum::routing::get;
use hyper::Method;
use tracing_subscriber::util::SubscriberInitExt as _;
use unblock_runtime::server::{RunningServer, Server, TextResponse};
use unblock_runtime::{Error, Pool, unblock};

use crate::client::Client;
use crate::support::{block_on, eventually, hold, in_child, single};

#[unblock(pool = pool, shed)]
fn shed(pool: &Pool) -> Result<&'static str, Error> {
    let _ = pool;
    Ok("fine\n")
}

#[unblock(pool = pool, timeout = "1ms")]
fn soon(pool: &Pool) -> Result<&'static str, Error> {
    let _ = pool;
    Ok("fine\n")
}

#[unblock(pool = pool)]
fn panics(pool: &Pool) -> Result<&'static str, Error> {
    let _ = pool;
    panic!("the secret reason")
}

fn start(pool: &Pool) -> RunningServer {
    let [a, b, c] = [pool.clone(), pool.clone(), pool.clone()];
    let router = Router::new()
        .route("/", get(|| async { "fine\n" }))
        .route("/shed", get(|| async move { shed(&a).await }))
        .route("/soon", get(|| async move { soon(&b).await }))
        .route("/panics", get(|| async move { panics(&c).await }));
    Server::builder().loops(1).bind("127.0.0.1:0").unwrap().start(router).unwrap()
}

#[test]
fn overload_is_503_with_the_seconds_after_which_to_come_back() {
    let pool = single(1);
    let server = start(&pool);
    let held = hold(&pool);
    let queued = pool.submit(|| ());
    for client in [Client::new(server.local_addr()), Client::http2(server.local_addr())] {
        let response = client.get("/shed");
        assert_eq!(response.told(), (503, "overloaded; try again later\n"));
        response.assert_line(503);
        let seconds: u64 = response.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!(seconds >= 1);
    }
    held.release();
    block_on(queued).unwrap();
    assert_eq!(Client::new(server.local_addr()).get("/shed").told(), (200, "fine\n"));
}

#[test]
fn a_timeout_is_504() {
    let pool = single(1);
    let server = start(&pool);
    let held = hold(&pool);
    let response = Client::new(server.local_addr()).get("/soon");
    response.assert_line(504);
    assert_eq!(response.told().1, "this took too long and was given up\n");
    held.release();
}

#[test]
fn a_closed_pool_is_503() {
    let pool = single(1);
    let server = start(&pool);
    block_on(pool.shutdown(Duration::ZERO));
    let response = Client::new(server.local_addr()).get("/soon");
    response.assert_line(503);
    assert_eq!(response.told().1, "shutting down\n");
}

#[test]
fn a_job_that_was_cancelled_before_its_turn_is_503() {
    let pool = single(8);
    let server = start(&pool);
    let held = hold(&pool);
    let client = Client::new(server.local_addr());
    let pending = client.begin(Method::GET, "/panics", Bytes::new());
    eventually("the call of the job", || pool.stats().queued == 1);
    // The loop has come back from it, so the job is in the queue.
    assert_eq!(Client::new(server.local_addr()).get("/").status, 200);
    block_on(pool.shutdown(Duration::ZERO));
    pending.wait().assert_line(503);
    held.release();
}

/// An error, the status that it must have, and the `Retry-After`.
type Case = (fn() -> Error, u16, Option<&'static str>);

fn overloaded(retry_after: Duration) -> Error {
    Error::Overloaded { retry_after }
}

fn panicked() -> Error {
    block_on(panics(&single(1))).unwrap_err()
}

#[test]
fn every_error_has_the_same_answer_from_axum_from_hyper_and_by_its_numbers() {
    let cases: [Case; 8] = [
        (|| overloaded(Duration::ZERO), 503, Some("1")),
        (|| overloaded(Duration::from_millis(1)), 503, Some("1")),
        (|| overloaded(Duration::from_millis(1200)), 503, Some("2")),
        (|| overloaded(Duration::from_secs(3)), 503, Some("3")),
        (|| Error::TimedOut, 504, None),
        (|| Error::Closed, 503, None),
        (|| Error::Cancelled, 503, None),
        (panicked, 500, None),
    ];
    for (error, status, retry_after) in cases {
        let hyper = TextResponse::from(&error()).into_response();
        let axum = IntoResponse::into_response(error());
        let response = IntoResponse::into_response(TextResponse::from(error()));
        assert_eq!(hyper.status(), status, "{:?}", error());
        let header = hyper.headers().get("retry-after").map(|value| value.to_str().unwrap());
        assert_eq!(header, retry_after, "{:?}", error());
        let seconds = error().retry_after_secs().map(|seconds| seconds.to_string());
        assert_eq!((error().http_status(), seconds.as_deref()), (status, retry_after));
        for other in [axum, response] {
            assert_eq!((other.status(), other.headers()), (hyper.status(), hyper.headers()));
            let expected = whole(hyper.body().clone());
            assert_eq!(whole(other.into_body()), expected);
            assert_eq!(expected.lines().count(), 1);
        }
    }
}

fn whole(body: impl http_body_util::BodyExt<Data = Bytes, Error: std::fmt::Debug>) -> String {
    String::from_utf8(block_on(body.collect()).unwrap().to_bytes().to_vec()).unwrap()
}

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_text_of_a_panic_is_in_the_log_and_not_in_the_answer() {
    const VARIABLE: &str = "UNBLOCK_TEST_PANIC_IN_LOG";
    if std::env::var_os(VARIABLE).is_none() {
        return in_child(
            "error_responses::the_text_of_a_panic_is_in_the_log_and_not_in_the_answer",
            VARIABLE,
        );
    }
    tracing_subscriber::fmt().with_ansi(false).with_writer(|| Log).finish().init();
    let pool = single(1);
    let server = start(&pool);
    let response = Client::new(server.local_addr()).get("/panics");
    assert_eq!(response.told(), (500, "internal server error\n"));
    assert!(
        response
            .headers
            .values()
            .all(|value| !value.as_bytes().windows(6).any(|part| part == b"secret"))
    );
    let log = String::from_utf8(LOG.lock().unwrap().clone()).unwrap();
    assert_eq!(log.matches("the secret reason").count(), 1, "{log}");
}
