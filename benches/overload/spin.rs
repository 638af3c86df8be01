//! One heavy route, and the light ones beside it.

use std::thread;
use std::time::Duration;

use unblock_benches::Row;
use unblock_benches::figures::{print_columns, print_row};
use unblock_benches::load::{
    self, Arrivals, Load, LoadGenerator, Outcome, Precision, Results, Step,
};
use unblock_benches::servers::Server;
use unblock_benches::usage::resident_bytes;

use crate::work::{Offered, PATIENCE, Work};

pub(crate) const SPIN: Work = Work { paths: &["/spin/5000"], costs: &[Duration::from_millis(5)] };

const LIGHT: [&str; 2] = ["/", "/healthz"];

/// Requests per second for the light routes together.
const LIGHT_RATE: f64 = 200.0;

/// Connections of the light routes, enough for the requests of two seconds.
const LIGHT_CONNECTIONS: usize = 512;

pub(crate) struct Round {
    heavy: Results,
    /// Requests for each of the light routes.
    light: [Results; 2],
    /// Resident memory of the server in bytes: before the load, when it begins to count, and at its
    /// end.
    resident: [f64; 3],
}

pub(crate) fn round(server: &Server, offered: &Offered, time: Duration) -> Round {
    let mut light = LoadGenerator::with_connections(server.address, LIGHT_CONNECTIONS, LIGHT[0]);
    let steps = &[Step { rate: LIGHT_RATE, time }];
    let arrivals = Arrivals::Open { steps, precision: Precision::Microsecond };
    let light_load = Load { paths: &LIGHT, arrivals, patience: load::PATIENCE };

    let resident = || resident_bytes(server.id());
    let before = resident();
    thread::scope(|scope| {
        let heavy = scope.spawn(|| offered.send(server.address, time));
        thread::sleep(PATIENCE);
        let beginning = resident();
        let light = scope.spawn(|| light.run(&light_load));
        thread::sleep(time);
        let end = resident();
        let light = light.join().expect("the light load's thread");
        Round {
            heavy: heavy.join().expect("the heavy load's thread"),
            light: [0, 1].map(|wanted| light.of_paths(|path| path == wanted)),
            resident: [before, beginning, end],
        }
    })
}

pub(crate) fn print(offered: &Offered, time: Duration, rounds: usize, rows: &[Row<Round>]) {
    println!(
        "\n{} at {} x capacity, {:.0}/s, clients wait {PATIENCE:?}; {} and {} {} times per second \
         each; medians of {rounds} rounds of {time:?}\n",
        SPIN.paths[0],
        offered.load,
        offered.rate,
        LIGHT[0],
        LIGHT[1],
        LIGHT_RATE / 2.0,
    );
    print_columns(&[
        "server",
        "offered/s",
        "in time/s",
        "of capacity",
        "p50 ms",
        "p99 ms",
        "refused/s",
        "refusals' p99 ms",
        "admitted in time",
        "/ p99 ms",
        "/healthz p99 ms",
        "generator late p99 ms: heavy, light",
        "failed: heavy, light",
        "MiB before, from, to",
    ]);
    for row in rows {
        let heavy = |figure: fn(&Results) -> f64| row.median(|round| figure(&round.heavy));
        let light = |index: usize| {
            row.median(|round| round.light[index].latencies_from_sent().percentile(99))
        };
        let mebibytes = |index: usize| row.median(|round| round.resident[index]) / 1_048_576.0;
        print_row(&format!(
            "| {} | {:.0} | {:.0} | {:.3} | {:.0} | {:.0} | {:.0} | {:.1} | {:.3} | {:.2} | {:.2} \
             | {:.2}, {:.2} | {}, {} | {:.1}, {:.1}, {:.1} |",
            row.name,
            heavy(Results::per_second),
            heavy(|heavy| heavy.rate(Outcome::Succeeded)),
            row.median(|round| offered.of_capacity(&round.heavy)),
            heavy(|heavy| heavy.latencies_of(Outcome::Succeeded).percentile(50)),
            heavy(|heavy| heavy.latencies_of(Outcome::Succeeded).percentile(99)),
            heavy(|heavy| heavy.rate(Outcome::Refused)),
            heavy(|heavy| heavy.latencies_of(Outcome::Refused).percentile(99)),
            heavy(Results::admitted_in_time),
            light(0),
            light(1),
            heavy(|heavy| heavy.late().percentile(99)),
            row.median(|round| round.light[0].late().percentile(99)),
            row.sum(|round| round.heavy.count(Outcome::Failed)),
            row.sum(|round| round.light.iter().map(Results::unsuccessful).sum()),
            mebibytes(0),
            mebibytes(1),
            mebibytes(2),
        ));
    }
}
