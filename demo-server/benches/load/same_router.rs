//! The servers that are compared: one small router under this project's server and under axum's.

use axum::Router;
use axum::routing::get;
use tokio::runtime::Builder;
use unblock_runtime::server::{Limits, Server};

use super::peers::hello;
use super::server::{Contender, announce};

/// This project's server; its limit on connections, 10,000 by default, would be the first thing to be measured.
pub(crate) const UNBLOCK: Contender = Contender { name: "unblock's Server", serve: Some(serve_unblock) };

pub(crate) const AXUM_SERVE: Contender =
    Contender { name: "axum::serve, tokio multi-thread", serve: Some(serve_axum) };

fn serve_unblock() {
    let limits = Limits::new().connections(usize::MAX);
    let server = Server::builder().limits(limits).on_ready(announce).bind("127.0.0.1:0");
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
    Router::new().route("/", get(async || hello()))
}
