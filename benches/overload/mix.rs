//! Two routes of different cost: neither is to be refused because of the other.

use std::time::Duration;

use unblock_benches::Row;
use unblock_benches::figures::{print_columns, print_row};
use unblock_benches::load::{Outcome, Results};
use unblock_benches::servers::Server;

use crate::work::{Offered, PATIENCE, Work};

const QUICK: Duration = Duration::from_millis(1);
const SLOW: Duration = Duration::from_millis(50);

pub(crate) const MIX: Work = Work {
    paths: &[
        "/spin/1000",
        "/spin/1000",
        "/spin/1000",
        "/spin/1000",
        "/spin/1000",
        "/spin/50000",
        "/spin/1000",
        "/spin/1000",
        "/spin/1000",
        "/spin/1000",
        "/spin/1000",
    ],
    costs: &[QUICK, QUICK, QUICK, QUICK, QUICK, SLOW, QUICK, QUICK, QUICK, QUICK, QUICK],
};

pub(crate) struct Round {
    all: Results,
    quick: Results,
    slow: Results,
}

pub(crate) fn round(server: &Server, offered: &Offered, time: Duration) -> Round {
    let all = offered.send(server.address, time);
    Round { quick: offered.of_cost(&all, QUICK), slow: offered.of_cost(&all, SLOW), all }
}

pub(crate) fn print(offered: &Offered, time: Duration, rounds: usize, rows: &[Row<Round>]) {
    println!(
        "\nten /spin/1000 for each /spin/50000 at {} x capacity, {:.0}/s, clients wait \
         {PATIENCE:?}; medians of {rounds} rounds of {time:?}\n",
        offered.load, offered.rate,
    );
    print_columns(&[
        "server",
        "CPU time of what is in time, of capacity",
        "1 ms: offered/s",
        "in time/s",
        "refused/s",
        "admitted in time",
        "50 ms: offered/s",
        "in time/s",
        "refused/s",
        "admitted in time",
        "refusals' p99 ms",
        "failed",
    ]);
    for row in rows {
        let of = |results: fn(&Round) -> &Results| {
            let median = |figure: fn(&Results) -> f64| row.median(|round| figure(results(round)));
            format!(
                "{:.0} | {:.1} | {:.0} | {:.3}",
                median(Results::per_second),
                median(|results| results.rate(Outcome::Succeeded)),
                median(|results| results.rate(Outcome::Refused)),
                median(Results::admitted_in_time),
            )
        };
        print_row(&format!(
            "| {} | {:.3} | {} | {} | {:.1} | {} |",
            row.name,
            row.median(|round| offered.of_capacity(&round.all)),
            of(|round| &round.quick),
            of(|round| &round.slow),
            row.median(|round| round.all.latencies_of(Outcome::Refused).percentile(99)),
            row.sum(|round| round.all.count(Outcome::Failed)),
        ));
    }
}
