//! Contenders that are measured in turn.

use clap::Args;

use crate::Options;
use crate::figures::median;
use crate::servers::{Contender, Server};

/// The rounds of one contender.
pub struct Row<R> {
    /// Name of the contender.
    pub name: &'static str,
    /// The measurement of each round.
    pub rounds: Vec<R>,
}

/// Measures all contenders in each round, so that a machine that changes its speed changes it for
/// all. Each measurement has a new server.
pub fn in_turn<Own: Args, R>(
    options: &Options<Own>,
    contenders: &[Contender],
    round: impl Fn(&Server) -> R,
) -> Vec<Row<R>> {
    let included = contenders.iter().filter(|contender| options.includes(contender.name));
    let contenders: Vec<&Contender> = included.collect();
    let row = |contender: &&Contender| Row { name: contender.name, rounds: Vec::new() };
    let mut rows: Vec<_> = contenders.iter().map(row).collect();
    for _ in 0..options.rounds() {
        for (contender, row) in contenders.iter().zip(&mut rows) {
            let server = Server::start(contender, options.cores());
            row.rounds.push(round(&server));
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
