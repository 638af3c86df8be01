//! The server: what it does for a service, what it refuses a client, and how it stops.

use std::cell::Cell;
use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::ConnectInfo;
use axum::routing::{get, post};
use http_body_util::Full;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use unblock_runtime::server::{
    Body, Limits, Report, RunningServer, Server, ServerBuilder, ServerError,
};
use unblock_runtime::{Pool, unblock};

use crate::client::{Bare, Client};
use crate::support::{Gate, eventually, hold, next, single};

fn one_loop() -> ServerBuilder {
    Server::builder().loops(1)
}

fn start(builder: ServerBuilder, router: Router) -> RunningServer {
    builder.bind("127.0.0.1:0").unwrap().start(router).unwrap()
}

/// A route that says when it has begun and waits, without blocking its loop.
fn slow() -> (Router, mpsc::Receiver<()>, Arc<tokio::sync::Notify>) {
    let (begun, begins) = mpsc::channel();
    let go_on = Arc::new(tokio::sync::Notify::new());
    let waits = go_on.clone();
    let router = Router::new().route("/", get(|| async { "hello\n" })).route(
        "/slow",
        get(move || async move {
            begun.send(()).unwrap();
            waits.notified().await;
            "done\n"
        }),
    );
    (router, begins, go_on)
}

#[test]
fn takes_a_service_of_hyper_and_one_that_is_not_send() {
    let server = one_loop().bind("127.0.0.1:0").unwrap();
    let server = server
        .start_with(|| {
            let count = Rc::new(Cell::new(0));
            service_fn(move |_: Request<Body>| {
                count.set(count.get() + 1);
                let text = format!("{}\n", count.get());
                async { Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(text))) }
            })
        })
        .unwrap();
    let mut connection = Bare::connect(server.local_addr());
    for count in 1..=3 {
        connection.get("/");
        assert_eq!(connection.response(), (200, format!("{count}\n")));
    }
}

#[test]
fn a_service_that_fails_is_answered_500() {
    let service = service_fn(|_: Request<Body>| async {
        Err::<Response<Full<Bytes>>, _>(std::io::Error::other("the secret reason"))
    });
    let server = one_loop().bind("127.0.0.1:0").unwrap().start(service).unwrap();
    let mut connection = Bare::connect(server.local_addr());
    for _ in 0..2 {
        connection.get("/");
        assert_eq!(connection.response(), (500, "internal server error\n".to_owned()));
    }
}

#[test]
fn a_panic_is_answered_500_and_connection_and_pool_go_on() {
    #[unblock(pool = pool)]
    fn job(pool: &Pool, fail: bool) -> &'static str {
        assert!(!fail, "the secret reason");
        "fine\n"
    }
    async fn on_the_loop() -> &'static str {
        panic!("the secret reason");
    }
    let pool = single(8);
    let (bad, good) = (pool.clone(), pool.clone());
    let router = Router::new()
        .route("/loop", get(on_the_loop))
        .route("/job", get(|| async move { job(&bad, true).await }))
        .route("/good", get(|| async move { job(&good, false).await }));
    let server = start(one_loop(), router);

    let mut connection = Bare::connect(server.local_addr());
    for _ in 0..3 {
        for path in ["/loop", "/job"] {
            connection.get(path);
            assert_eq!(
                connection.response(),
                (500, "internal server error\n".to_owned()),
                "{path}"
            );
        }
        connection.get("/good");
        assert_eq!(connection.response(), (200, "fine\n".to_owned()));
    }
    assert_eq!((pool.stats().panicked, pool.stats().completed), (3, 3));

    let client = Client::http2(server.local_addr());
    assert_eq!(client.get("/loop").told(), (500, "internal server error\n"));
    assert_eq!(client.get("/good").told(), (200, "fine\n"));
}

#[test]
fn the_job_of_a_client_that_has_gone_never_runs() {
    #[unblock(pool = pool)]
    fn job(pool: &Pool, runs: Arc<AtomicUsize>) -> &'static str {
        runs.fetch_add(1, Ordering::SeqCst);
        "ran\n"
    }
    let pool = single(8);
    let held = hold(&pool);
    let runs = Arc::new(AtomicUsize::new(0));
    let (on, count) = (pool.clone(), runs.clone());
    let server = start(
        one_loop(),
        Router::new().route("/job", get(|| async move { job(&on, count).await })),
    );

    let mut old = Bare::connect(server.local_addr());
    old.get("/job");
    let client = Client::http2(server.local_addr());
    let stream = client.begin(Method::GET, "/job", Bytes::new());
    eventually("both jobs in the queue", || pool.stats().queued == 2);
    drop(old);
    stream.abandon();
    eventually("both jobs cancelled", || pool.stats().cancelled == 2);

    held.release();
    let stays = client.get("/job");
    assert_eq!((stays.told(), runs.load(Ordering::SeqCst)), ((200, "ran\n"), 1));
}

