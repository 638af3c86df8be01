//! The server of this project with a handler for each cost: the pool keeps its averages by handler.

use axum::routing::get;
use unblock_runtime::server::Server;
use unblock_runtime::{Error, unblock};

use unblock_benches::servers::peers::light_routes;
use unblock_benches::servers::work::spin;
use unblock_benches::servers::{Contender, Program, announce};

pub(crate) const TWO_ROUTES: Contender =
    Contender { name: "unblock, a handler for each cost", program: Program::This(serve) };

#[unblock(shed)]
fn quick() -> Result<String, Error> {
    Ok(spin(1000))
}

#[unblock(shed)]
fn slow() -> Result<String, Error> {
    Ok(spin(50_000))
}

fn serve() {
    let router = light_routes().route("/spin/1000", get(quick)).route("/spin/50000", get(slow));
    let server = Server::builder().on_ready(announce).bind("127.0.0.1:0");
    server.expect("a socket").serve(router).expect("to serve");
}
