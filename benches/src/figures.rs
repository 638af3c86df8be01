//! Percentiles, medians and ratios.

use std::time::Duration;

/// Latencies of requests. A request that failed counts as slower than any other.
#[derive(Default)]
pub struct Latencies {
    sorted: Vec<Duration>,
    failed: usize,
}

impl Latencies {
    /// Takes the latencies of the requests that succeeded, and the number of those that failed.
    pub fn new(mut latencies: Vec<Duration>, failed: usize) -> Self {
        latencies.sort_unstable();
        Self { sorted: latencies, failed }
    }

    /// The percentile in milliseconds: infinite where that many have failed, not a number where
    /// there are none.
    pub fn percentile(&self, percent: usize) -> f64 {
        let all = self.sorted.len() + self.failed;
        if all == 0 {
            return f64::NAN;
        }
        let rank = (all * percent).div_ceil(100).max(1) - 1;
        self.sorted.get(rank).map_or(f64::INFINITY, |latency| latency.as_secs_f64() * 1000.0)
    }
}

/// Prints a row of a table. A figure that does not exist, such as the latency of refusals where
/// nobody was refused, is a dash.
pub fn print_row(row: &str) {
    println!("{}", row.replace("NaN", "-"));
}

/// Prints the two lines above the rows: the columns' names, the first of them on the left.
pub fn print_columns(names: &[&str]) {
    let figures = names.len().saturating_sub(1);
    println!("| {} |\n| --- |{}", names.join(" | "), " ---: |".repeat(figures));
}

/// The rate of `count` in `time`.
pub fn per_second(count: usize, time: Duration) -> f64 {
    ratio(count, 1) / time.as_secs_f64()
}

/// The share that `some` is of `all`.
#[expect(clippy::cast_precision_loss, reason = "counts of requests")]
pub fn ratio(some: usize, all: usize) -> f64 {
    some as f64 / all as f64
}

/// The median of a figure of several rounds; the upper of the two in the middle.
pub fn median<R>(rounds: &[R], figure: impl Fn(&R) -> f64) -> f64 {
    let mut figures: Vec<f64> = rounds.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
