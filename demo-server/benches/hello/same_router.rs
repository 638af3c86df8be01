//! The servers that are compared: one small router under this project's server and under axum's.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::routing::get;
use tokio::runtime::Builder;

use crate::load::server::{Contender, announce};

/// The first is the one that the others are compared with.
pub(crate) const CONTENDERS: &[Contender] = &[
    Contender { name: "unblock's Server, defaults", serve: Some(serve_unblock) },
    Contender { name: "axum::serve, tokio multi-thread", serve: Some(serve_axum) },
];

fn serve_unblock() {
    let server = unblock_runtime::server::Server::builder().on_ready(announce).bind("127.0.0.1:0");
    server.expect("a socket").serve(router()).expect("to serve");
}

fn serve_axum() {
    let runtime = Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        announce(listener.local_addr().expect("the socket's address"));
        axum::serve(listener, router()).await.expect("to serve");
    });
}

fn router() -> Router {
    Router::new().route("/", get(async || format!("Hello, world {}\n", now())))
}

fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{}.{:03}", since.as_secs(), since.subsec_millis())
}
