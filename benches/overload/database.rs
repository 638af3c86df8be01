//! The server of this project with a pool of eight threads, as for a database.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use unblock_runtime::server::Server;
use unblock_runtime::{Error, Pool, unblock};

use unblock_benches::servers::peers::light_routes;
use unblock_benches::servers::{Contender, Program, announce, work};

pub(crate) const DATABASE: Contender =
    Contender { name: "`#[unblock(shed)]`, a pool of 8 threads", program: Program::This(serve) };

static POOL: LazyLock<Pool> = LazyLock::new(|| {
    let pool = Pool::builder().name("db").max_threads(8).queue_capacity(256);
    pool.build().expect("a pool")
});

#[unblock(pool = POOL, shed, timeout = "1s")]
fn query(seconds: f64) -> Result<String, Error> {
    Ok(work::sleep(seconds))
}

fn serve() {
    let queries = get(async |Path(seconds)| query(seconds).await);
    let router: Router = light_routes().route("/sleep/{seconds}", queries);
    let server = Server::builder().on_ready(announce).bind("127.0.0.1:0");
    server.expect("a socket").serve(router).expect("to serve");
}
