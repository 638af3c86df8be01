//! Connections: how they are balanced over the loops, and what happens to requests at their edges.

use std::sync::mpsc;
use std::thread;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::{get, post};
use http_body_util::BodyExt as _;
use unblock_runtime::server::{RunningServer, Server};

use crate::client::Bare;
use crate::support::{Gate, next};

fn start(loops: usize, router: Router) -> RunningServer {
    Server::builder().loops(loops).bind("127.0.0.1:0").unwrap().start(router).unwrap()
}

/// A service that names the loop that has answered.
fn which_loop() -> Router {
    let name = || thread::current().name().unwrap_or_default().to_owned();
    Router::new().route("/", get(move || async move { name() }))
}

fn ask(connection: &mut Bare) -> String {
    connection.get("/");
    connection.response().1
}

#[test]
fn connections_are_spread_over_the_loops() {
    let server = start(2, which_loop());
    let mut connections: Vec<_> = (0..20).map(|_| Bare::connect(server.local_addr())).collect();
    let mut of_the_first = 0;
    for connection in &mut connections {
        of_the_first += usize::from(ask(connection) == "unblock-loop-0");
    }
    // What came in one burst may be handed over one at a time; those that follow make up for it.
    let mut more: Vec<_> = Vec::new();
    for _ in 0..20 {
        let mut connection = Bare::connect(server.local_addr());
        of_the_first += usize::from(ask(&mut connection) == "unblock-loop-0");
        more.push(connection);
    }
    assert!(
        (18..=22).contains(&of_the_first),
        "{of_the_first} of 40 connections are the first loop's"
    );
}

#[test]
fn a_loop_that_is_blocked_is_handed_one_connection_and_no_more() {
    let gate = Gate::new();
    let (begun, begins) = mpsc::channel();
    let blocks = gate.clone();
    let router = which_loop().route(
        "/block",
        get(move || async move {
            begun.send(()).unwrap();
            blocks.wait();
        }),
    );
    let server = start(2, router);
    let mut blocked = Bare::connect(server.local_addr());
    blocked.get("/block");
    next(&begins);
    let responses = thread::scope(|scope| {
        let (tell, responses) = mpsc::channel();
        for _ in 0..10 {
            let tell = tell.clone();
            let mut connection = Bare::connect(server.local_addr());
            scope.spawn(move || {
                connection.get("/");
                let _ = tell.send((connection.response(), connection));
            });
        }
        drop(tell);
        let mut before: Vec<_> = (0..9).map(|_| next(&responses)).collect();
        gate.open();
        before.push(next(&responses));
        before
    });
    assert!(responses.iter().all(|((status, _), _)| *status == 200));
    blocked.response();
}

#[test]
fn requests_that_come_in_pieces_or_at_once_are_answered_in_order() {
    let router = Router::new()
        .route("/{name}", get(async |path: axum::extract::Path<String>| path.0))
        .route("/", post(async |body: Bytes| body));
    let server = start(2, router);
    let mut connection = Bare::connect(server.local_addr());
    let text = "GET /a HTTP/1.1\r\nhost: test\r\n\r\n\
                POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 1\r\n\r\nb\
                GET /c HTTP/1.1\r\nhost: test\r\n\r\n";
    for length in (1..text.len()).step_by(7) {
        for part in text.as_bytes().chunks(length) {
            connection.send(part);
        }
        for name in ["a", "b", "c"] {
            assert_eq!(connection.response(), (200, name.to_owned()));
        }
    }
}

#[test]
fn a_body_that_is_read_after_the_answer_is_whole() {
    let (tell, told) = mpsc::channel();
    let router = Router::new().route(
        "/",
        post(move |body: Body| async move {
            tokio::task::spawn_local(async move {
                tell.send(body.collect().await.map(http_body_util::Collected::to_bytes)).unwrap();
            });
            "in a moment\n"
        }),
    );
    let server = start(2, router);
    let mut connection = Bare::connect(server.local_addr());
    for _ in 0..3 {
        connection.send("POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\n01234");
        assert_eq!(connection.response(), (200, "in a moment\n".to_owned()));
        connection.send("56789");
        assert_eq!(next(&told).unwrap(), "0123456789");
    }
}

#[test]
fn a_request_that_has_come_when_the_server_stops_is_answered() {
    let (tell, told) = mpsc::channel();
    let gate = Gate::new();
    let at = gate.clone();
    let router = which_loop().route(
        "/held",
        get(move || async move {
            tell.send(()).unwrap();
            at.wait();
        }),
    );
    let server = start(1, router);
    let mut late = Bare::connect(server.local_addr());
    ask(&mut late);
    let mut held = Bare::connect(server.local_addr());
    held.get("/held");
    next(&told);
    // Its loop is blocked, and reads this request only when the stop has begun.
    late.get("/");
    server.handle().stop();
    gate.open();
    assert_eq!(late.response().0, 200);
    assert_eq!(late.rest(), "");
    drop(held);
    assert!(server.wait().unwrap().is_clean());
}

#[test]
fn half_a_head_does_not_hold_up_the_stop() {
    let server = start(2, Router::new().route("/", get(|| async { "hello\n" })));
    let mut connection = Bare::connect(server.local_addr());
    connection.get("/");
    assert_eq!(connection.response().0, 200);
    connection.send("GET / HTT");
    server.handle().stop();
    assert_eq!(connection.rest(), "");
    drop(connection);
    assert!(server.wait().unwrap().is_clean());
}
