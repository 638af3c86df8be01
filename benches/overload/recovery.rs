//! How long it takes until all are answered again, once the load has gone.

use std::time::Duration;

use crate::Row;
use crate::load::figures::{median, ratio};
use crate::load::open::{Asked, Fate, Step};
use crate::load::server::Server;
use crate::offer::{Offer, rate};
use crate::spin::SPIN;

const MUCH: f64 = 10.0;
const LITTLE: f64 = 0.5;

pub(crate) struct Round {
    /// When the last refusal came, after the load had gone.
    last_refusal: Duration,
    /// When the last was due that was refused or not answered in time.
    last_unanswered: Duration,
    refused: usize,
    unanswered: usize,
}

pub(crate) fn round(server: &Server, time: Duration) -> Round {
    let step = |load, time| Step { rate: rate(SPIN, load), time };
    let asked = Offer::on_schedule(server, SPIN, &[step(MUCH, time), step(LITTLE, time)]);
    let last = |fate: fn(Fate) -> bool, when: fn(&Asked) -> Duration| {
        let times = asked.iter().filter(|asked| fate(asked.fate)).map(when);
        times.max().unwrap_or_default().saturating_sub(time)
    };
    let count = |fate: fn(Fate) -> bool| {
        asked.iter().filter(|asked| asked.due >= time && fate(asked.fate)).count()
    };
    Round {
        last_refusal: last(|fate| fate == Fate::Refused, |asked| asked.due + asked.after),
        last_unanswered: last(|fate| fate != Fate::Answered, |asked| asked.due),
        refused: count(|fate| fate == Fate::Refused),
        unanswered: count(|fate| fate != Fate::Answered),
    }
}

pub(crate) fn print(time: Duration, rows: &[Row<Round>]) {
    println!(
        "\n/spin/5000 at {MUCH} x capacity for {time:?}, then at {LITTLE} x for {time:?}, which is {:.0} requests; medians of {} \
         rounds\n",
        rate(SPIN, LITTLE) * time.as_secs_f64(),
        rows.first().map_or(0, |row| row.rounds.len()),
    );
    println!(
        "| server | last refusal after ms | refused | last request that is not answered in time was due after ms | not answered \
         in time |"
    );
    println!("| --- | ---: | ---: | ---: | ---: |");
    for Row { name, rounds } in rows {
        println!(
            "| {name} | {:.0} | {:.0} | {:.0} | {:.0} |",
            median(rounds, |round| round.last_refusal.as_secs_f64() * 1000.0),
            median(rounds, |round| ratio(round.refused, 1)),
            median(rounds, |round| round.last_unanswered.as_secs_f64() * 1000.0),
            median(rounds, |round| ratio(round.unanswered, 1)),
        );
    }
}
