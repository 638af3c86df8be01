//! How times are distributed, as the page keeps them: for each second of each function.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::micros;
use crate::stats::Histogram;

/// Numbers of times by the upper bound of the range that they are in. Ranges without any are left
/// out, so that a second in which little happened takes little memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Distribution(BTreeMap<Duration, u64>);

impl Distribution {
    pub(super) fn add(&mut self, other: &Self) {
        for (bound, count) in &other.0 {
            *self.0.entry(*bound).or_default() += count;
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.0.values().sum()
    }

    /// Returns the upper bound of the range in which the time of this rank is: 0.5 is the median.
    /// `None` if there are no times.
    pub(super) fn quantile(&self, rank: f64) -> Option<Duration> {
        // Counts are far below 2^52.
        #[allow(clippy::cast_precision_loss)]
        let wanted = self.count() as f64 * rank;
        let mut seen = 0;
        let reached = |(_, count): &(&Duration, &u64)| {
            seen += **count;
            #[allow(clippy::cast_precision_loss)]
            let is_reached = seen as f64 >= wanted;
            is_reached
        };
        self.0.iter().find(reached).map(|(bound, _)| *bound)
    }

    /// Returns the upper bound of the last range that has a time.
    pub(super) fn max(&self) -> Option<Duration> {
        self.0.last_key_value().map(|(bound, _)| *bound)
    }

    /// Returns the ranges as pairs: the upper bound in microseconds, and the count.
    pub(super) fn ranges(&self) -> Vec<(u64, u64)> {
        self.0.iter().map(|(bound, count)| (micros(*bound), *count)).collect()
    }
}

impl From<&Histogram> for Distribution {
    /// The last range ends with the longest time.
    fn from(times: &Histogram) -> Self {
        let longest = times.max();
        Self(times.buckets().map(|(bound, count)| (bound.min(longest), count)).collect())
    }
}

/// What the table shows of a distribution, in microseconds. `None` if nothing was measured.
#[derive(Debug, Default, Serialize)]
pub(super) struct Quantiles {
    pub(super) p50: Option<u64>,
    pub(super) p90: Option<u64>,
    pub(super) p99: Option<u64>,
    pub(super) max: Option<u64>,
}

impl From<&Distribution> for Quantiles {
    fn from(times: &Distribution) -> Self {
        Self {
            p50: times.quantile(0.5).map(micros),
            p90: times.quantile(0.9).map(micros),
            p99: times.quantile(0.99).map(micros),
            max: times.max().map(micros),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn times(ranges: &[(u32, u64)]) -> Distribution {
        Distribution(ranges.iter().map(|(bound, count)| (*bound * MS, *count)).collect())
    }

    #[test]
    fn a_quantile_is_the_bound_of_the_range_that_has_its_rank() {
        let times = times(&[(1, 50), (2, 40), (10, 9), (100, 1)]);
        let found = [0.5, 0.9, 0.99, 1.0].map(|rank| times.quantile(rank).unwrap());
        assert_eq!(found, [MS, 2 * MS, 10 * MS, 100 * MS]);
        assert_eq!(times.max(), Some(100 * MS));
        assert_eq!(Distribution::default().quantile(0.5), None);
    }

    #[test]
    fn seconds_add_up() {
        let mut sum = times(&[(1, 2), (4, 3)]);
        sum.add(&times(&[(1, 5), (8, 1)]));
        assert_eq!(sum, times(&[(1, 7), (4, 3), (8, 1)]));
    }
}