#[test]
fn http2_is_spoken_without_asking_and_requests_share_the_connection() {
    let (router, begins, go_on) = slow();
    let server = start(one_loop(), router);
    let client = Client::http2(server.local_addr());
    let pending = client.begin(Method::GET, "/slow", Bytes::new());
    next(&begins);
    assert_eq!(client.get("/").told(), (200, "hello\n"));
    go_on.notify_one();
    assert_eq!(pending.wait().told(), (200, "done\n"));
}

#[test]
fn a_body_over_the_limit_is_refused_up_front_and_while_it_comes() {
    let length = post(|body: Bytes| async move { format!("{}\n", body.len()) });
    // A service that makes something else of a body that ends in an error.
    let forgiving =
        post(|body: Result<Bytes, _>| async move { body.map_or("no body\n", |_| "a body\n") });
    let router = Router::new().route("/", length).route("/forgiving", forgiving);
    let server = start(one_loop().limits(Limits::new().body_size(10)), router);
    let refusal = "the body is too large: at most 10 bytes are accepted\n";

    for client in [Client::new(server.local_addr()), Client::http2(server.local_addr())] {
        assert_eq!(client.post("/", "0123456789").told(), (200, "10\n"));
        let response = client.post("/", "0123456789x");
        assert_eq!(response.told(), (413, refusal));
        response.assert_line(413);
        assert_eq!(
            client.post("/", vec![b'x'; 1 << 20]).told(),
            (413, refusal),
            "and it reads the response"
        );
    }
    for path in ["/", "/forgiving"] {
        let mut connection = Bare::connect(server.local_addr());
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n");
        connection.send(head.clone() + "8\r\n01234567\r\n2\r\n89\r\n0\r\n\r\n");
        assert_eq!(connection.response().0, 200, "ten bytes in chunks");
        connection.send(head + "8\r\n01234567\r\n3\r\n89x\r\n0\r\n\r\n");
        assert_eq!(connection.response(), (413, refusal.to_owned()), "{path}");
    }
}

#[test]
fn a_client_that_is_slow_with_its_request_is_cut_off() {
    let limits =
        Limits::new().header_read(Duration::from_millis(300)).idle(Duration::from_millis(50));
    let server = start(one_loop().limits(limits), slow().0);
    let mut silent = Bare::connect(server.local_addr());
    let mut stalls = Bare::connect(server.local_addr());
    stalls.send("GET / HTTP/1.1\r\nhost: te");
    let mut stalls_in_preface = Bare::connect(server.local_addr());
    stalls_in_preface.send("PRI * HT");
    let mut idle = Bare::connect(server.local_addr());
    idle.get("/");
    assert_eq!(idle.response().0, 200);
    for connection in [&mut silent, &mut stalls, &mut stalls_in_preface, &mut idle] {
        assert_eq!(connection.rest(), "");
    }
}

#[test]
fn a_head_over_the_limit_is_answered_431() {
    let server = start(one_loop().limits(Limits::new().header_size(8 * 1024)), slow().0);
    let mut connection = Bare::connect(server.local_addr());
    connection
        .send(format!("GET / HTTP/1.1\r\nhost: test\r\nlong: {}\r\n\r\n", "x".repeat(9 * 1024)));
    assert_eq!(connection.response().0, 431);
}

#[test]
fn connections_over_the_limit_wait_until_one_is_closed() {
    let (router, begins, go_on) = slow();
    let server = start(Server::builder().loops(2).limits(Limits::new().connections(1)), router);
    let mut first = Bare::connect(server.local_addr());
    first.get("/slow");
    next(&begins);
    let mut second = Bare::connect(server.local_addr());
    second.get("/slow");
    go_on.notify_one();
    assert_eq!(first.response(), (200, "done\n".to_owned()));
    // Until here only one connection has been served: the first is still open.
    first.get("/");
    assert_eq!(first.response(), (200, "hello\n".to_owned()));
    assert!(begins.try_recv().is_err(), "the second connection was served beside the first");

    drop(first);
    next(&begins);
    go_on.notify_one();
    assert_eq!(second.response(), (200, "done\n".to_owned()));
}

#[test]
fn without_keep_alive_a_connection_brings_one_request() {
    let server = start(one_loop().limits(Limits::new().keep_alive(false)), slow().0);
    let mut connection = Bare::connect(server.local_addr());
    connection.get("/");
    assert_eq!(connection.response(), (200, "hello\n".to_owned()));
    assert_eq!(connection.rest(), "");
}

#[test]
fn a_graceful_stop_refuses_new_connections_closes_idle_ones_and_answers_what_runs() {
    let (router, begins, go_on) = slow();
    let server = start(Server::builder().loops(2), router);
    let address = server.local_addr();
    let mut idle = Bare::connect(address);
    idle.get("/");
    assert_eq!(idle.response().0, 200);
    let mut runs = Bare::connect(address);
    runs.get("/slow");
    let client = Client::http2(address);
    let stream = client.begin(Method::GET, "/slow", Bytes::new());
    next(&begins);
    next(&begins);

    server.handle().stop();
    assert_eq!(idle.rest(), "");
    eventually("new connections refused", || TcpStream::connect(address).is_err());
    go_on.notify_one();
    go_on.notify_one();
    assert_eq!(runs.response(), (200, "done\n".to_owned()));
    assert_eq!(runs.rest(), "", "closed after its response");
    assert_eq!(stream.wait().told(), (200, "done\n"));
    assert_eq!(server.wait().unwrap(), Report::default());
}

