//! The experiment: is the light route answered while handlers block? No test waits by the clock:
//! handlers are held at a gate, and the test opens it.

use std::hint::spin_loop;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use bytes::Bytes;
use hyper::Method;
use unblock_runtime::server::{RunningServer, Server};
use unblock_runtime::{Pool, unblock};

use crate::client::{Bare, Client};
use crate::support::{Gate, next};

/// Handlers that block until the test lets them go on.
#[derive(Clone)]
struct Held {
    pool: Pool,
    begun: Sender<ThreadId>,
    gate: Gate,
    open: Arc<AtomicBool>,
}

impl Held {
    fn new(pool: Pool) -> (Self, Receiver<ThreadId>) {
        let (begun, begins) = mpsc::channel();
        (Self { pool, begun, gate: Gate::new(), open: Arc::default() }, begins)
    }

    fn release(&self) {
        self.gate.open();
        self.open.store(true, Ordering::Release);
    }

    /// Asleep, as far as the system can see.
    #[unblock(pool = self.pool)]
    fn asleep(&self) -> String {
        self.begun.send(thread::current().id()).unwrap();
        self.gate.wait();
        "awake\n".to_owned()
    }

    /// Computing, as far as the system can see.
    #[unblock(pool = self.pool)]
    fn computing(&self) -> String {
        self.begun.send(thread::current().id()).unwrap();
        while !self.open.load(Ordering::Acquire) {
            spin_loop();
        }
        "computed\n".to_owned()
    }
}

fn start(held: &Held, loops: usize) -> RunningServer {
    let router = Router::new()
        .route("/", get(|| async { "hello\n" }))
        .route("/asleep", get(|State(held): State<Held>| async move { held.asleep().await }))
        .route("/computing", get(|State(held): State<Held>| async move { held.computing().await }))
        .with_state(held.clone());
    Server::builder().loops(loops).bind("127.0.0.1:0").unwrap().start(router).unwrap()
}

/// More held handlers than any server here has loops.
const HELD: usize = 5;

/// Holds handlers of `path`, and sees that the light route is answered meanwhile.
fn light_route_answers_while_held(pool: Pool, loops: usize, path: &str, response: &str) {
    let (held, begins) = Held::new(pool);
    let server = start(&held, loops);
    let client = Client::new(server.local_addr());

    let pending: Vec<_> =
        (0..HELD).map(|_| client.begin(Method::GET, path, Bytes::new())).collect();
    for _ in 0..HELD {
        next(&begins);
    }
    // All are held. On connections of its own, and on new ones, every loop answers.
    for _ in 0..2 * HELD {
        assert_eq!(client.get("/").told(), (200, "hello\n"));
        let mut connection = Bare::connect(server.local_addr());
        connection.get("/");
        assert_eq!(connection.response(), (200, "hello\n".to_owned()));
    }

    held.release();
    for request in pending {
        assert_eq!(request.wait().told(), (200, response));
    }
    assert!(server.stop().unwrap().is_clean());
}

#[test]
fn the_light_route_answers_while_handlers_sleep() {
    for loops in [1, 2] {
        // One may run at a time; the pool sees that those that sleep do not.
        let pool = Pool::builder().parallelism(1).build().unwrap();
        light_route_answers_while_held(pool, loops, "/asleep", "awake\n");
    }
}

#[test]
fn the_light_route_answers_while_handlers_compute() {
    for loops in [1, 2] {
        let pool = Pool::builder().parallelism(HELD).build().unwrap();
        light_route_answers_while_held(pool, loops, "/computing", "computed\n");
    }
}

#[test]
fn after_the_await_a_handler_is_on_its_loop_again() {
    async fn threads(State(pool): State<Pool>) -> String {
        #[unblock(pool = pool)]
        fn there(pool: &Pool) -> ThreadId {
            thread::current().id()
        }
        let before = thread::current();
        let there = there(&pool).await;
        let after = thread::current();
        let name = before.name().unwrap_or_default().to_owned();
        format!("{name} {} {}\n", before.id() == after.id(), before.id() == there)
    }
    let pool = Pool::builder().parallelism(2).build().unwrap();
    let router = Router::new().route("/", get(threads)).with_state(pool);
    let server = Server::builder().loops(2).bind("127.0.0.1:0").unwrap().start(router).unwrap();
    let client = Client::new(server.local_addr());
    for pending in (0..50).map(|_| client.begin(Method::GET, "/", Bytes::new())).collect::<Vec<_>>()
    {
        let response = pending.wait();
        let (status, text) = response.told();
        assert_eq!(status, 200);
        assert!(text.starts_with("unblock-loop-") && text.ends_with(" true false\n"), "{text}");
    }
}

/// The control experiment: what is asked and what runs, in order.
#[derive(Clone, Default)]
struct Events(Arc<Mutex<Vec<(&'static str, ThreadId)>>>);

impl Events {
    fn note(&self, what: &'static str) {
        self.0.lock().unwrap().push((what, thread::current().id()));
    }

    fn seen(&self) -> Vec<(&'static str, ThreadId)> {
        self.0.lock().unwrap().clone()
    }
}

#[test]
fn without_the_attribute_the_light_route_waits_for_the_handler() {
    let (begun, begins) = mpsc::channel();
    let (gate, events) = (Gate::new(), Events::default());
    let (at, during, light) = (gate.clone(), events.clone(), events.clone());
    let router = Router::new()
        .route(
            "/held",
            get(move || async move {
                begun.send(()).unwrap();
                at.wait();
                during.note("held");
                "awake\n"
            }),
        )
        .route(
            "/",
            get(move || async move {
                light.note("light");
                "hello\n"
            }),
        );
    let server = Server::builder().loops(1).bind("127.0.0.1:0").unwrap().start(router).unwrap();

    // This connection is the loop's own before the loop is held; the other is still to be accepted
    // then.
    let mut old = connected(server.local_addr(), &events);
    let mut slow = Bare::connect(server.local_addr());
    slow.get("/held");
    next(&begins);
    let mut new = Bare::connect(server.local_addr());
    new.get("/");
    old.get("/");

    // The loop's thread is at the gate, and both requests have arrived. Nothing but that thread can
    // answer them.
    assert_eq!(events.seen().len(), 1, "the light route ran while its loop was held");
    gate.open();

    assert_eq!(slow.response(), (200, "awake\n".to_owned()));
    assert_eq!(old.response(), (200, "hello\n".to_owned()));
    assert_eq!(new.response(), (200, "hello\n".to_owned()));
    let (order, threads): (Vec<_>, Vec<_>) = events.seen().into_iter().unzip();
    assert_eq!(order, ["light", "held", "light", "light"]);
    assert!(threads.iter().all(|thread| *thread == threads[0]), "all on the one loop");
}

/// A connection that has been served once.
fn connected(server: SocketAddr, events: &Events) -> Bare {
    let mut connection = Bare::connect(server);
    connection.get("/");
    assert_eq!(connection.response(), (200, "hello\n".to_owned()));
    assert_eq!(events.seen().len(), 1);
    connection
}
