//! The cost of the server itself: the light route alone.
//!
//! ```text
//! cargo bench -p unblock-benches --bench hello
//! cargo bench -p unblock-benches --bench hello -- --pin
//! ```
//!
//! Clients in a closed loop saturate the server. By default they share its cores; with `--pin` they
//! have a core of their own. CPU time is that of the server's process (Linux): unlike responses per
//! second it does not change when the machine has other things to do.

use std::process;
use std::time::Duration;

use clap::Args;
use unblock_benches::figures::{print_columns, print_row};
use unblock_benches::load::{
    Arrivals, Connections, Load, LoadGenerator, Outcome, PATIENCE, Results,
};
use unblock_benches::servers::same_router::{AXUM_SERVE, UNBLOCK, UNBLOCK_ONE_LOOP};
use unblock_benches::servers::{Contender, Server};
use unblock_benches::usage::cpu_seconds;
use unblock_benches::{Options, Row, in_turn};

/// The others are compared with the first.
const CONTENDERS: &[Contender] = &[UNBLOCK, UNBLOCK_ONE_LOOP, AXUM_SERVE];

#[derive(Args)]
struct Own {
    /// Clients at a time; each value makes a table
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8, 64])]
    clients: Vec<usize>,
}

/// Time for which the load goes on before anything is measured.
const SETTLE: Duration = Duration::from_millis(500);

struct Round {
    results: Results,
    /// CPU time of the server's process, in microseconds for each response.
    server_micros: f64,
    /// Number of cores that the load generator kept busy.
    generator_cores: f64,
}

fn main() {
    let options = Options::<Own>::read(CONTENDERS);
    let time = options.time();
    for &clients in &options.own.clients {
        let rows = in_turn(&options, CONTENDERS, |server| round(server, clients, time));
        print_table(clients, time, options.rounds(), &rows);
    }
}

fn round(server: &Server, clients: usize, time: Duration) -> Round {
    let mut generator = LoadGenerator::new(server.address);
    let mut load = |time| {
        let arrivals = Arrivals::Closed { clients, time };
        let connections = Connections::KeepAlive;
        generator.run(&Load { paths: &["/"], arrivals, patience: PATIENCE, connections })
    };
    load(SETTLE);
    let cpu_time = || [cpu_seconds(server.id()), cpu_seconds(process::id())];
    let before = cpu_time();
    let results = load(time);
    let after = cpu_time();
    let responses = results.rate(Outcome::Succeeded) * time.as_secs_f64();
    Round {
        server_micros: (after[0] - before[0]) * 1e6 / responses,
        generator_cores: (after[1] - before[1]) / time.as_secs_f64(),
        results,
    }
}

fn print_table(clients: usize, time: Duration, rounds: usize, rows: &[Row<Round>]) {
    println!("\n/ alone, clients: {clients}, medians of {rounds} rounds of {time:?}\n");
    print_columns(&[
        "server",
        "responses/s",
        "ratio",
        "p50 ms",
        "p99 ms",
        "ratio",
        "server CPU µs per response",
        "generator's cores",
        "failed",
    ]);
    let responses = |row: &Row<Round>| row.median(|round| round.results.rate(Outcome::Succeeded));
    let percentile = |row: &Row<Round>, percent| {
        row.median(|round| round.results.latencies().percentile(percent))
    };
    let Some(first) = rows.first() else { return };
    for row in rows {
        print_row(&format!(
            "| {} | {:.0} | {:.2} | {:.2} | {:.2} | {:.2} | {:.1} | {:.2} | {} |",
            row.name,
            responses(row),
            responses(first) / responses(row),
            percentile(row, 50),
            percentile(row, 99),
            percentile(row, 99) / percentile(first, 99),
            row.median(|round| round.server_micros),
            row.median(|round| round.generator_cores),
            row.sum(|round| round.results.unsuccessful()),
        ));
    }
}
