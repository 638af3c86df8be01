//! The access log: a line for each request, however it ends.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::routing::get;
use bytes::Bytes;
use http_body_util::Channel;
use tracing_subscriber::EnvFilter;
use unblock_runtime::server::{Limits, Server};
use unblock_runtime::unblock;

use crate::client::Bare;
use crate::frames::{DATA, Frame, Frames, RST_STREAM};
use crate::support::{in_child, next};

/// Sends lines to the test.
struct Lines(Sender<String>);

impl io::Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let _ = self.0.send(String::from_utf8_lossy(line).trim().to_owned());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Takes the access log of this process, each line without the time and without the duration.
fn lines() -> Receiver<String> {
    let (tell, lines) = mpsc::channel();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("unblock_runtime::access=info"))
        .with_ansi(false)
        .without_time()
        .with_writer(move || Lines(tell.clone()))
        .init();
    lines
}

/// The next line, which must be this with times before its last field. Returns the times: of the
/// request, on the loop, waiting and running.
#[track_caller]
fn assert_next(lines: &Receiver<String>, line: &str) -> [f64; 4] {
    let got = next(lines);
    let (fields, rest) = got.split_once(" duration_ms=").expect("a duration");
    let (times, end) = rest.split_once(" end=").expect("a last field");
    let names = ["loop_ms=", "wait_ms=", "run_ms="];
    let mut values = times.split(' ').map(|time| {
        let number = names.iter().find_map(|name| time.strip_prefix(name)).unwrap_or(time);
        number.parse::<f64>().expect("a time")
    });
    let times = std::array::from_fn(|_| values.next().expect("four times"));
    assert!(values.next().is_none() && times.iter().all(|&time| time >= 0.0), "{got}");
    assert_eq!(format!("{fields} end={end}"), format!("INFO unblock_runtime::access: {line}"));
    times
}

type Parts = http_body_util::channel::Sender<Bytes, Infallible>;

/// A router whose `/stream` yields what the test sends. The test hears of each request for it, and
/// of each for `/wait`, which has no response.
fn router(streams: Sender<Parts>, waits: Sender<()>) -> Router {
    let stream = move || async move {
        let (parts, body) = Channel::<Bytes, Infallible>::new(8);
        streams.send(parts).unwrap();
        axum::body::Body::new(body)
    };
    let wait = move || async move {
        waits.send(()).unwrap();
        std::future::pending::<()>().await;
    };
    let upgrade = [(header::CONNECTION, "upgrade"), (header::UPGRADE, "echo")];
    Router::new()
        .route("/", get(|| async { "hello\n" }).post(|body: String| async { body }))
        .route("/empty", get(|| async { StatusCode::NO_CONTENT }))
        .route("/job", get(job))
        .route("/panic", get(panics))
        .route("/stream", get(stream))
        .route("/wait", get(wait))
        .route("/upgrade", get(move || async move { (StatusCode::SWITCHING_PROTOCOLS, upgrade) }))
}

#[unblock]
fn job() {
    std::thread::sleep(Duration::from_millis(5));
}

async fn panics() -> &'static str {
    panic!("as a handler may")
}

/// Clients that go before the end of the response, and before its beginning.
fn gone_in_http1(
    address: SocketAddr,
    lines: &Receiver<String>,
    streams: &Receiver<Parts>,
    waits: &Receiver<()>,
) {
    let mut client = Bare::connect(address);
    let peer = client.local_addr();
    client.get("/stream");
    let mut parts = next(streams);
    assert!(parts.try_send(data("one")).is_ok());
    client.skip_to("one");
    drop(client);
    let line = "method=GET path=\"/stream\" status=200 bytes=3 end=\"broken off\"";
    assert_next(lines, &format!("peer={peer} {line}"));

    let mut client = Bare::connect(address);
    let peer = client.local_addr();
    client.get("/wait");
    next(waits);
    drop(client);
    let line = "method=GET path=\"/wait\" bytes=0 end=\"unanswered\"";
    assert_next(lines, &format!("peer={peer} {line}"));
}

fn gone_in_http2(
    address: SocketAddr,
    lines: &Receiver<String>,
    streams: &Receiver<Parts>,
    waits: &Receiver<()>,
) {
    let mut client = Frames::connect(address, &[]);
    let peer = client.local_addr();
    client.send(&Frame::request(1, "GET", "/stream"));
    let mut parts = next(streams);
    assert!(parts.try_send(data("one")).is_ok());
    assert_eq!(client.next_of(DATA).unwrap().payload, b"one");
    client.send(&Frame::request(3, "GET", "/wait"));
    next(waits);
    // One stream ends, and then the connection.
    client.send(&Frame::new(RST_STREAM, 0, 3, [0; 4]));
    let line = "method=GET path=\"/wait\" bytes=0 end=\"unanswered\"";
    assert_next(lines, &format!("peer={peer} {line}"));
    drop(client);
    let line = "method=GET path=\"/stream\" status=200 bytes=3 end=\"broken off\"";
    assert_next(lines, &format!("peer={peer} {line}"));
}

fn data(text: &'static str) -> hyper::body::Frame<Bytes> {
    hyper::body::Frame::data(Bytes::from(text))
}

