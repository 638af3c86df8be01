//! What a round measured, and the medians of several.

use std::time::Duration;

/// The latencies of one round's requests. One that failed was never answered: it counts as slower than any other.
#[derive(Default)]
pub(crate) struct Latencies {
    sorted: Vec<Duration>,
    pub(crate) failed: usize,
}

impl Latencies {
    pub(crate) fn new(mut latencies: Vec<Duration>, failed: usize) -> Self {
        latencies.sort_unstable();
        Self { sorted: latencies, failed }
    }

    /// How many were answered.
    pub(crate) fn answered(&self) -> usize {
        self.sorted.len()
    }

    /// In milliseconds; infinite where that many have failed, not a number where there are none.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let all = self.sorted.len() + self.failed;
        if all == 0 {
            return f64::NAN;
        }
        let rank = (all * percent).div_ceil(100).max(1) - 1;
        self.sorted.get(rank).map_or(f64::INFINITY, |latency| latency.as_secs_f64() * 1000.0)
    }
}

/// Prints a row of a table. A figure of nothing, of refusals where nobody was refused, is none.
pub(crate) fn print_row(row: &str) {
    println!("{}", row.replace("NaN", "-"));
}

pub(crate) fn per_second(count: usize, time: Duration) -> f64 {
    ratio(count, 1) / time.as_secs_f64()
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests")]
pub(crate) fn ratio(some: usize, all: usize) -> f64 {
    some as f64 / all as f64
}

/// The median of a figure of several rounds; the upper of the two in the middle.
pub(crate) fn median<R>(rounds: &[R], figure: impl Fn(&R) -> f64) -> f64 {
    let mut figures: Vec<f64> = rounds.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
