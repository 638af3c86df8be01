//! The routes that do not block in any mode, and the responses to requests that have no route.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use prometheus_client::encoding::prometheus_text;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use unblock_runtime::prometheus::Collector;

use crate::error_response::TextResponse;
use crate::experiment::{self, Experiment};
use crate::options::Mode;
use crate::work;

/// What the pages say of the server.
pub(crate) struct Site {
    pub(crate) mode: Mode,
    /// The event loops of a process.
    pub(crate) loops: usize,
    pub(crate) experiment: Experiment,
}

/// Adds the routes that every mode has.
pub(crate) fn around(routes: Router, site: &Site) -> Router {
    let mode = site.mode;
    routes
        .merge(dashboard(site))
        .merge(experiment::router(site.experiment.clone()))
        .nest_service("/unblock", unblock_runtime::dashboard())
        .route("/", get(|| async { format!("Hello, world {}\n", work::now()) }))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/metrics", get(move || async move { metrics(mode) }))
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

/// The library's page, with the experiment in it.
fn dashboard(site: &Site) -> Router {
    let page = include_str!("dashboard/dashboard.html")
        .replace("MODE", &site.mode.to_string())
        .replace("LOOPS", &site.loops.to_string());
    let file = |content_type: &'static str, text: String| {
        let headers = [
            (header::CONTENT_TYPE, content_type),
            (header::CONTENT_SECURITY_POLICY, "default-src 'self'; frame-ancestors 'none'"),
            (header::CACHE_CONTROL, "no-cache"),
        ];
        get(move || async move { (headers, text) })
    };
    let script = |text: &str| file("text/javascript; charset=utf-8", text.to_owned());
    let style = |text: &str| file("text/css; charset=utf-8", text.to_owned());
    Router::new()
        .route("/dashboard", file("text/html; charset=utf-8", page))
        .route("/dashboard/main.js", script(include_str!("dashboard/main.js")))
        .route("/dashboard/experiment.js", script(include_str!("dashboard/experiment.js")))
        .route("/dashboard/latency.js", script(include_str!("dashboard/latency.js")))
        .route("/dashboard/experiment.css", style(include_str!("dashboard/experiment.css")))
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
