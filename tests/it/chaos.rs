//! Chaos from a seed: clients that vanish and stall, handlers that panic, sleep, compute, take too
//! long and are refused, all at once. Whoever stays gets one whole response to what it asked, and
//! afterwards everything is as it was before.
//!
//! `UNBLOCK_CHAOS_SEED` repeats what a run did, as far as its dice decide it, and
//! `UNBLOCK_CHAOS_REQUESTS` says how many requests there are.

mod child_kill;
mod dice;
mod http1;
mod http2;
mod request_plan;

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use http_body_util::channel::Channel;
use tokio::task::JoinSet;
use unblock_runtime::server::{Limits, Report, RunningServer, Server};
use unblock_runtime::{Error, Pool, unblock};

use crate::client::Bare;
use crate::support::{
    DEADLINE, Guard, Held, Ledger, assert_conserved, block_on, eventually, hold, in_child, next,
    open_files,
};
use dice::Dice;

const REQUESTS: u64 = 4_000;
const VISITORS: u64 = 24;
const PARALLELISM: usize = 2;
const THREADS: usize = 16;
const PER_CONNECTION: u64 = 50;
const BODY_LIMIT: usize = 8 * 1024;
const CHUNKS: usize = 20;
const REQUEST_TIMEOUT: Duration = Duration::from_millis(500);

/// What a request with this number is answered, and may carry: no two are the same.
fn text(id: u64) -> String {
    format!("{id}:{}\n", "x".repeat(usize::try_from(id % 4001).unwrap()))
}

/// The handlers, each of whose jobs holds a guard.
#[derive(Clone)]
struct Handlers {
    pool: Pool,
    jobs: Ledger,
}

impl Handlers {
    #[unblock(pool = self.pool)]
    fn sleep(&self, _job: Guard, id: u64, time: Duration) -> String {
        thread::sleep(time);
        text(id)
    }

    #[unblock(pool = self.pool)]
    fn compute(&self, _job: Guard, id: u64) -> String {
        (0..20_000_u64)
            .fold(id, |sum, n| std::hint::black_box(sum.wrapping_mul(31).wrapping_add(n)));
        text(id)
    }

    #[unblock(pool = self.pool)]
    fn panics(&self, _job: Guard, id: u64) -> String {
        panic!("{EXPECTED}: {id}");
    }

    #[unblock(pool = self.pool, timeout = "1ms")]
    fn late(&self, _job: Guard, id: u64) -> Result<String, Error> {
        thread::sleep(Duration::from_millis(5));
        Ok(text(id))
    }

    #[unblock(pool = self.pool, shed)]
    fn shed(&self, _job: Guard, id: u64) -> Result<String, Error> {
        thread::sleep(Duration::from_millis(1));
        Ok(text(id))
    }

    #[unblock(pool = self.pool)]
    fn echo(&self, _job: Guard, body: Bytes) -> Bytes {
        body
    }
}

/// What the handlers' own panics begin with.
const EXPECTED: &str = "as a handler may";

type On = State<Handlers>;
type Id = Path<u64>;

fn router(handlers: Handlers) -> Router {
    const SHORT: Duration = Duration::from_millis(2);
    const LONG: Duration = Duration::from_secs(1);
    let echo = |State(on): On, body: Result<Bytes, BytesRejection>| async move {
        match body {
            Ok(body) => on.echo(on.jobs.guard(), body).await.into_response(),
            // The server knows better.
            Err(_) => StatusCode::IM_A_TEAPOT.into_response(),
        }
    };
    Router::new()
        .route("/light/{id}", get(|Path(id): Id| async move { text(id) }))
        .route("/stream/{id}", get(|Path(id): Id| async move { stream(id) }))
        .route(
            "/sleep/{id}",
            get(|State(on): On, Path(id): Id| async move { on.sleep(on.jobs.guard(), id, SHORT).await }),
        )
        .route(
            "/long/{id}",
            get(|State(on): On, Path(id): Id| async move { on.sleep(on.jobs.guard(), id, LONG).await }),
        )
        .route(
            "/compute/{id}",
            get(|State(on): On, Path(id): Id| async move { on.compute(on.jobs.guard(), id).await }),
        )
        .route(
            "/panic/{id}",
            get(|State(on): On, Path(id): Id| async move { on.panics(on.jobs.guard(), id).await }),
        )
        .route(
            "/late/{id}",
            get(|State(on): On, Path(id): Id| async move { on.late(on.jobs.guard(), id).await }),
        )
        .route(
            "/shed/{id}",
            get(|State(on): On, Path(id): Id| async move { on.shed(on.jobs.guard(), id).await }),
        )
        .route("/echo/{id}", post(echo))
        .with_state(handlers)
}

/// A response that comes in pieces.
fn stream(id: u64) -> Body {
    let (mut send, body) = Channel::<Bytes>::new(1);
    tokio::spawn(async move {
        for _ in 0..CHUNKS {
            if send.send_data(Bytes::from(text(id))).await.is_err() {
                // The client has gone.
                return;
            }
            tokio::task::yield_now().await;
        }
    });
    Body::new(body)
}

