//! What a client may take in time and requests: what it gets beyond that, and who else is not
//! bothered by it.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::{get, post};
use http_body_util::BodyExt as _;
use http_body_util::channel::{Channel, Sender};
use hyper::client::conn::http2::{self, SendRequest};
use hyper::{Request, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use unblock_runtime::server::{Limits, RunningServer, Server};

use crate::client::Bare;
use crate::support::{DEADLINE, Guard, Ledger, eventually, next};

const SHORT: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_hours(1);
const TOO_SLOW: &str = "the body came too slowly\n";

fn start(limits: Limits) -> RunningServer {
    let server = Server::builder().loops(1).limits(limits).bind("127.0.0.1:0").unwrap();
    // A service that makes something else of a body that ends in an error.
    let forgiving =
        post(|body: Result<Bytes, _>| async move { body.map_or("no body\n", |_| "a body\n") });
    let router = Router::new()
        .route("/", get(|| async { "hello\n" }).post(|body: Bytes| async { body }))
        .route("/forgiving", forgiving)
        .route("/unread", post(|| async { "not read\n" }));
    server.start(router).unwrap()
}

/// One connection of HTTP/2, of which a test sees the end.
struct Http2 {
    runtime: Runtime,
    requests: SendRequest<Channel<Bytes>>,
    end: JoinHandle<hyper::Result<()>>,
}

impl Http2 {
    fn connect(server: SocketAddr) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (requests, end) = runtime.block_on(async {
            let stream = tokio::net::TcpStream::connect(server).await.unwrap();
            let (requests, connection) =
                http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
            (requests, tokio::spawn(connection))
        });
        Self { runtime, requests, end }
    }

    /// Sends a request whose body the test sends.
    fn begin(
        &mut self,
        method: &str,
        path: &str,
    ) -> (Sender<Bytes>, JoinHandle<hyper::Result<(u16, Bytes)>>) {
        let (body, channel) = Channel::new(1);
        let request = Request::builder()
            .method(method)
            .uri(format!("http://test{path}"))
            .version(Version::HTTP_2);
        let response = self.requests.send_request(request.body(channel).unwrap());
        let response = self.runtime.spawn(async move {
            let (head, body) = response.await?.into_parts();
            Ok((head.status.as_u16(), body.collect().await?.to_bytes()))
        });
        (body, response)
    }

    #[track_caller]
    fn wait(&self, response: JoinHandle<hyper::Result<(u16, Bytes)>>) -> (u16, String) {
        let (status, body) = self.within(response).unwrap().unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[track_caller]
    fn get(&mut self, path: &str) -> (u16, String) {
        let (_, response) = self.begin("GET", path);
        self.wait(response)
    }

    /// Waits until the server has closed the connection, and must have said so.
    #[track_caller]
    fn ended(self) {
        let Self { runtime, end, requests } = self;
        let ended = runtime.block_on(async { tokio::time::timeout(DEADLINE, end).await });
        drop(requests);
        ended.expect("the end of the connection").unwrap().expect("a graceful end");
    }

    #[track_caller]
    fn within<F: Future>(&self, future: F) -> F::Output {
        self.runtime
            .block_on(async { tokio::time::timeout(DEADLINE, future).await })
            .expect("in time")
    }
}

#[test]
fn a_client_that_is_slow_with_its_body_is_answered_408_and_cut_off() {
    let server = start(Limits::new().body_read(SHORT, 500));
    for path in ["/", "/forgiving"] {
        for head in
            ["content-length: 10\r\n\r\n01234", "transfer-encoding: chunked\r\n\r\n5\r\n01234\r\n"]
        {
            let mut stalls = Bare::connect(server.local_addr());
            stalls.send(format!("POST {path} HTTP/1.1\r\nhost: test\r\n{head}"));
            let text = stalls.rest();
            assert!(text.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{text}");
            assert!(text.to_ascii_lowercase().contains("\r\nconnection: close\r\n"), "{text}");
            assert!(text.ends_with(TOO_SLOW), "{text}");
        }
    }
}

#[test]
fn on_http2_only_the_request_with_the_slow_body_is_answered_408() {
    let server = start(Limits::new().body_read(SHORT, 500));
    let mut client = Http2::connect(server.local_addr());
    let (_body, response) = client.begin("POST", "/");
    assert_eq!(client.wait(response), (408, TOO_SLOW.to_owned()));
    assert_eq!(client.get("/"), (200, "hello\n".to_owned()));
}

#[test]
fn a_body_is_given_its_time_from_when_the_service_reads_it() {
    let go_on = Arc::new(Notify::new());
    let (begun, begins) = mpsc::channel();
    let waits = go_on.clone();
    let late = move |body: Body| async move {
        begun.send(()).unwrap();
        waits.notified().await;
        body.collect().await.unwrap().to_bytes()
    };
    let router =
        Router::new().route("/late", post(late)).route("/", post(|body: Bytes| async { body }));
    let limits = Limits::new().body_read(SHORT, 500);
    let server = Server::builder()
        .loops(1)
        .limits(limits)
        .bind("127.0.0.1:0")
        .unwrap()
        .start(router)
        .unwrap();
    let mut patient = Bare::connect(server.local_addr());
    patient.send("POST /late HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\n01234");
    next(&begins);
    // The time of a body that is waited for is over.
    let mut stalls = Bare::connect(server.local_addr());
    stalls.send("POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\n01234");
    assert_eq!(stalls.response().0, 408);
    patient.send("56789");
    go_on.notify_one();
    assert_eq!(patient.response(), (200, "0123456789".to_owned()));
}

#[test]
fn the_last_request_that_a_connection_may_bring_is_told_so() {
    let server = start(Limits::new().requests(3));
    let mut connection = Bare::connect(server.local_addr());
    for _ in 0..2 {
        connection.get("/");
        assert_eq!(connection.response(), (200, "hello\n".to_owned()));
    }
    connection.get("/");
    let last = connection.rest();
    assert!(last.starts_with("HTTP/1.1 200 ") && last.ends_with("hello\n"), "{last}");
    assert!(last.to_ascii_lowercase().contains("\r\nconnection: close\r\n"), "{last}");

    let mut http2 = Http2::connect(server.local_addr());
    for _ in 0..3 {
        assert_eq!(http2.get("/"), (200, "hello\n".to_owned()));
    }
    http2.ended();
}

#[test]
fn a_connection_that_has_brought_its_last_request_ends_when_all_are_answered() {
    let go_on = Arc::new(Notify::new());
    let waits = go_on.clone();
    let router = Router::new().route("/", get(|| async { "hello\n" })).route(
        "/slow",
        get(move || async move {
            waits.notified().await;
            "done\n"
        }),
    );
    let limits = Limits::new().requests(2);
    let server = Server::builder()
        .loops(1)
        .limits(limits)
        .bind("127.0.0.1:0")
        .unwrap()
        .start(router)
        .unwrap();
    let mut http2 = Http2::connect(server.local_addr());
    let (_, slow) = http2.begin("GET", "/slow");
    assert_eq!(http2.get("/"), (200, "hello\n".to_owned()));
    go_on.notify_one();
    assert_eq!(http2.wait(slow), (200, "done\n".to_owned()));
    http2.ended();
}

#[test]
fn an_idle_connection_is_closed_and_one_that_waits_for_an_answer_is_not() {
    let go_on = Arc::new(Notify::new());
    let waits = go_on.clone();
    let router = Router::new().route("/", get(|| async { "hello\n" })).route(
        "/slow",
        get(move || async move {
            waits.notified().await;
            "done\n"
        }),
    );
    let limits = Limits::new().idle(SHORT).header_read(LONG);
    let server = Server::builder()
        .loops(1)
        .limits(limits)
        .bind("127.0.0.1:0")
        .unwrap()
        .start(router)
        .unwrap();
    let mut slow_http2 = Http2::connect(server.local_addr());
    let (_, slow) = slow_http2.begin("GET", "/slow");
    let mut slow_http1 = Bare::connect(server.local_addr());
    slow_http1.get("/slow");

    let mut idle_http1 = Bare::connect(server.local_addr());
    idle_http1.get("/");
    assert_eq!(idle_http1.response().0, 200);
    assert_eq!(idle_http1.rest(), "");
    let mut idle_http2 = Http2::connect(server.local_addr());
    assert_eq!(idle_http2.get("/").0, 200);
    idle_http2.ended();

    for _ in 0..2 {
        go_on.notify_one();
        go_on.notify_waiters();
    }
    assert_eq!(slow_http2.wait(slow), (200, "done\n".to_owned()));
    go_on.notify_one();
    assert_eq!(slow_http1.response(), (200, "done\n".to_owned()));
}

#[test]
fn the_time_for_a_head_begins_with_its_first_byte() {
    let server = start(Limits::new().idle(LONG).header_read(10 * SHORT));
    let mut idle = Bare::connect(server.local_addr());
    let mut stalls = Bare::connect(server.local_addr());
    for connection in [&mut idle, &mut stalls] {
        connection.get("/");
        assert_eq!(connection.response().0, 200);
    }
    stalls.send("GET / HTTP/1.1\r\nhost: te");
    assert_eq!(stalls.rest(), "");
    idle.get("/");
    assert_eq!(idle.response(), (200, "hello\n".to_owned()));
}

#[test]
fn a_client_of_http2_that_does_not_leave_when_it_is_told_to_is_cut_off() {
    let server = start(Limits::new().idle(SHORT));
    let mut stubborn = TcpStream::connect(server.local_addr()).unwrap();
    stubborn.set_read_timeout(Some(DEADLINE)).unwrap();
    // The preface, empty SETTINGS, and HEADERS of `GET /` that end stream 1. It answers no PING,
    // then.
    stubborn.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    stubborn.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).unwrap();
    stubborn.write_all(&[0, 0, 3, 1, 5, 0, 0, 0, 1, 0x82, 0x86, 0x84]).unwrap();
    let mut rest = Vec::new();
    stubborn.read_to_end(&mut rest).expect("the end of the connection");
    assert!(rest.windows(6).any(|part| part == b"hello\n"), "it was answered");
}

/// Sends without an end, and says when it is dropped.
struct Endless(#[expect(dead_code, reason = "for its drop")] Guard);

impl hyper::body::Body for Endless {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        std::task::Poll::Ready(Some(Ok(hyper::body::Frame::data(Bytes::from_static(
            &[b'x'; 1 << 14],
        )))))
    }
}

#[test]
fn a_client_that_takes_nothing_of_its_answer_is_cut_off() {
    let ledger = Ledger::default();
    let guards = ledger.clone();
    let router =
        Router::new().route("/", get(move || async move { Body::new(Endless(guards.guard())) }));
    let limits = Limits::new().response_write(SHORT);
    let server = Server::builder()
        .loops(1)
        .limits(limits)
        .bind("127.0.0.1:0")
        .unwrap()
        .start(router)
        .unwrap();
    let mut takes_nothing = Bare::connect(server.local_addr());
    takes_nothing.get("/");
    eventually("the end of the response", || ledger.dropped() == 1);
}

#[test]
fn a_body_that_nobody_reads_does_not_keep_the_client_from_its_answer() {
    let server = start(Limits::new());
    let mut connection = Bare::connect(server.local_addr());
    for _ in 0..2 {
        // More than the kernel's buffers hold: the server has to read for the client to come to an
        // end with sending.
        connection.send("POST /unread HTTP/1.1\r\nhost: test\r\ncontent-length: 8388608\r\n\r\n");
        connection.send(vec![b'x'; 8 << 20]);
        assert_eq!(connection.response(), (200, "not read\n".to_owned()));
    }
}

#[test]
fn a_client_that_still_sends_when_the_server_has_closed_is_not_reset() {
    let server = start(Limits::new().requests(1));
    let mut connection = Bare::connect(server.local_addr());
    connection.get("/");
    assert!(connection.rest().ends_with("hello\n"));
    // The first would bring a reset back, which would be the error of the second; and the loop has
    // its turns meanwhile.
    for _ in 0..2 {
        let mut other = Bare::connect(server.local_addr());
        other.get("/");
        assert!(other.rest().ends_with("hello\n"));
        connection.get("/");
    }
    assert_eq!(connection.rest(), "");
}

#[test]
fn a_body_that_stalls_and_that_nobody_reads_is_no_business_of_the_limit() {
    let server = start(Limits::new().body_read(SHORT, 500));
    let mut connection = Bare::connect(server.local_addr());
    connection.send("POST /unread HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\n01234");
    assert_eq!(connection.response(), (200, "not read\n".to_owned()));
}