#[test]
fn every_request_has_a_line_when_it_has_ended() {
    const HERE: &str = "access_log::every_request_has_a_line_when_it_has_ended";
    const VARIABLE: &str = "UNBLOCK_TEST_ACCESS_LOG";
    if std::env::var_os(VARIABLE).is_none() {
        return in_child(HERE, VARIABLE);
    }
    let lines = lines();
    let ((stream, streams), (wait, waits)) = (mpsc::channel(), mpsc::channel());
    let server = Server::builder()
        .loops(1)
        .limits(Limits::new().body_size(100).header_size(100_000))
        .access_log(true)
        .bind("127.0.0.1:0")
        .unwrap()
        .start(router(stream, wait))
        .unwrap();
    let address = server.local_addr();

    // Responses that are there at once, those of the server itself among them.
    for (request, line) in [
        ("GET /?secret=1 HTTP/1.1\r\nhost: a\r\n\r\n", "GET path=\"/\" status=200 bytes=6"),
        ("HEAD / HTTP/1.1\r\nhost: a\r\n\r\n", "HEAD path=\"/\" status=200 bytes=0"),
        ("GET / HTTP/1.0\r\n\r\n", "GET path=\"/\" status=200 bytes=6"),
        ("GET /empty HTTP/1.1\r\nhost: a\r\n\r\n", "GET path=\"/empty\" status=204 bytes=0"),
        ("GET /no HTTP/1.1\r\nhost: a\r\n\r\n", "GET path=\"/no\" status=404 bytes=0"),
        ("GET /panic HTTP/1.1\r\nhost: a\r\n\r\n", "GET path=\"/panic\" status=500 bytes=22"),
        ("GET / HTTP/1.1\r\n\r\n", "GET path=\"/\" status=400 bytes=24"),
        (
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 101\r\n\r\n",
            "POST path=\"/\" status=413 bytes=54",
        ),
        (
            "GET /upgrade HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n",
            "GET path=\"/upgrade\" status=101 bytes=0",
        ),
    ] {
        let mut client = Bare::connect(address);
        client.send(request);
        let peer = client.local_addr();
        assert_next(&lines, &format!("peer={peer} method={line} end=\"complete\""));
    }

    // Heads that cannot be read.
    for (request, status) in [
        ("nonsense\r\n\r\n".to_owned(), 400),
        (format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", "x: y\r\n".repeat(101)), 431),
        (format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "x".repeat(1 << 16)), 414),
        (format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(1 << 17)), 431),
    ] {
        let mut client = Bare::connect(address);
        client.send(&request);
        let peer = client.local_addr();
        let line = format!("peer={peer} status={status} bytes=0 end=\"complete\"");
        assert_eq!(next(&lines), format!("INFO unblock_runtime::access: {line}"));
        assert!(client.rest().starts_with(&format!("HTTP/1.1 {status} ")));
    }

    // The jobs of a request are a part of its line, and those of others are not.
    let mut client = Bare::connect(address);
    client.get("/job");
    let peer = client.local_addr();
    let line = format!("peer={peer} method=GET path=\"/job\" status=200 bytes=0 end=\"complete\"");
    let [duration, polled, waited, ran] = assert_next(&lines, &line);
    assert!(ran >= 5.0 && waited + ran <= duration && polled <= duration, "{waited} {ran}");
    client.get("/empty");
    let line =
        format!("peer={peer} method=GET path=\"/empty\" status=204 bytes=0 end=\"complete\"");
    assert_eq!(assert_next(&lines, &line)[2..], [0.0, 0.0]);

    // A response that takes its time is logged at its end.
    let mut client = Bare::connect(address);
    let peer = client.local_addr();
    client.get("/stream");
    let mut parts = next(&streams);
    assert!(parts.try_send(data("one")).is_ok());
    client.skip_to("one");
    assert!(lines.try_recv().is_err(), "it has not ended");
    assert!(parts.try_send(data("second")).is_ok());
    drop(parts);
    let line = format!("peer={peer} method=GET path=\"/stream\" status=200 bytes=9");
    assert_next(&lines, &format!("{line} end=\"complete\""));

    gone_in_http1(address, &lines, &streams, &waits);
    gone_in_http2(address, &lines, &streams, &waits);

    // HTTP/2, where HEAD is the server's to answer.
    for (method, bytes) in [("GET", 6), ("HEAD", 0)] {
        let mut client = Frames::connect(address, &[]);
        client.send(&Frame::request(1, method, "/"));
        let peer = client.local_addr();
        let line = format!("peer={peer} method={method} path=\"/\" status=200 bytes={bytes}");
        assert_next(&lines, &format!("{line} end=\"complete\""));
    }

    // What the stop cuts.
    let mut client = Bare::connect(address);
    client.get("/wait");
    next(&waits);
    let handle = server.handle();
    handle.cut();
    let peer = client.local_addr();
    assert_next(
        &lines,
        &format!("peer={peer} method=GET path=\"/wait\" bytes=0 end=\"unanswered\""),
    );
    server.stop().unwrap();
    assert!(lines.try_recv().is_err(), "one line for each");
}

#[test]
fn a_late_response_is_logged_and_nothing_is_without_the_option() {
    const HERE: &str = "access_log::a_late_response_is_logged_and_nothing_is_without_the_option";
    const VARIABLE: &str = "UNBLOCK_TEST_ACCESS_LOG_TIME";
    if std::env::var_os(VARIABLE).is_none() {
        return in_child(HERE, VARIABLE);
    }
    let lines = lines();
    let ((stream, _streams), (wait, _waits)) = (mpsc::channel(), mpsc::channel());
    for on in [true, false] {
        let server = Server::builder()
            .loops(1)
            .request_timeout(Duration::from_millis(20))
            .access_log(on)
            .bind("127.0.0.1:0")
            .unwrap()
            .start(router(stream.clone(), wait.clone()))
            .unwrap();
        let mut client = Bare::connect(server.local_addr());
        client.get("/wait");
        assert_eq!(client.response().0, 504);
        let peer = client.local_addr();
        if on {
            let line = format!("peer={peer} method=GET path=\"/wait\" status=504 bytes=36");
            assert_next(&lines, &format!("{line} end=\"complete\""));
        }
        drop(client);
        assert!(server.stop().unwrap().is_clean());
    }
    assert!(lines.try_recv().is_err());
}
