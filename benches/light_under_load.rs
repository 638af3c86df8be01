//! The latency of a light request while other handlers compute, or sleep.
//!
//! ```text
//! cargo bench -p unblock-benches --bench light_under_load
//! cargo bench -p unblock-benches --bench light_under_load -- --sleep
//! ```
//!
//! First the light route `/` is asked for by a schedule while nothing else happens; then again
//! while clients in a closed loop keep the heavy route busy.
//!
//! The load generator shares the cores with the server, unless `--pin` is given, and its part of
//! them is in all figures. The clients of the light route have real-time priority where the system
//! allows it; the latency from when a request was really sent leaves out how late they were.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use clap::Args;
use unblock_benches::charts::{self, Caption, DotPlot, Percentiles};
use unblock_benches::figures::{print_columns, print_row, ratio};
use unblock_benches::load::{
    Arrivals, Connections, Load, LoadGenerator, Outcome, PATIENCE, Precision, Results, Step,
};
use unblock_benches::servers::peers::{ACTIX, AXUM, AXUM_PER_CORE, DEMO};
use unblock_benches::servers::{Contender, Server};
use unblock_benches::{Options, Row, in_turn};

/// The others are compared with the first.
const CONTENDERS: &[Contender] = &[DEMO, AXUM, AXUM_PER_CORE, ACTIX];

#[derive(Args)]
struct Own {
    /// Heavy handlers sleep, instead of computing
    #[arg(long)]
    sleep: bool,
    /// Draw the light route's latencies into this SVG
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// Requests per second for the light route.
const LIGHT_RATE: f64 = 200.0;

/// Connections of the light route, enough for the requests of one second.
const LIGHT_CONNECTIONS: usize = 256;

/// Time for which the heavy load goes on before anything is measured.
const SETTLE: Duration = Duration::from_secs(1);

struct Heavy {
    clients: usize,
    path: &'static str,
    /// Responses per second that no server can exceed.
    ideal: f64,
}

struct Round {
    idle: Results,
    light: Results,
    heavy: Results,
}

fn main() {
    let options = Options::<Own>::read(CONTENDERS);
    let heavy = if options.own.sleep {
        Heavy { clients: 400, path: "/sleep/0.05", ideal: 400.0 / 0.05 }
    } else {
        let ideal = ratio(options.cores().of_server(), 1) / 0.005;
        Heavy { clients: 64, path: "/spin/5000", ideal }
    };
    let time = options.time();
    let rows = in_turn(&options, CONTENDERS, |server| round(server, &heavy, time));
    print_table(&heavy, time, options.rounds(), &rows);
    if let Some(file) = &options.own.svg {
        charts::write(file, &plot(&heavy, time, options.rounds(), &rows).draw());
    }
}

fn round(server: &Server, heavy: &Heavy, time: Duration) -> Round {
    let mut light = LoadGenerator::with_connections(server.address, LIGHT_CONNECTIONS, "/");
    let connections = Connections::KeepAlive;
    let steps = &[Step { rate: LIGHT_RATE, time }];
    let arrivals = Arrivals::Open { steps, precision: Precision::Microsecond };
    let light_load = Load { paths: &["/"], arrivals, patience: PATIENCE, connections };
    let arrivals = Arrivals::Closed { clients: heavy.clients, time: SETTLE + time };
    let heavy_load = Load { paths: &[heavy.path], arrivals, patience: PATIENCE, connections };

    let idle = light.run(&light_load);
    thread::scope(|scope| {
        let heavy = scope.spawn(|| LoadGenerator::new(server.address).run(&heavy_load));
        thread::sleep(SETTLE);
        let light = light.run(&light_load);
        let heavy = heavy.join().expect("the heavy load's thread");
        Round { idle, light, heavy: heavy.ended_after(SETTLE) }
    })
}

fn print_table(heavy: &Heavy, time: Duration, rounds: usize, rows: &[Row<Round>]) {
    println!(
        "\n{} clients on {}, ideal {:.0}/s; / {LIGHT_RATE} times per second; \
         medians of {rounds} rounds of {time:?}\n",
        heavy.clients, heavy.path, heavy.ideal,
    );
    print_columns(&[
        "server",
        "heavy responses/s",
        "of ideal",
        "of the best",
        "light p50 ms",
        "p99 ms",
        "÷ ours",
        "max ms",
        "p99 when idle ms",
        "p99 from when sent ms",
        "÷ ours",
        "when idle ms",
        "failed: heavy, light",
    ]);
    let responses = |row: &Row<Round>| row.median(|round| round.heavy.rate(Outcome::Succeeded));
    let from_sent =
        |row: &Row<Round>| row.median(|round| round.light.latencies_from_sent().percentile(99));
    let best = rows.iter().map(responses).fold(f64::NAN, f64::max);
    let Some(first) = rows.first() else { return };
    for row in rows {
        print_row(&format!(
            "| {} | {:.0} | {:.3} | {:.3} | {:.2} | {:.2} | {:.1} | {:.1} | {:.2} | {:.2} | {:.1} \
             | {:.2} | {}, {} |",
            row.name,
            responses(row),
            responses(row) / heavy.ideal,
            responses(row) / best,
            light(row, 50),
            light(row, 99),
            light(row, 99) / light(first, 99),
            light(row, 100),
            row.median(|round| round.idle.latencies().percentile(99)),
            from_sent(row),
            from_sent(row) / from_sent(first),
            row.median(|round| round.idle.latencies_from_sent().percentile(99)),
            row.sum(|round| round.heavy.unsuccessful()),
            row.sum(|round| round.idle.unsuccessful() + round.light.unsuccessful()),
        ));
    }
}

/// Median of a percentile of the light route's latency under the load, in milliseconds.
fn light(row: &Row<Round>, percent: usize) -> f64 {
    row.median(|round| round.light.latencies().percentile(percent))
}

fn plot(heavy: &Heavy, time: Duration, rounds: usize, rows: &[Row<Round>]) -> DotPlot {
    let contenders = rows.iter().map(|row| Percentiles {
        name: row.name.to_owned(),
        p50: light(row, 50),
        p99: light(row, 99),
    });
    DotPlot {
        caption: Caption {
            title: "Latency of a light route under load".to_owned(),
            subtitle: format!(
                "/ {LIGHT_RATE} times per second, while {} clients ask for {}",
                heavy.clients, heavy.path
            ),
            rounds: format!("medians of {rounds} rounds of {time:?}"),
        },
        contenders: contenders.collect(),
    }
}
