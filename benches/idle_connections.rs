//! Memory of a connection that is idle.
//!
//! ```text
//! cargo bench -p unblock-benches --bench idle_connections
//! ```
//!
//! Keep-alive connections are opened, each has one response, and then all are idle. The table has
//! the growth of the server's resident memory (Linux), divided by their number. Memory of the
//! kernel for the sockets is not included. In the end each connection is used once more, to see
//! that none is lost, and all are closed.
//!
//! A connection takes an open file of the server and one of this program: `ulimit -n` limits their
//! number.

use std::thread;
use std::time::Duration;

use clap::Args;
use unblock_benches::figures::{print_columns, print_row, ratio};
use unblock_benches::load::LoadGenerator;
use unblock_benches::servers::same_router::{AXUM_SERVE, UNBLOCK};
use unblock_benches::servers::{Contender, Server};
use unblock_benches::usage::resident_bytes;
use unblock_benches::{Options, Row, in_turn};

/// The others are compared with the first.
const CONTENDERS: &[Contender] = &[UNBLOCK, AXUM_SERVE];

#[derive(Args)]
struct Own {
    /// Connections to open, if the limit on open files allows it
    #[arg(long, default_value_t = 20_000)]
    connections: usize,
}

/// Open files that a server, or this program, needs for other things.
const OTHER_FILES: usize = 64;

/// Number of connections that come and go before anything is measured: what a server makes once is
/// not to be counted.
const FIRST: usize = 64;

struct Round {
    /// Resident memory of the server in bytes: before, with all connections idle, and after they
    /// have been closed.
    resident: [f64; 3],
    /// Number of connections that had no second response.
    lost: usize,
}

fn main() {
    let options = Options::<Own>::read(CONTENDERS);
    let connections = options.own.connections.min(open_files().saturating_sub(OTHER_FILES));
    let idle = options.time();
    let rows = in_turn(&options, CONTENDERS, |server| round(server, connections, idle));
    print_table(connections, idle, options.rounds(), &rows);
}

/// Number of files that this process, and each that it starts, may have open.
fn open_files() -> usize {
    #[cfg(unix)]
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    #[cfg(not(unix))]
    let limit: Option<u64> = None;
    limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX)
}

fn round(server: &Server, connections: usize, idle: Duration) -> Round {
    let resident = || {
        thread::sleep(idle);
        resident_bytes(server.id())
    };
    drop(LoadGenerator::with_connections(server.address, FIRST, "/"));
    let before = resident();
    let mut clients = LoadGenerator::with_connections(server.address, connections, "/");
    let idle = resident();
    let lost = connections - clients.ask_each("/");
    drop(clients);
    Round { resident: [before, idle, resident()], lost }
}

fn print_table(connections: usize, idle: Duration, rounds: usize, rows: &[Row<Round>]) {
    println!(
        "\n{connections} keep-alive connections, idle for {idle:?}, medians of {rounds} rounds\n"
    );
    print_columns(&[
        "server",
        "bytes per connection",
        "ratio",
        "MiB before",
        "MiB idle",
        "MiB after all are closed",
        "lost",
    ]);
    let bytes = |row: &Row<Round>| {
        row.median(|round| round.resident[1] - round.resident[0]) / ratio(connections, 1)
    };
    let Some(first) = rows.first() else { return };
    for row in rows {
        let mebibytes = |index: usize| row.median(|round| round.resident[index]) / 1_048_576.0;
        print_row(&format!(
            "| {} | {:.0} | {:.2} | {:.1} | {:.1} | {:.1} | {} |",
            row.name,
            bytes(row),
            bytes(row) / bytes(first),
            mebibytes(0),
            mebibytes(1),
            mebibytes(2),
            row.sum(|round| round.lost),
        ));
    }
}