#[test]
fn what_outlasts_the_grace_period_is_cut_and_reported() {
    let (router, begins, _go_on) = slow();
    let server = start(one_loop().grace(Duration::ZERO), router);
    let mut cut = Bare::connect(server.local_addr());
    cut.get("/slow");
    let client = Client::http2(server.local_addr());
    let stream = client.begin(Method::GET, "/slow", Bytes::new());
    next(&begins);
    next(&begins);
    let report = server.stop().unwrap();
    assert_eq!(
        (report.requests_cut, report.connections_cut, report.loops_stuck),
        (2, 2, 0),
        "{report}"
    );
    assert_eq!(cut.rest(), "");
    assert!(stream.outcome().is_err());
}

#[test]
fn a_handler_that_blocks_its_loop_does_not_hold_up_the_end() {
    let (begun, begins) = mpsc::channel();
    let gate = Gate::new();
    let at = gate.clone();
    let router = Router::new().route(
        "/",
        get(|| async move {
            begun.send(()).unwrap();
            at.wait();
        }),
    );
    let server = start(one_loop().grace(Duration::ZERO), router);
    let mut blocks = Bare::connect(server.local_addr());
    blocks.get("/");
    next(&begins);
    let report = server.stop().unwrap();
    assert_eq!((report.requests_cut, report.loops_stuck), (1, 1), "{report}");
    gate.open();
}

#[test]
fn a_connection_that_the_kernel_had_accepted_is_served_when_the_server_stops() {
    let (begun, begins) = mpsc::channel();
    let gate = Gate::new();
    let at = gate.clone();
    let router = Router::new().route("/", get(|| async { "hello\n" })).route(
        "/held",
        get(|| async move {
            begun.send(()).unwrap();
            at.wait();
        }),
    );
    let server = start(one_loop(), router);
    let mut blocks = Bare::connect(server.local_addr());
    blocks.get("/held");
    next(&begins);
    // Its loop cannot accept it before the stop begins.
    let mut late = Bare::connect(server.local_addr());
    late.get("/");
    server.handle().stop();
    gate.open();
    assert_eq!(late.response(), (200, "hello\n".to_owned()));
    assert!(server.wait().unwrap().is_clean());
}

#[test]
fn an_address_in_use_is_an_error_that_names_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let error = Server::builder().bind(address).unwrap_err();
    assert!(matches!(error, ServerError::Bind { .. }));
    let text = error.to_string();
    assert!(text.contains(&address.to_string()) && text.contains("in use"), "{text}");
    assert!(matches!(Server::builder().bind("nonsense"), Err(ServerError::Bind { .. })));
}

#[test]
fn a_socket_that_listens_already_can_be_served_on() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let (ready, is_ready) = mpsc::channel();
    let builder = Server::builder().on_ready(move |address| ready.send(address).unwrap());
    let server = builder.from_listener(listener).unwrap().start(slow().0).unwrap();
    assert_eq!((server.local_addr(), next(&is_ready)), (address, address));
    assert_eq!(Client::new(address).get("/").told(), (200, "hello\n"));
}

#[test]
fn a_loop_that_cannot_make_its_service_ends_the_server() {
    let server = Server::builder().loops(2).bind("127.0.0.1:0").unwrap();
    let made = AtomicUsize::new(0);
    let outcome = server.serve_with(move || {
        assert_eq!(made.fetch_add(1, Ordering::SeqCst), 0, "only one can be made");
        slow().0
    });
    assert!(matches!(outcome, Err(ServerError::LoopEnded { .. })), "{outcome:?}");
}

#[test]
fn a_service_is_told_the_address_of_its_client() {
    let router = Router::new()
        .route("/", get(async |peer: ConnectInfo<SocketAddr>| format!("{}\n", peer.0)));
    let axums = start(one_loop(), router);
    let service = service_fn(|request: Request<Body>| async move {
        let peer = request.body().peer_addr().expect("an address");
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(format!("{peer}\n"))))
    });
    let hypers = one_loop().bind("127.0.0.1:0").unwrap().start(service).unwrap();
    for server in [axums, hypers] {
        let mut connection = Bare::connect(server.local_addr());
        for _ in 0..2 {
            connection.get("/");
            assert_eq!(connection.response(), (200, format!("{}\n", connection.local_addr())));
        }
        let response = Client::http2(server.local_addr()).get("/");
        let (_, text) = response.told();
        assert!(text.starts_with("127.0.0.1:"), "{text}");
    }
}
