//! Logins: passwords are hashed, which takes some 20 ms of a core and 19 MiB of memory each, and
//! more clients want to log in than there are cores for.
//!
//! ```text
//! cargo bench -p unblock-benches --bench login
//! ```
//!
//! Clients in a closed loop ask for `/login/{password}` without a pause, also when they are
//! refused, and give up after two seconds. The password is in the path because the load generator
//! sends no bodies. Others come to the light routes by a schedule.
//!
//! Each server has the settings that its documentation recommends for work that computes.

use std::time::Duration;

use axum::http::StatusCode;
use clap::Args;
use tokio::sync::oneshot;
use unblock_benches::figures::{print_columns, print_row};
use unblock_benches::load::{Arrivals, Connections, Load, LoadGenerator, Outcome, Results};
use unblock_benches::servers::annotated::{UNBLOCK, UNBLOCK_ACTIX, UNBLOCK_AXUM};
use unblock_benches::servers::peers::{ACTIX, AXUM, cores, heavy_routes, serve_axum};
use unblock_benches::servers::refusing::{LoadShed, Permits};
use unblock_benches::servers::work::Work;
use unblock_benches::servers::{Contender, Program, Server};
use unblock_benches::{Beside, LIGHT, LIGHT_RATE, Options, Row, in_turn};

#[derive(Args)]
struct Own {
    /// Clients at a time; each value makes a table
    #[arg(long, value_delimiter = ',', default_values_t = [200])]
    clients: Vec<usize>,
}

const CONTENDERS: &[Contender] =
    &[UNBLOCK, UNBLOCK_AXUM, UNBLOCK_ACTIX, AXUM, PERMITS, LOAD_SHED, RAYON, ACTIX];

const PERMITS: Contender = Contender {
    name: "axum, spawn_blocking, a semaphore with a permit per core, 1.8 s",
    program: Program::This(|| {
        Permits { permits: cores(), wait: Duration::from_millis(1800) }.serve();
    }),
};

/// Those that wait keep the cores busy, and do so for a third of a second.
const LOAD_SHED: Contender = Contender {
    name: "axum, spawn_blocking, tower's load_shed: 32 at a time, 2 s, a thread per core",
    program: Program::This(|| {
        LoadShed { limit: 32, timeout: PATIENCE, threads: cores() }.serve();
    }),
};

const RAYON: Contender = Contender {
    name: "axum, rayon and a oneshot channel, without what nobody waits for",
    program: Program::This(|| serve_axum(1, heavy_routes(on_rayon))),
};

/// Time after which clients give up.
const PATIENCE: Duration = Duration::from_secs(2);

const PATH: &str = "/login/correct-horse-battery-staple";

/// Time for which the clients are there before anything is measured.
const SETTLE: Duration = Duration::from_secs(3);

fn main() {
    let options = Options::<Own>::read(CONTENDERS);
    let time = options.time();
    for &clients in &options.own.clients {
        let rows = in_turn(&options, CONTENDERS, |server| round(server, clients, time));
        print_table(clients, time, options.rounds(), &rows);
    }
}

fn round(server: &Server, clients: usize, time: Duration) -> Beside {
    let arrivals = Arrivals::Closed { clients, time: SETTLE + time };
    let connections = Connections::KeepAlive;
    let load = Load { paths: &[PATH], arrivals, patience: PATIENCE, connections };
    Beside::measure(server, SETTLE, time, || {
        LoadGenerator::new(server.address).run(&load).ended_after(SETTLE)
    })
}

/// Runs the work on rayon's pool, as tokio's documentation recommends for work that computes. Work
/// that nobody waits for any more does not begin, which is more than is recommended.
async fn on_rayon(work: Work) -> Result<String, StatusCode> {
    let (sender, receiver) = oneshot::channel();
    rayon::spawn(move || {
        if !sender.is_closed() {
            // The receiver may be gone by now.
            let _ = sender.send(work.run());
        }
    });
    receiver.await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

fn print_table(clients: usize, time: Duration, rounds: usize, rows: &[Row<Beside>]) {
    println!(
        "\n{clients} clients on /login, argon2id, clients wait {PATIENCE:?}; {} and {} {} times \
         per second each; medians of {rounds} rounds of {time:?}\n",
        LIGHT[0],
        LIGHT[1],
        LIGHT_RATE / 2.0,
    );
    print_columns(&[
        "server",
        "in time/s",
        "of the best",
        "p50 ms",
        "p99 ms",
        "refused/s",
        "gave up/s",
        "/ p99 ms",
        "/healthz p99 ms",
        "MiB at the end",
        "generator's cores",
        "failed: heavy, light",
    ]);
    let succeeded = |row: &Row<Beside>| row.median(|round| round.heavy.rate(Outcome::Succeeded));
    let best = rows.iter().map(succeeded).fold(f64::NAN, f64::max);
    for row in rows {
        let heavy = |figure: fn(&Results) -> f64| row.median(|round| figure(&round.heavy));
        print_row(&format!(
            "| {} | {:.1} | {:.3} | {:.0} | {:.0} | {:.0} | {:.0} | {:.2} | {:.2} | {:.0} | {:.2} \
             | {}, {} |",
            row.name,
            succeeded(row),
            succeeded(row) / best,
            heavy(|heavy| heavy.latencies_of(Outcome::Succeeded).percentile(50)),
            heavy(|heavy| heavy.latencies_of(Outcome::Succeeded).percentile(99)),
            heavy(|heavy| heavy.rate(Outcome::Refused)),
            heavy(|heavy| heavy.rate(Outcome::TimedOut)),
            row.median(|round| round.light_p99(0)),
            row.median(|round| round.light_p99(1)),
            row.median(|round| round.resident[2]) / 1_048_576.0,
            row.median(|round| round.generator_cores),
            row.sum(|round| round.heavy.count(Outcome::Failed)),
            row.sum(Beside::light_unsuccessful),
        ));
    }
}
