//! Two routes of different cost: neither is to be refused for the other's sake.

use std::time::Duration;

use crate::Row;
use crate::load::figures::{median, print_row};
use crate::load::server::Server;
use crate::offer::{Kind, Offer, PATIENCE, Work, rate};

const QUICK: Kind = Kind { path: "/spin/1000", cost: Duration::from_millis(1) };
const SLOW: Kind = Kind { path: "/spin/50000", cost: Duration::from_millis(50) };
const MIX: &Work = &[QUICK, QUICK, QUICK, QUICK, QUICK, SLOW, QUICK, QUICK, QUICK, QUICK, QUICK];

pub(crate) struct Round {
    all: Offer,
    quick: Offer,
    slow: Offer,
}

pub(crate) fn round(server: &Server, load: f64, time: Duration) -> Round {
    let all = Offer::make(server, MIX, load, time);
    Round { quick: all.of(MIX, QUICK.cost), slow: all.of(MIX, SLOW.cost), all }
}

pub(crate) fn print(load: f64, time: Duration, rows: &[Row<Round>]) {
    println!(
        "\nten /spin/1000 for each /spin/50000 at {load} x capacity, {:.0}/s, clients wait {PATIENCE:?}; medians of {} rounds of \
         {time:?}\n",
        rate(MIX, load),
        rows.first().map_or(0, |row| row.rounds.len()),
    );
    println!(
        "| server | CPU time of what is in time, of capacity | 1 ms: offered/s | in time/s | refused/s | admitted in time \
         | 50 ms: offered/s | in time/s | refused/s | admitted in time | refusals' p99 ms | failed |"
    );
    println!(
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    );
    for Row { name, rounds } in rows {
        let of = |offer: fn(&Round) -> &Offer| {
            let median = |figure: fn(&Offer) -> f64| median(rounds, |round| figure(offer(round)));
            format!(
                "{:.0} | {:.1} | {:.0} | {:.3}",
                median(Offer::per_second),
                median(Offer::in_time_per_second),
                median(Offer::refused_per_second),
                median(Offer::admitted_in_time),
            )
        };
        print_row(&format!(
            "| {name} | {:.3} | {} | {} | {:.1} | {} |",
            median(rounds, |round| round.all.of_capacity(MIX)),
            of(|round| &round.quick),
            of(|round| &round.slow),
            median(rounds, |round| round.all.refusals().percentile(99)),
            rounds.iter().map(|round| round.all.failed()).sum::<usize>(),
        ));
    }
}
