//! HTTP/1.1 by bytes: the fields that decide where a request ends and for whom it is, and clients
//! that close one side.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::routing::{get, post};
use unblock_runtime::server::{Limits, RunningServer, Server};
use unblock_runtime::{Pool, unblock};

use crate::client::Bare;
use crate::frames::{END_STREAM, Frame, Frames, request_fields, status};
use crate::support::{eventually, hold, single};

const SHORT: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_hours(1);

fn start(limits: Limits, router: Router) -> RunningServer {
    let server = Server::builder().loops(1).limits(limits).bind("127.0.0.1:0").unwrap();
    server.start(router).unwrap()
}

fn hello() -> Router {
    Router::new()
        .route("/", get(|| async { "hello\n" }).post(|body: Bytes| async { body }))
        .route("/unread", post(|| async { "not read\n" }))
}

#[test]
fn a_body_that_was_not_asked_for_is_not_waited_for() {
    let server = start(Limits::new().body_size(1000), hello());
    for (path, status) in [("/nowhere", "404"), ("/unread", "200"), ("/", "413")] {
        let mut connection = Bare::connect(server.local_addr());
        let length = if status == "413" { 1001 } else { 30 };
        connection.send(format!(
            "POST {path} HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\n\
             content-length: {length}\r\n\r\n"
        ));
        let text = connection.rest();
        assert!(text.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {text}");
        assert!(text.to_ascii_lowercase().contains("\r\nconnection: close\r\n"), "{path}: {text}");
    }
    // One that is asked for is, and the connection goes on.
    let mut connection = Bare::connect(server.local_addr());
    for _ in 0..2 {
        connection.send(
            "POST / HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n",
        );
        connection.expect("HTTP/1.1 100 Continue\r\n\r\n");
        connection.send("hello");
        assert_eq!(connection.response(), (200, "hello".to_owned()));
    }
}

#[test]
fn a_request_without_exactly_one_valid_host_is_answered_400() {
    let server = start(Limits::new(), hello());
    for fields in [
        "",
        "host: a\r\nhost: a\r\n",
        "host: a\r\nhost: b\r\n",
        "host:\r\n",
        "host: a b\r\n",
        "host: http://x/\r\n",
        "host: user@x\r\n",
        "host: x:port\r\n",
    ] {
        let mut connection = Bare::connect(server.local_addr());
        connection.send(format!("GET / HTTP/1.1\r\n{fields}\r\n"));
        let text = connection.rest();
        assert!(text.starts_with("HTTP/1.1 400 "), "{fields:?}: {text}");
        assert!(text.to_ascii_lowercase().contains("\r\nconnection: close\r\n"), "{text}");
        assert!(text.contains(" Host"), "{fields:?}: it says what is wrong: {text}");
    }
    for request in [
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: [::1]:80\r\n\r\n",
        "GET http://test/ HTTP/1.1\r\nhost: test\r\n\r\n",
    ] {
        let mut connection = Bare::connect(server.local_addr());
        connection.send(request);
        assert_eq!(connection.response().0, 200, "{request}");
    }
    for (fields, expected) in
        [(vec!["a b"], 400), (vec!["test", "test"], 400), (vec!["other"], 400), (vec!["test"], 200)]
    {
        let mut frames = Frames::connect(server.local_addr(), &[]);
        let mut head = request_fields("GET", "/").to_vec();
        head.extend(fields.iter().map(|value| ("host", *value)));
        frames.send(&Frame::head(1, END_STREAM, &head));
        assert_eq!(status(&frames.stream(1)), Some(expected), "{fields:?}");
    }
}

#[test]
fn the_number_of_header_fields_has_one_limit_in_both_versions() {
    for (limits, most) in [
        (Limits::new(), 100),
        (Limits::new().header_fields(20), 20),
        (Limits::new().header_fields(300), 300),
    ] {
        let server = start(limits, hello());
        for (count, expected) in [(most, 200), (most + 1, 431)] {
            let names: Vec<_> = (1..count).map(|number| format!("x-{number}")).collect();
            let mut connection = Bare::connect(server.local_addr());
            let fields = names.iter().fold(String::new(), |all, name| all + name + ": 1\r\n");
            connection.send(format!("GET / HTTP/1.1\r\nhost: test\r\n{fields}\r\n"));
            assert_eq!(connection.response().0, expected, "{count} fields");

            let mut frames = Frames::connect(server.local_addr(), &[]);
            let mut fields = request_fields("GET", "/").to_vec();
            fields.extend(names.iter().map(|name| (&**name, "1")));
            fields.push(("one-more", "for the Host"));
            frames.send(&Frame::head(1, END_STREAM, &fields));
            assert_eq!(status(&frames.stream(1)), Some(expected), "{count} fields in HTTP/2");
        }
    }
}

#[test]
fn half_a_head_behind_a_whole_request_has_the_time_of_a_head() {
    let server = start(Limits::new().idle(LONG).header_read(SHORT), hello());
    let whole = "GET / HTTP/1.1\r\nhost: test\r\n\r\n";
    for text in [format!("{whole}GET / HTTP/1.1\r\nhost: te"), format!("{whole}{whole}G")] {
        let mut stalls = Bare::connect(server.local_addr());
        stalls.send(text);
        assert!(stalls.rest().ends_with("hello\n"));
    }
    // Whole requests alone, whatever their pieces, leave the connection open.
    let mut connection = Bare::connect(server.local_addr());
    for pieces in
        [vec![whole], vec![whole, whole], vec![&whole[..20], &whole[20..whole.len() - 1], "\n"]]
    {
        for piece in &pieces {
            connection.send(piece);
        }
        connection.response();
    }
    connection.response();
    std::thread::sleep(3 * SHORT);
    connection.get("/");
    assert_eq!(connection.response(), (200, "hello\n".to_owned()));
}

#[test]
fn a_client_that_closes_its_side_has_gone_unless_the_server_is_told_otherwise() {
    #[unblock(pool = pool)]
    fn job(pool: &Pool, runs: Arc<AtomicUsize>) -> &'static str {
        runs.fetch_add(1, Ordering::SeqCst);
        "ran\n"
    }
    for half_close in [false, true] {
        let pool = single(8);
        let held = hold(&pool);
        let runs = Arc::new(AtomicUsize::new(0));
        let (on, count) = (pool.clone(), runs.clone());
        let router = hello().route("/job", get(|| async move { job(&on, count).await }));
        let server = start(Limits::new().half_close(half_close), router);

        // What can be answered at once is.
        let mut light = Bare::connect(server.local_addr());
        light.get("/");
        light.shut();
        assert!(light.rest().ends_with("hello\n"));
        let mut waits = Bare::connect(server.local_addr());
        waits.get("/job");
        waits.shut();
        eventually("the job", || pool.stats().queued + pool.stats().cancelled == 1);
        if !half_close {
            eventually("the end of the job", || pool.stats().cancelled == 1);
        }
        held.release();
        let rest = waits.rest();
        assert_eq!(rest.ends_with("ran\n"), half_close, "{rest}");
        assert_eq!(runs.load(Ordering::SeqCst), usize::from(half_close));
        assert!(server.stop().unwrap().is_clean());
    }
}
