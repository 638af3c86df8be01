//! HTTP/2 by single frames: clients that are silent, that take nothing, or that only look alive.

use std::thread;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use unblock_runtime::server::{Body, Limits, RunningServer, Server, ServerBuilder};

use crate::frames::{
    ACK, DATA, END_STREAM, Frame, Frames, GOAWAY, HEADERS, INITIAL_WINDOW_SIZE, PING, SETTINGS,
    status,
};
use crate::support::DEADLINE;

const SHORT: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_hours(1);

fn start(builder: ServerBuilder) -> RunningServer {
    let router = Router::new()
        .route("/", get(|| async { "hello\n" }).post(|body: axum::body::Bytes| async { body }))
        .route("/large", get(|| async { vec![b'x'; 200_000] }))
        .route("/large/and/then", get(|| async { axum::body::Body::new(Endless) }))
        .route("/wait", get(|| async { std::future::pending::<()>().await }));
    builder.bind("127.0.0.1:0").unwrap().start(router).unwrap()
}

fn limited(limits: Limits) -> ServerBuilder {
    Server::builder().loops(1).limits(limits)
}

/// Sends without an end.
struct Endless;

impl hyper::body::Body for Endless {
    type Data = axum::body::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
        let data = axum::body::Bytes::from_static(&[b'x'; 1 << 14]);
        std::task::Poll::Ready(Some(Ok(hyper::body::Frame::data(data))))
    }
}

#[test]
fn pings_and_settings_keep_no_connection_open() {
    let empty = Frame::new(SETTINGS, 0, 0, []);
    for frame in [Frame::ping(), empty] {
        let server = start(limited(Limits::new().header_read(SHORT).idle(LONG)));
        // No request comes at all.
        Frames::connect(server.local_addr(), &[]).send_until_closed(&frame);
        // A request, and then nothing.
        let server = start(limited(Limits::new().idle(SHORT)));
        let mut after_a_request = Frames::connect(server.local_addr(), &[]);
        after_a_request.send(&Frame::request(1, "GET", "/"));
        assert_eq!(status(&after_a_request.stream(1)), Some(200));
        after_a_request.send_until_closed(&frame);
    }
}

#[test]
fn a_client_that_opens_no_window_is_cut_off() {
    let server = start(limited(Limits::new().response_write(SHORT).idle(LONG)));
    for path in ["/", "/large", "/large/and/then"] {
        let mut takes_nothing = Frames::connect(server.local_addr(), &[(INITIAL_WINDOW_SIZE, 0)]);
        takes_nothing.send(&Frame::request(1, "GET", path));
        let frames = takes_nothing.rest();
        assert_eq!(status(&frames), Some(200), "{path}");
        assert!(frames.iter().all(|frame| frame.kind != DATA), "{path}");
    }
    // It takes a part and stops.
    let mut takes_a_part = Frames::connect(server.local_addr(), &[]);
    takes_a_part.send(&Frame::request(1, "GET", "/large"));
    let bytes: usize = takes_a_part
        .rest()
        .iter()
        .filter(|frame| frame.kind == DATA)
        .map(|frame| frame.payload.len())
        .sum();
    assert_eq!(bytes, 65_535);
}

#[test]
fn a_client_that_reads_slowly_and_goes_on_is_no_idle_connection() {
    let limits = Limits::new().idle(SHORT).header_read(SHORT).response_write(20 * SHORT);
    let server = start(limited(limits));
    let mut slow = Frames::connect(server.local_addr(), &[(INITIAL_WINDOW_SIZE, 100_000)]);
    slow.send(&Frame::request(1, "GET", "/large"));
    let mut bytes = 0;
    while bytes < 200_000 {
        let frame = slow.next().expect("the connection is open");
        bytes += if frame.kind == DATA { frame.payload.len() } else { 0 };
        if frame.kind == DATA && bytes >= 65_535 {
            thread::sleep(SHORT / 2);
            slow.send(&Frame::window_update(1, 16_384));
            slow.send(&Frame::window_update(0, 16_384));
        }
    }
}

