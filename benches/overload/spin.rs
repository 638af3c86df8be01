//! One costly route, and the light ones beside it.

use std::thread;
use std::time::Duration;

use crate::Row;
use crate::load::figures::{median, print_row};
use crate::load::precise::{Askers, Kept};
use crate::load::server::Server;
use crate::load::usage::resident_bytes;
use crate::offer::{Kind, Offer, PATIENCE, Work, rate};

pub(crate) const SPIN: &Work = &[Kind { path: "/spin/5000", cost: Duration::from_millis(5) }];

/// How often each light route is asked.
const LIGHT: Duration = Duration::from_millis(10);

pub(crate) struct Round {
    offer: Offer,
    hello: Kept,
    healthz: Kept,
    /// The server's memory in bytes: before the load, when it begins to count, and at its end.
    resident: [f64; 3],
}

pub(crate) fn round(server: &Server, load: f64, time: Duration) -> Round {
    let connect =
        |path| Askers::connect(server.address, path).expect("connections to a server that is idle");
    let (mut hello, mut healthz) = (connect("/"), connect("/healthz"));
    let resident = || resident_bytes(server.process.id());
    let before = resident();
    thread::scope(|scope| {
        let offer = scope.spawn(|| Offer::make(server, SPIN, load, time));
        thread::sleep(PATIENCE);
        let beginning = resident();
        let hello = scope.spawn(|| hello.ask(LIGHT, time));
        let healthz = scope.spawn(|| healthz.ask(LIGHT, time));
        thread::sleep(time);
        let end = resident();
        let expect = "a thread of the load";
        Round {
            offer: offer.join().expect(expect),
            hello: hello.join().expect(expect),
            healthz: healthz.join().expect(expect),
            resident: [before, beginning, end],
        }
    })
}

pub(crate) fn print(load: f64, time: Duration, rows: &[Row<Round>]) {
    println!(
        "\n/spin/5000 at {load} x capacity, {:.0}/s, clients wait {PATIENCE:?}; / and /healthz every {LIGHT:?}; medians of {} \
         rounds of {time:?}\n",
        rate(SPIN, load),
        rows.first().map_or(0, |row| row.rounds.len()),
    );
    println!(
        "| server | offered/s | in time/s | of capacity | p50 ms | p99 ms | refused/s | refusals' p99 ms | admitted in time \
         | / p99 ms | /healthz p99 ms | generator late p99 ms: load, light | failed: load, light | MiB before, from, to |"
    );
    println!(
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    );
    for Row { name, rounds } in rows {
        let mebibytes = |index: usize| median(rounds, |round| round.resident[index]) / 1_048_576.0;
        print_row(&format!(
            "| {name} | {:.0} | {:.0} | {:.3} | {:.0} | {:.0} | {:.0} | {:.1} | {:.3} | {:.2} | {:.2} | {:.2}, {:.2} | {}, {} \
             | {:.1}, {:.1}, {:.1} |",
            median(rounds, |round| round.offer.per_second()),
            median(rounds, |round| round.offer.in_time_per_second()),
            median(rounds, |round| round.offer.of_capacity(SPIN)),
            median(rounds, |round| round.offer.answers().percentile(50)),
            median(rounds, |round| round.offer.answers().percentile(99)),
            median(rounds, |round| round.offer.refused_per_second()),
            median(rounds, |round| round.offer.refusals().percentile(99)),
            median(rounds, |round| round.offer.admitted_in_time()),
            median(rounds, |round| round.hello.asked.percentile(99)),
            median(rounds, |round| round.healthz.asked.percentile(99)),
            median(rounds, |round| round.offer.late().percentile(99)),
            median(rounds, |round| round.hello.late.percentile(99)),
            rounds.iter().map(|round| round.offer.failed()).sum::<usize>(),
            rounds
                .iter()
                .map(|round| round.hello.latencies.failed + round.healthz.latencies.failed)
                .sum::<usize>(),
            mebibytes(0),
            mebibytes(1),
            mebibytes(2),
        ));
    }
}
