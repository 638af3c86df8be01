//! The time until all requests succeed again, once the load has gone.

use std::time::Duration;

use unblock_benches::Row;
use unblock_benches::figures::{print_columns, print_row, ratio};
use unblock_benches::load::{Outcome, Request};
use unblock_benches::servers::Server;

use crate::spin::SPIN;

/// The first load, as a multiple of the capacity.
const MUCH: f64 = 10.0;

/// The load after it.
const LITTLE: f64 = 0.5;

/// Times count from when the load has gone; numbers are of requests that were due later.
pub(crate) struct Round {
    /// When the last refusal came.
    last_refusal: Duration,
    /// When the last request was due that did not succeed.
    last_unsuccessful: Duration,
    refused: usize,
    unsuccessful: usize,
}

pub(crate) fn round(server: &Server, cores: usize, time: Duration) -> Round {
    let steps = [MUCH, LITTLE].map(|load| SPIN.times_capacity(load, cores).step(time));
    let results = SPIN.send(server.address, &steps);
    let refused = |request: &&Request| request.outcome == Outcome::Refused;
    let unsuccessful = |request: &&Request| request.outcome != Outcome::Succeeded;
    let ended = results.requests.iter().filter(refused).map(|r| r.due + r.latency).max();
    let due = results.requests.iter().filter(unsuccessful).map(|r| r.due).max();
    let later = results.requests.iter().filter(|request| request.due >= time);
    Round {
        last_refusal: ended.unwrap_or_default().saturating_sub(time),
        last_unsuccessful: due.unwrap_or_default().saturating_sub(time),
        refused: later.clone().filter(refused).count(),
        unsuccessful: later.filter(unsuccessful).count(),
    }
}

pub(crate) fn print(cores: usize, time: Duration, rounds: usize, rows: &[Row<Round>]) {
    println!(
        "\n{} at {MUCH} x capacity for {time:?}, then at {LITTLE} x for {time:?}, which is {:.0} \
         requests; medians of {rounds} rounds\n",
        SPIN.paths[0],
        SPIN.times_capacity(LITTLE, cores).rate * time.as_secs_f64(),
    );
    print_columns(&[
        "server",
        "last refusal after ms",
        "refused",
        "last request without a response in time was due after ms",
        "without a response in time",
    ]);
    for row in rows {
        print_row(&format!(
            "| {} | {:.0} | {:.0} | {:.0} | {:.0} |",
            row.name,
            row.median(|round| round.last_refusal.as_secs_f64() * 1000.0),
            row.median(|round| ratio(round.refused, 1)),
            row.median(|round| round.last_unsuccessful.as_secs_f64() * 1000.0),
            row.median(|round| ratio(round.unsuccessful, 1)),
        ));
    }
}
