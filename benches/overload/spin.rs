//! One heavy route, and the light ones beside it.

use std::time::Duration;

use unblock_benches::charts::{Caption, Line, LineChart};
use unblock_benches::figures::{print_columns, print_row};
use unblock_benches::load::{Outcome, Results};
use unblock_benches::servers::peers::{ACTIX, AXUM, AXUM_PER_CORE, DEMO};
use unblock_benches::servers::{Contender, Server};
use unblock_benches::{Beside, LIGHT, LIGHT_RATE, Row};

use crate::storm::{LOAD_SHED, PERMITS};
use crate::work::{Offered, PATIENCE, Work};

pub(crate) const SPIN: Work = Work { paths: &["/spin/5000"], costs: &[Duration::from_millis(5)] };

/// The peers at their defaults, and those that refuse what is too much.
pub(crate) const CONTENDERS: &[Contender] = &[DEMO, AXUM, AXUM_PER_CORE, ACTIX, LOAD_SHED, PERMITS];

pub(crate) fn round(server: &Server, offered: &Offered, time: Duration) -> Beside {
    Beside::measure(server, PATIENCE, time, || offered.send(server.address, time))
}

pub(crate) fn print(offered: &Offered, time: Duration, rounds: usize, rows: &[Row<Beside>]) {
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
        let light = |index: usize| row.median(|round| round.light_p99(index));
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
            row.sum(Beside::light_unsuccessful),
            mebibytes(0),
            mebibytes(1),
            mebibytes(2),
        ));
    }
}

/// The share of the capacity that has a response in time, at each of the loads.
pub(crate) fn chart(
    time: Duration,
    rounds: usize,
    measured: &[(Offered, Vec<Row<Beside>>)],
) -> LineChart {
    let mut measured: Vec<_> = measured.iter().collect();
    measured.sort_by(|(a, _), (b, _)| a.load.total_cmp(&b.load));
    let loads: Vec<_> = measured.iter().map(|(offered, _)| offered.load).collect();
    let names = measured.first().map_or(&[][..], |(_, rows)| rows).iter().map(|row| row.name);
    let contenders = names.enumerate().map(|(contender, name)| Line {
        name: name.to_owned(),
        shares: measured
            .iter()
            .map(|(offered, rows)| {
                rows[contender].median(|round| offered.of_capacity(&round.heavy))
            })
            .collect(),
    });
    LineChart {
        caption: Caption {
            title: "Responses in time under overload".to_owned(),
            subtitle: format!(
                "of what the cores can do; {:?} of CPU time each, clients wait {PATIENCE:?}",
                SPIN.costs[0]
            ),
            rounds: format!("medians of {rounds} rounds of {time:?}"),
        },
        loads_title: "load offered, as a multiple of that (logarithmic)",
        ideal: Line {
            name: "what the cores can do".to_owned(),
            shares: loads.iter().map(|load| load.min(1.0)).collect(),
        },
        contenders: contenders.collect(),
        loads,
    }
}
