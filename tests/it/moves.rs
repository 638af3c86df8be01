//! Connections that move from one loop to another between two requests. The tests of the whole server are also run with a
//! library whose connections do so after each request (`unblock_restless`).

use std::hint;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::{get, post};
use http_body_util::BodyExt as _;
use unblock_runtime::server::{Running, Server};

use crate::client::Bare;
use crate::support::{Gate, next};

fn start(loops: usize, router: Router) -> Running {
    Server::builder().loops(loops).bind("127.0.0.1:0").unwrap().start(router).unwrap()
}

#[test]
fn a_connection_leaves_a_loop_that_has_too_much_to_do() {
    let router = Router::new().route(
        "/",
        get(|| async {
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_millis(1) {
                hint::spin_loop();
            }
            thread::current().name().unwrap_or_default().to_owned()
        }),
    );
    let server = start(2, router);
    let ask = |connection: &mut Bare| {
        connection.get("/");
        connection.answer().1
    };
    let mut connections: Vec<_> = (0..8).map(|_| Bare::connect(server.local_addr())).collect();
    let first = ask(&mut connections[0]);
    // Those of one loop ask again and again; the other has nothing to do.
    connections.retain_mut(|connection| ask(connection) == first);
    let moved = AtomicBool::new(false);
    thread::scope(|scope| {
        for mut connection in connections {
            let (moved, first, ask) = (&moved, &first, &ask);
            scope.spawn(move || {
                let stays = (0..20_000).all(|_| {
                    moved.fetch_or(ask(&mut connection) != *first, Ordering::Relaxed);
                    !moved.load(Ordering::Relaxed)
                });
                assert!(!stays, "no connection has left the loop");
            });
        }
    });
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
            assert_eq!(connection.answer(), (200, name.to_owned()));
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
        assert_eq!(connection.answer(), (200, "in a moment\n".to_owned()));
        connection.send("56789");
        assert_eq!(next(&told).unwrap(), "0123456789");
    }
}

/// Whether connections leave after each request, as they do in a library built to be tested so.
const RESTLESS: bool = cfg!(unblock_restless);

#[test]
fn a_request_that_has_come_when_the_server_stops_is_answered_though_its_connection_has_just_moved()
{
    let (tell, told) = mpsc::channel();
    let gate = Gate::new();
    let at = gate.clone();
    let name = || thread::current().name().unwrap_or_default().to_owned();
    let router = Router::new().route("/", get(move || async move { name() })).route(
        "/held/{free}",
        get(move |free: axum::extract::Path<String>| async move {
            let holds = name() != free.0;
            tell.send(holds).unwrap();
            if holds {
                at.wait();
            }
        }),
    );
    let server = start(2, router);
    let mut moves = Bare::connect(server.local_addr());
    moves.get("/");
    let first = moves.answer().1;
    let free = match (&*first, RESTLESS) {
        ("unblock-loop-0", true) => "unblock-loop-1",
        (_, true) => "unblock-loop-0",
        (first, false) => first,
    };
    let mut others = Vec::new();
    loop {
        let mut other = Bare::connect(server.local_addr());
        other.get(&format!("/held/{free}"));
        others.push(other);
        if next(&told) {
            break;
        }
    }
    // It is answered by the loop that is free, and on its way to the one that is held then.
    moves.get("/");
    assert_eq!(moves.answer().1, free);
    moves.get("/");
    server.handle().stop();
    gate.open();
    assert_eq!(moves.answer().0, 200);
    assert_eq!(moves.rest(), "");
    drop(others);
    assert!(server.wait().unwrap().is_clean());
}

#[test]
fn half_a_head_does_not_hold_up_the_stop() {
    let server = start(2, Router::new().route("/", get(|| async { "hello\n" })));
    let mut connection = Bare::connect(server.local_addr());
    connection.get("/");
    assert_eq!(connection.answer().0, 200);
    connection.send("GET / HTT");
    server.handle().stop();
    assert_eq!(connection.rest(), "");
    drop(connection);
    assert!(server.wait().unwrap().is_clean());
}
