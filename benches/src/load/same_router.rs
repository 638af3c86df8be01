//! The servers that are compared: one small router under this project's server and under axum's.

use axum::Router;
use axum::routing::get;
use tokio::runtime::Builder;
use unblock_runtime::server::{Limits, Server, ServerBuilder};

use super::peers::hello;
use super::server::{Contender, announce};

pub(crate) const UNBLOCK: Contender =
    Contender { name: "unblock's Server", serve: Some(|| serve_unblock(Server::builder())) };

/// With one loop in all, Tornado's shape.
pub(crate) const UNBLOCK_ONE_LOOP: Contender = Contender {
    name: "unblock's Server, one loop",
    serve: Some(|| serve_unblock(Server::builder().loops(1))),
};

pub(crate) const AXUM_SERVE: Contender =
    Contender { name: "axum::serve, tokio multi-thread", serve: Some(serve_axum) };

/// The limit on connections, 10,000 by default, would be the first thing to be measured.
fn serve_unblock(builder: ServerBuilder) {
    let builder = builder.limits(Limits::new().connections(usize::MAX));
    builder
        .on_ready(announce)
        .bind("127.0.0.1:0")
        .expect("a socket")
        .serve(router())
        .expect("to serve");
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
