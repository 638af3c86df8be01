//! warp: the blocking function itself is what `and_then` takes. warp's `Rejection` cannot have
//! `From<Error>`, so the option `error` makes one.

use std::sync::LazyLock;
use std::{io, thread, time::Duration};

use tokio::net::TcpListener;
use unblock_examples::{Topic, address};
use unblock_runtime::{Error, Pool, unblock};
use warp::http::StatusCode;
use warp::reject::{Reject, Rejection};
use warp::reply::{self, Reply, Response};
use warp::{Filter as _, path};

/// One reader at a time, and one who waits. The third is refused.
static READERS: LazyLock<Pool> = LazyLock::new(|| {
    let pool = Pool::builder().name("readers").max_threads(1).queue_capacity(1);
    pool.build().expect("a thread can be started")
});

#[derive(Debug)]
struct CallFailed(Error);

impl Reject for CallFailed {}

fn reject(error: Error) -> Rejection {
    warp::reject::custom(CallFailed(error))
}

#[unblock(pool = READERS, shed, error = reject)]
fn next(topic: Topic) -> Result<String, Rejection> {
    Ok(topic.next())
}

#[unblock(timeout = "100ms", error = reject)]
fn sleep(millis: u64) -> Result<String, Rejection> {
    thread::sleep(Duration::from_millis(millis));
    Ok(format!("slept {millis} ms"))
}

#[unblock(error = reject)]
fn divide(by: u32) -> Result<String, Rejection> {
    Ok((100 / by).to_string())
}

/// Responds to a call that failed, and leaves all other rejections to warp.
async fn respond(rejection: Rejection) -> Result<Response, Rejection> {
    let Some(CallFailed(error)) = rejection.find() else { return Err(rejection) };
    let status = StatusCode::from_u16(error.http_status()).expect("a status");
    let response = reply::with_status(error.to_string(), status);
    Ok(match error.retry_after_secs() {
        Some(seconds) => reply::with_header(response, "retry-after", seconds).into_response(),
        None => response.into_response(),
    })
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let topic = Topic::default();
    let topic = warp::any().map(move || topic.clone());
    let next = path!("next").and(topic.clone()).and_then(next);
    let sleep = path!("sleep" / u64).and_then(sleep);
    let divide = path!("divide" / u32).and_then(divide);
    // What does not block stays on the event loop.
    let readers =
        path!("readers").and(topic.clone()).then(async |topic: Topic| topic.readers().to_string());
    let publish = path!("publish" / String).and(warp::post()).and(topic).map(
        |message: String, topic: Topic| {
            topic.publish(&message);
            ""
        },
    );
    let routes =
        warp::get().and(next.or(sleep).or(divide).or(readers)).or(publish).recover(respond);

    let listener = TcpListener::bind(address()).await?;
    println!("listening on http://{}", listener.local_addr()?);
    warp::serve(routes).incoming(listener).run().await;
    Ok(())
}
