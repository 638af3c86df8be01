//! What a connection costs in memory while nothing happens on it.
//!
//! ```text
//! cargo bench -p unblock-benches --bench idle_connections
//! ```
//!
//! Keep-alive connections are opened, each has one answer, and then all are idle. The server's memory (resident, as Linux counts
//! it) has grown by then: that, divided by their number, is in the table. What the kernel holds for a socket is not in it.
//! Then all are asked once more, to see that none has been lost, and closed. Each contender is a process of its own, and they
//! run in turn in each round; the table has the medians.
//!
//! Each connection is a descriptor of the server's and one of this program's: `ulimit -n` bounds their number.

#[path = "src/load/mod.rs"]
mod load;

use std::thread;
use std::time::Duration;

use clap::{Parser, Subcommand};
use load::answer::request;
use load::client::Client;
use load::figures::{median, ratio};
use load::same_router::{AXUM_SERVE, UNBLOCK};
use load::server::{Contender, Server};
use load::usage::resident_bytes;

#[derive(Parser)]
struct Options {
    /// How many connections, if so many descriptors are to be had.
    #[arg(long, default_value_t = 20_000)]
    connections: usize,
    /// Rounds, of which the medians are taken.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Passed by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Subcommand)]
enum Role {
    /// Be the contender of this number.
    #[command(hide = true)]
    Serve { number: usize },
}

/// The first is the one that the others are compared with.
const CONTENDERS: &[Contender] = &[UNBLOCK, AXUM_SERVE];

/// Descriptors that a server, or this program, needs for other things.
const OTHER_DESCRIPTORS: usize = 64;

/// How many connections come and go before anything is measured, so that what a server makes once is there.
const FIRST: usize = 64;

/// After this time nothing happens any more.
const SETTLE: Duration = Duration::from_millis(500);

struct Round {
    /// The server's memory in bytes: before, with all connections idle, and after they have been closed.
    resident: [f64; 3],
    /// How many have been answered a second time.
    alive: usize,
}

fn main() {
    let options = Options::parse();
    if let Some(Role::Serve { number }) = options.role {
        return CONTENDERS[number].serve.expect("a contender of this program")();
    }
    let connections = options.connections.min(descriptors().saturating_sub(OTHER_DESCRIPTORS));
    let mut rounds: Vec<Vec<Round>> = CONTENDERS.iter().map(|_| Vec::new()).collect();
    for _ in 0..options.rounds {
        for (number, rounds) in rounds.iter_mut().enumerate() {
            rounds.push(round(&Server::start(CONTENDERS, number), connections));
        }
    }
    print_table(connections, &rounds);
}

/// How many this process may have open, and those that it starts.
fn descriptors() -> usize {
    #[cfg(unix)]
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    #[cfg(not(unix))]
    let limit: Option<u64> = None;
    limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX)
}

fn round(server: &Server, connections: usize) -> Round {
    let resident = || {
        thread::sleep(SETTLE);
        resident_bytes(server.process.id())
    };
    drop(answered(server, FIRST));
    let before = resident();
    let mut clients = answered(server, connections);
    let idle = resident();
    let alive = clients.iter_mut().filter_map(|client| client.ask(&request("/")).ok()).count();
    drop(clients);
    Round { resident: [before, idle, resident()], alive }
}

/// Clients that have had an answer.
fn answered(server: &Server, count: usize) -> Vec<Client> {
    let request = request("/");
    let client = |_| {
        let mut client = Client::open(server.address).expect("a connection");
        client.ask(&request).expect("an answer");
        client
    };
    (0..count).map(client).collect()
}

fn print_table(connections: usize, rounds: &[Vec<Round>]) {
    println!(
        "\n{connections} idle keep-alive connections, medians of {} rounds\n",
        rounds.first().map_or(0, Vec::len)
    );
    println!(
        "| server | bytes per connection | ratio | MiB before | MiB idle | MiB after all are closed | lost |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    let bytes = |rounds: &Vec<Round>| {
        median(rounds, |round| round.resident[1] - round.resident[0]) / ratio(connections, 1)
    };
    let ours = rounds.first().map_or(f64::NAN, bytes);
    for (contender, rounds) in CONTENDERS.iter().zip(rounds) {
        let mebibytes = |index: usize| median(rounds, |round| round.resident[index]) / 1_048_576.0;
        println!(
            "| {} | {:.0} | {:.2} | {:.1} | {:.1} | {:.1} | {} |",
            contender.name,
            bytes(rounds),
            bytes(rounds) / ours,
            mebibytes(0),
            mebibytes(1),
            mebibytes(2),
            rounds.iter().map(|round| connections - round.alive).sum::<usize>(),
        );
    }
}
