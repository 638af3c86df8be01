//! The server that is soaked: every kind of handler, with time limits that clients reach.

use std::time::Duration;
use std::{panic, thread};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http_body_util::channel::Channel;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt as _;
use unblock_benches::servers::announce;
use unblock_benches::servers::peers::light_routes;
use unblock_benches::servers::work::Work;
use unblock_runtime::server::{Limits, Restarts, Server};
use unblock_runtime::{Error, Pool, unblock};

/// Time after which threads of the pool leave that have nothing to do: before they are counted.
const KEEP_ALIVE: Duration = Duration::from_secs(1);

/// Length of a response that a client does not take at once, in bytes.
pub(crate) const LARGE: usize = 8 << 20;

/// Number of pieces of a response that comes in pieces.
pub(crate) const PIECES: usize = 20;

/// The response to the request of this number. No two are the same.
pub(crate) fn text(id: u64) -> String {
    format!("{id}:{}\n", "x".repeat(usize::try_from(id % 4001).unwrap_or_default()))
}

/// Serves in so many processes.
pub(crate) fn serve(processes: usize) {
    // The handlers that panic do so on purpose.
    panic::set_hook(Box::new(|_| {}));
    Pool::builder().keep_alive(KEEP_ALIVE).install_global().expect("the first pool");
    let limits = Limits::new()
        .header_read(Duration::from_secs(1))
        .body_read(Duration::from_millis(500), 500)
        .body_size(1 << 20);
    Server::builder()
        .processes(processes)
        // Children are killed on purpose.
        .restarts(Restarts::new(usize::MAX, Duration::from_secs(1)))
        .limits(limits)
        .on_ready(announce)
        .bind("127.0.0.1:0")
        .expect("a socket")
        .serve(router())
        .expect("to serve");
}

#[unblock(shed)]
fn spin(Path((micros, id)): Path<(u64, u64)>) -> Result<String, Error> {
    Work::Spin(micros).run();
    Ok(text(id))
}

#[unblock]
fn sleep(Path((millis, id)): Path<(u64, u64)>) -> String {
    thread::sleep(Duration::from_millis(millis));
    text(id)
}

#[unblock(timeout = "1ms")]
fn late(Path(id): Path<u64>) -> Result<String, Error> {
    thread::sleep(Duration::from_millis(5));
    Ok(text(id))
}

#[unblock]
fn panics(Path(id): Path<u64>) -> String {
    panic!("as a handler may: {id}");
}

#[unblock]
fn echo(body: Bytes) -> Bytes {
    body
}

fn router() -> Router {
    light_routes()
        .route("/light/{id}", get(async |Path(id)| text(id)))
        .route("/spin/{micros}/{id}", get(spin))
        .route("/sleep/{millis}/{id}", get(sleep))
        .route("/late/{id}", get(late))
        .route("/panic/{id}", get(panics))
        .route("/echo", post(echo))
        .route("/pieces/{id}", get(pieces))
        .route("/large", get(async || large()))
        .route("/upgrade", get(upgrade))
        .route("/jobs", get(async || jobs()))
        .layer(DefaultBodyLimit::disable())
}

/// A response that comes in pieces.
async fn pieces(Path(id): Path<u64>) -> Body {
    let (mut send, body) = Channel::<Bytes>::new(1);
    tokio::spawn(async move {
        let piece = Bytes::from(text(id));
        for _ in 0..PIECES {
            if send.send_data(piece.clone()).await.is_err() {
                // The client has gone.
                return;
            }
            tokio::task::yield_now().await;
        }
    });
    Body::new(body)
}

fn large() -> Bytes {
    static BYTES: [u8; LARGE] = [b'x'; LARGE];
    Bytes::from_static(&BYTES)
}

/// Sends back what comes, and closes when the client has.
async fn upgrade(mut request: Request) -> Response {
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let Ok(stream) = upgrade.await else { return };
        let (mut read, mut write) = tokio::io::split(TokioIo::new(stream));
        let _ = tokio::io::copy(&mut read, &mut write).await;
        let _ = write.shutdown().await;
    });
    let headers = [(header::CONNECTION, "upgrade"), (header::UPGRADE, "echo")];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

/// Number of jobs that were submitted, that have ended, and that have not.
fn jobs() -> String {
    let stats = Pool::global().stats();
    let open = stats.queued + stats.running + stats.abandoned;
    format!("{} {} {open}\n", stats.submitted, stats.outcomes().total())
}
