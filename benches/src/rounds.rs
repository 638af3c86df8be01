//! Contenders that are measured in turn.

use clap::Args;

use crate::Options;
use crate::figures::median;
use crate::progress::Progress;
use crate::servers::{Contender, Server};

/// The rounds of one contender.
pub struct Row<R> {
    /// Name of the contender.
    pub name: &'static str,
    /// The measurement of each round.
    pub rounds: Vec<R>,
}

/// Measures the contenders that the options include, each with a new server for each round.
pub fn in_turn<Own: Args, R>(
    options: &Options<Own>,
    contenders: &[Contender],
    round: impl Fn(&Server) -> R,
) -> Vec<Row<R>> {
    let included = contenders.iter().filter(|contender| options.includes(contender.name));
    let contenders: Vec<&Contender> = included.collect();
    let names: Vec<_> = contenders.iter().map(|contender| contender.name).collect();
    take_turns(options.rounds(), &names, |_, contender| {
        round(&Server::start(contenders[contender], options.cores()))
    })
}

/// Measures all of these in each round, so that a machine that changes its speed changes it for
/// all. `measure` has the numbers of the round and of the contender. Standard error says how far it
/// is.
pub fn take_turns<R>(
    rounds: usize,
    names: &[&'static str],
    mut measure: impl FnMut(usize, usize) -> R,
) -> Vec<Row<R>> {
    let mut rows: Vec<_> =
        names.iter().map(|name| Row { name, rounds: Vec::with_capacity(rounds) }).collect();
    let mut progress = Progress::new(rounds, names.len());
    for round in 0..rounds {
        for (contender, row) in rows.iter_mut().enumerate() {
            progress.begin(row.name);
            row.rounds.push(measure(round, contender));
        }
    }
    rows
}

impl<R> Row<R> {
    /// Median of a figure of the rounds.
    pub fn median(&self, figure: impl Fn(&R) -> f64) -> f64 {
        median(&self.rounds, figure)
    }

    /// Sum of a count over the rounds.
    pub fn sum(&self, count: impl Fn(&R) -> usize) -> usize {
        self.rounds.iter().map(count).sum()
    }
}
