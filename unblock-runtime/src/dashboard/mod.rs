//! A page that shows the pools and event loops of the process at work.
//!
//! ```text
//! Pool::all, watchdog ──▶ sampler (one thread) ──▶ stream (one for each browser) ──▶ page/*.js
//!                           └─ history: the last two minutes
//! ```

mod assets;
mod distribution;
mod history;
mod reading;
mod sampler;
mod stream;

use std::time::Duration;

use axum::Router;
use axum::extract::{OriginalUri, Query};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;

use self::assets::{ASSETS, PAGE};
use self::sampler::Sampler;
use crate::unwind;

/// Returns a page that shows the pools and event loops of this process at work, as a service that
/// any router of axum mounts in one line. Does not block.
///
/// ```
/// # use axum::Router;
/// let router: Router =
///     Router::new().nest_service("/unblock", unblock_runtime::dashboard());
/// ```
///
/// The page shows the path of a job live: the event loops and their lag, the queue, each worker
/// with the function that it runs, and how jobs ended; curves of the last two minutes; and a table
/// of functions with their rates, waits and run times in the last 10 seconds, the last minute and
/// since the start. It needs nothing from the network but this service, and changes nothing.
///
/// # Who can read it
///
/// Whoever can reach it reads the names of functions, threads and pools, and how often they are
/// called. Serve it where only operators can reach it: on a server of its own that is bound to
/// `127.0.0.1`, or behind a middleware that asks who it is.
///
/// ```
/// # use axum::{Router, extract::Request, http::{StatusCode, header}, middleware};
/// let guarded: Router = Router::new()
///     .nest_service("/unblock", unblock_runtime::dashboard())
///     .layer(middleware::from_fn(async |request: Request, next: middleware::Next| {
///         match request.headers().get(header::AUTHORIZATION) {
///             Some(value) if value == "Basic b3BlcmF0b3I6c2VjcmV0" => Ok(next.run(request).await),
///             _ => Err((StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Basic")])),
///         }
///     }));
/// ```
///
/// # What it costs
///
/// The first call starts a thread that reads the statistics once a second, in an idle process too,
/// and four times a second while a browser looks. The page is served on the event loop that has the
/// connection, which waits for nothing: a browser that reads nothing holds its connection, and one
/// that reads slowly is sent the newest picture and no backlog.
///
/// A stream to a browser ends when a `Server` of this library stops, and after half a minute in any
/// case, so that a graceful shutdown of another server waits no longer than that for it; the
/// browser connects again.
///
/// With several processes on one socket, the page shows the process that answered, and its number.
pub fn dashboard() -> Router {
    // Whoever looks next tries again.
    if let Err(error) = Sampler::of_process() {
        unwind::log(|| tracing::warn!(%error, "the dashboard has no history: no thread for it"));
    }
    let router = Router::new()
        .route("/", get(page))
        .route("/events", get(events))
        .route("/function", get(function))
        .fallback(|| async { (StatusCode::NOT_FOUND, "the dashboard has no such page\n") });
    ASSETS.into_iter().fold(router, |router, asset| router.route(asset.path, get(asset)))
}

/// The page. Its links are relative, so its own path has to end with a slash.
async fn page(OriginalUri(uri): OriginalUri) -> Response {
    let path = uri.path();
    match path.rsplit_once('/') {
        Some((_, last)) if !last.is_empty() => {
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, format!("{last}/"))])
                .into_response()
        }
        _ => PAGE.into_response(),
    }
}

async fn events(headers: HeaderMap) -> Response {
    match Sampler::of_process() {
        Ok(sampler) => stream::events(&sampler, &headers).into_response(),
        Err(_) => no_thread(),
    }
}

/// The parameters of a request for a function's details.
#[derive(Deserialize)]
struct Function {
    pool: String,
    name: String,
}

async fn function(Query(Function { pool, name }): Query<Function>) -> Response {
    let Ok(sampler) = Sampler::of_process() else { return no_thread() };
    match sampler.details(pool, name).await {
        Some(details) => {
            let headers =
                [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
            (headers, sampler::json(&details)).into_response()
        }
        None => (StatusCode::NOT_FOUND, "no function of this name was called\n").into_response(),
    }
}

fn no_thread() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, "the system gives no thread to read the statistics\n")
        .into_response()
}

/// Returns a time in whole microseconds.
fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