#[test]
fn a_head_is_answered_without_a_body_whoever_answers() {
    use http_body_util::Full;
    use hyper::service::service_fn;
    use hyper::{Request, Response};

    // A service that sends a body whatever the method, and panics, and takes too long.
    let service = service_fn(|request: Request<Body>| async move {
        match request.uri().path() {
            "/panic" => panic!("as a handler may"),
            "/late" => std::future::pending().await,
            "/error" => Err(std::io::Error::other("as a service may")),
            "/304" | "/204" => {
                let mut response = Response::new(Full::from("no body here\n"));
                *response.status_mut() = request.uri().path()[1..].parse().unwrap();
                Ok(response)
            }
            _ => Ok(Response::new(Full::<bytes::Bytes>::from("hello\n"))),
        }
    });
    let builder =
        Server::builder().loops(1).request_timeout(SHORT).limits(Limits::new().body_size(3));
    let server = builder.bind("127.0.0.1:0").unwrap().start(service).unwrap();
    for (path, expected) in
        [("/", 200), ("/panic", 500), ("/error", 500), ("/late", 504), ("/413", 413)]
    {
        let mut frames = Frames::connect(server.local_addr(), &[]);
        let mut fields = crate::frames::request_fields("HEAD", path).to_vec();
        if expected == 413 {
            fields.push(("content-length", "4"));
        }
        let flags = if expected == 413 { 0 } else { END_STREAM };
        frames.send(&Frame::head(1, flags, &fields));
        let frames = frames.stream(1);
        assert_eq!(status(&frames), Some(expected), "{path}");
        assert!(frames.iter().all(|frame| frame.kind != DATA), "{path}: {frames:?}");
    }
    for (path, expected) in [("/204", 204), ("/304", 304)] {
        let mut frames = Frames::connect(server.local_addr(), &[]);
        frames.send(&Frame::request(1, "GET", path));
        let frames = frames.stream(1);
        assert_eq!(status(&frames), Some(expected), "{path}");
        assert!(frames.iter().all(|frame| frame.kind != DATA), "{path}: {frames:?}");
    }
}

#[test]
fn a_silent_client_does_not_hold_up_the_stop_for_the_grace_period() {
    let server = start(limited(Limits::new().idle(LONG).header_read(LONG)).grace(LONG));
    let mut silent = Frames::connect(server.local_addr(), &[]);
    silent.send(&Frame::request(1, "GET", "/"));
    assert_eq!(status(&silent.stream(1)), Some(200));
    let mut without_a_request = Frames::connect(server.local_addr(), &[]);
    without_a_request.next_of(SETTINGS).unwrap();
    // It answers the server's PING, and does not close its side.
    let mut polite = Frames::connect(server.local_addr(), &[]);
    polite.send(&Frame::request(1, "GET", "/"));
    assert_eq!(status(&polite.stream(1)), Some(200));

    server.handle().stop();
    let ping = polite.next_of(PING).expect("a PING");
    polite.send(&Frame::new(PING, ACK, 0, ping.payload));
    let begun = Instant::now();
    assert!(server.wait().unwrap().is_clean());
    assert!(begun.elapsed() < DEADLINE, "it has waited for {:?}", begun.elapsed());
    for mut frames in [silent, without_a_request] {
        assert!(frames.rest().iter().any(|frame| frame.kind == GOAWAY));
    }
}

#[test]
fn a_silent_client_that_has_brought_its_last_request_is_cut_off_soon() {
    let limits = Limits::new().requests(1).idle(LONG).header_read(LONG).response_write(LONG);
    let server = start(limited(limits));
    let mut silent = Frames::connect(server.local_addr(), &[]);
    silent.send(&Frame::request(1, "GET", "/"));
    let frames = silent.rest();
    assert_eq!(status(&frames), Some(200));
    assert!(frames.iter().any(|frame| frame.kind == GOAWAY));
}

#[test]
fn a_streamed_response_that_is_cut_counts_as_a_request() {
    let server = start(limited(Limits::new()).grace(Duration::ZERO));
    let mut frames = Frames::connect(server.local_addr(), &[]);
    frames.send(&Frame::request(1, "GET", "/large/and/then"));
    frames.send(&Frame::request(3, "GET", "/large"));
    frames.next_of(HEADERS).unwrap();
    frames.next_of(HEADERS).unwrap();
    let mut http1 = crate::client::Bare::connect(server.local_addr());
    http1.get("/large/and/then");
    http1.expect("HTTP/1.1 200");
    let report = server.stop().unwrap();
    assert_eq!((report.requests_cut, report.connections_cut), (3, 2), "{report}");
}