fn start(handlers: Handlers) -> RunningServer {
    let limits = Limits::new()
        .requests(PER_CONNECTION)
        .body_size(BODY_LIMIT as u64)
        .body_read(Duration::from_millis(100), 500)
        .header_read(Duration::from_secs(2));
    let (tell, ready) = mpsc::channel();
    let server = Server::builder().loops(2).limits(limits).request_timeout(REQUEST_TIMEOUT);
    let server =
        server.on_ready(move |address| tell.send(address).unwrap()).bind("127.0.0.1:0").unwrap();
    let running = server.start(router(handlers)).unwrap();
    // Both loops have what files they need.
    next(&ready);
    running
}

/// What became of the requests.
#[derive(Debug, Default)]
struct Tally {
    answered: BTreeMap<u16, u64>,
    vanished: u64,
    stalled: u64,
}

impl Tally {
    fn answered(&mut self, status: u16) {
        *self.answered.entry(status).or_default() += 1;
    }

    fn add(&mut self, other: Self) {
        for (status, count) in other.answered {
            *self.answered.entry(status).or_default() += count;
        }
        self.vanished += other.vanished;
        self.stalled += other.stalled;
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

/// The given seed or a random one, which is printed.
fn seed() -> u64 {
    let seed = number("UNBLOCK_CHAOS_SEED").unwrap_or_else(|| RandomState::new().hash_one(0));
    println!("UNBLOCK_CHAOS_SEED={seed}");
    seed
}

#[test]
fn whoever_stays_gets_one_whole_answer_and_nothing_is_lost() {
    const VARIABLE: &str = "UNBLOCK_TEST_CHAOS";
    if std::env::var_os(VARIABLE).is_none() {
        // In a process of its own, where nobody else opens files.
        return in_child(
            "chaos::whoever_stays_gets_one_whole_answer_and_nothing_is_lost",
            VARIABLE,
        );
    }
    let seed = seed();
    let requests = number("UNBLOCK_CHAOS_REQUESTS").unwrap_or(REQUESTS);
    silence_expected_panics();

    let pool = Pool::builder()
        .name("chaos")
        .parallelism(PARALLELISM)
        .max_threads(THREADS)
        .queue_capacity(32);
    let handlers = Handlers { pool: pool.build().unwrap(), jobs: Ledger::default() };
    let (pool, jobs) = (handlers.pool.clone(), handlers.jobs.clone());
    let server = start(handlers);
    let address = server.local_addr();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    // A connection that stays.
    let mut patient = Bare::connect(address);
    patient.get("/light/1");
    assert_eq!(patient.response(), (200, text(1)));
    let files_before = open_files();

    let mut visits = JoinSet::new();
    for nth in 0..VISITORS {
        let ids = requests * nth / VISITORS..requests * (nth + 1) / VISITORS;
        let dice = Dice::new(seed, nth);
        if nth % 4 == 0 {
            visits.spawn_on(http2::visit(address, dice, ids), runtime.handle());
        } else {
            visits.spawn_on(http1::Visitor::new(address, dice).run(ids), runtime.handle());
        }
    }
    let mut tally = Tally::default();
    runtime.block_on(visits.join_all()).into_iter().for_each(|visitor| tally.add(visitor));
    println!("{tally:?}\n{:?}", pool.stats());

    eventually("the end of all jobs", || {
        let stats = pool.stats();
        assert_conserved(&stats);
        (stats.queued, stats.running, stats.abandoned, stats.waiting) == (0, 0, 0, 0)
    });
    eventually("the end of all that jobs had captured", || jobs.dropped() == jobs.made());
    eventually("all connections are closed", || open_files() == files_before);
    all_workers_are_there(&pool);
    assert_conserved(&pool.stats());

    patient.get("/sleep/2");
    assert_eq!(patient.response(), (200, text(2)));
    drop(patient);
    assert_eq!(server.stop().unwrap(), Report::default());
    assert!(block_on(pool.shutdown(DEADLINE)).is_complete());
    eventually("all threads go home", || pool.stats().threads == 0);
}

/// As many jobs compute at a time as may, and as many sleep as there may be threads.
fn all_workers_are_there(pool: &Pool) {
    let computing = Arc::new(AtomicUsize::new(0));
    let together: Vec<_> = (0..PARALLELISM)
        .map(|_| {
            let computing = computing.clone();
            pool.submit(move || {
                computing.fetch_add(1, Ordering::SeqCst);
                // It never looks asleep, so nobody takes its place.
                while computing.load(Ordering::SeqCst) < PARALLELISM {
                    std::hint::spin_loop();
                }
            })
        })
        .collect();
    for job in together {
        block_on(job).unwrap();
    }
    let held: Vec<Held> = (0..THREADS).map(|_| hold(pool)).collect();
    held.into_iter().for_each(Held::release);
}

fn silence_expected_panics() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let text = info.payload().downcast_ref::<String>();
        if !text.is_some_and(|text| text.starts_with(EXPECTED)) {
            default(info);
        }
    }));
}
