//! The routes that do not block in any mode, and the responses to requests that have no route.

use std::fmt::Write as _;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use unblock_runtime::{Pool, Stats};

use crate::error_response::TextResponse;
use crate::options::Mode;
use crate::work;

/// Returns the pool, if the mode has one. It is a function because the parent of several processes
/// must not create the pool.
type PoolOf = Option<fn() -> &'static Pool>;

/// Adds the routes that every mode has.
pub(crate) fn around(routes: Router, mode: Mode, pool: PoolOf) -> Router {
    routes
        .route("/", get(|| async { format!("Hello, world {}\n", work::now()) }))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/metrics", get(move || async move { metrics(mode, pool) }))
        .route("/dashboard", get(|| async { Html(include_str!("dashboard.html")) }))
        .fallback(|| async {
            TextResponse::new(StatusCode::NOT_FOUND, "no such page; GET / is one")
        })
        .method_not_allowed_fallback(|| async {
            TextResponse::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "this page has no such method; Allow names those it has",
            )
        })
        // The server limits bodies, for every route alike.
        .layer(DefaultBodyLimit::disable())
}

fn metrics(mode: Mode, pool: PoolOf) -> impl IntoResponse {
    let mut text = String::new();
    let id = std::process::id();
    let _ =
        writeln!(text, "# HELP unblock_info Which process answers, and where its handlers run.");
    let _ = writeln!(text, "# TYPE unblock_info gauge");
    let _ = writeln!(text, "unblock_info{{mode=\"{mode}\",process=\"{id}\"}} 1");
    if let Some(pool) = pool {
        write_stats(&mut text, &pool().stats());
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}

fn write_stats(text: &mut String, stats: &Stats) {
    let jobs = [
        ("submitted", stats.submitted, "handed to the pool"),
        ("completed", stats.completed, "that ended with a value"),
        ("panicked", stats.panicked, "that ended with a panic"),
        ("cancelled", stats.cancelled, "that never ran because nobody waited any more"),
        ("timed_out", stats.timed_out, "whose time was up before they ended"),
        ("rejected", stats.rejected, "that were refused"),
    ];
    for (name, value, what) in jobs {
        let _ = writeln!(text, "# HELP unblock_jobs_{name}_total Jobs {what}.");
        let _ = writeln!(text, "# TYPE unblock_jobs_{name}_total counter");
        let _ = writeln!(text, "unblock_jobs_{name}_total {value}");
    }
    let now = [
        ("jobs_queued", stats.queued, "Jobs that have not begun."),
        ("jobs_running", stats.running, "Jobs that run."),
        ("jobs_abandoned", stats.abandoned, "Jobs that still run after their time was up."),
        ("threads", stats.threads as u64, "Threads of the pool."),
        ("threads_idle", stats.idle as u64, "Threads that have nothing to do."),
        ("parallelism", stats.parallelism as u64, "Threads that may compute at a time."),
        ("queue_capacity", stats.queue_capacity as u64, "Jobs that the queue holds."),
    ];
    for (name, value, help) in now {
        let _ = writeln!(text, "# HELP unblock_{name} {help}");
        let _ = writeln!(text, "# TYPE unblock_{name} gauge");
        let _ = writeln!(text, "unblock_{name} {value}");
    }
}
