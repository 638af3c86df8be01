//! axum: the handler is the blocking function itself, with its extractors. `axum::serve` runs on
//! tokio in either flavor.

use std::sync::LazyLock;
use std::{io, thread, time::Duration};

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Router, debug_handler};
use unblock_examples::{Topic, address};
use unblock_runtime::{Error, Pool, unblock};

/// One reader at a time, and one who waits. The third is refused.
static READERS: LazyLock<Pool> = LazyLock::new(|| {
    let pool = Pool::builder().name("readers").max_threads(1).queue_capacity(1);
    pool.build().expect("a thread can be started")
});

// With the feature `axum`, `Error` is a response: 503 with `Retry-After`, 504 or 500. A type of
// your own is in the example `database`.
#[unblock(pool = READERS, shed)]
#[debug_handler] // wants an `async fn`, so it stands below
fn next(State(topic): State<Topic>) -> Result<String, Error> {
    Ok(topic.next())
}

#[unblock(timeout = "100ms")]
fn sleep(Path(millis): Path<u64>) -> Result<String, Error> {
    thread::sleep(Duration::from_millis(millis));
    Ok(format!("slept {millis} ms"))
}

#[unblock]
fn divide(Path(by): Path<u32>) -> Result<String, Error> {
    Ok((100 / by).to_string())
}

// What does not block stays on the event loop.
async fn readers(State(topic): State<Topic>) -> String {
    topic.readers().to_string()
}

async fn publish(State(topic): State<Topic>, Path(message): Path<String>) {
    topic.publish(&message);
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let routes = Router::new()
        .route("/next", get(next))
        .route("/sleep/{millis}", get(sleep))
        .route("/divide/{by}", get(divide))
        .route("/readers", get(readers))
        .route("/publish/{message}", post(publish))
        .with_state(Topic::default());
    let listener = tokio::net::TcpListener::bind(address()).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, routes).await
}
