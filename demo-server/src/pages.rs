//! The routes that do not block in any mode, and the responses to requests that have no route.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use prometheus_client::encoding::prometheus_text;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use unblock_runtime::prometheus::Collector;

use crate::error_response::TextResponse;
use crate::options::Mode;
use crate::work;

/// Adds the routes that every mode has.
pub(crate) fn around(routes: Router, mode: Mode) -> Router {
    routes
        .route("/", get(|| async { format!("Hello, world {}\n", work::now()) }))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/metrics", get(move || async move { metrics(mode) }))
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

/// What Prometheus reads: which process answers, and the statistics of its pools.
fn metrics(mode: Mode) -> impl IntoResponse {
    let mut registry = Registry::default();
    let labels = [("mode", mode.to_string()), ("process", std::process::id().to_string())];
    let help = "Which process answers, and where its handlers run";
    registry.register("unblock", help, Info::new(labels.to_vec()));
    registry.register_collector(Box::new(Collector::new()));
    let mut text = String::new();
    // Writing into a string does not fail.
    let _ = prometheus_text::encode(&mut text, &registry);
    ([(header::CONTENT_TYPE, prometheus_text::CONTENT_TYPE)], text)
}
