//! One small router under the server of this project and under `axum::serve`.

use axum::Router;
use axum::routing::get;
use tokio::runtime::Builder;
use unblock_runtime::server::{Limits, Server, ServerBuilder};

use super::work::hello;
use super::{Contender, Program, announce};

/// The server of this project, with a loop per core.
pub const UNBLOCK: Contender = Contender {
    name: "unblock's Server, defaults",
    program: Program::This(|| serve_unblock(Server::builder())),
};

/// The server of this project, with one loop.
pub const UNBLOCK_ONE_LOOP: Contender = Contender {
    name: "unblock's Server, one loop",
    program: Program::This(|| serve_unblock(Server::builder().loops(1))),
};

/// axum's server, with a thread per core.
pub const AXUM_SERVE: Contender =
    Contender { name: "axum::serve, tokio multi-thread", program: Program::This(serve_axum) };

/// `axum::serve` has no limit on connections, which is 10,000 by default here.
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
