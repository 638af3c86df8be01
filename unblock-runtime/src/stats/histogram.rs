//! How long things took: counts of times by length, in buckets that are narrow for short times and
//! wide for long ones.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Each power of two has this number of bits of buckets, sixteen of them, so that a bucket is at
/// most a sixteenth wider than its shortest time. It is the layout of Tene's HDR histogram.
const PRECISION_BITS: u32 = 4;
const PER_POWER: u64 = 1 << PRECISION_BITS;
/// Times below this power of two, about a microsecond, are in the buckets of one linear row.
const FIRST_POWER: u32 = 10;
/// Times from this power of two on, five hours, share the last bucket. The longest time is kept
/// apart.
const LAST_POWER: u32 = 44;
/// The number of buckets.
const BUCKETS: usize = ((LAST_POWER - FIRST_POWER + 1) << PRECISION_BITS) as usize;

/// A distribution of times: how many jobs took how long.
///
/// It counts times in buckets, each of which is at most a sixteenth wider than its shortest time,
/// from a microsecond to five hours. So a [quantile](Self::quantile) is at most that much above the
/// true value. A reading only grows; the difference of two, by [`since`](Self::since), is the
/// distribution of what came between them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram {
    /// The counts by bucket, without the empty ones behind the last.
    counts: Vec<u64>,
    sum: Duration,
    max: Duration,
}

impl Histogram {
    /// Returns the number of times.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Returns the sum of the times.
    pub fn sum(&self) -> Duration {
        self.sum
    }

    /// Returns the longest time: as it was, or of a difference of two readings the end of the
    /// bucket that it is in. Returns zero if there is none.
    pub fn max(&self) -> Duration {
        self.max
    }

    /// Returns the average, or zero if there are no times.
    pub fn mean(&self) -> Duration {
        let nanos = self.sum.as_nanos().checked_div(self.count().into()).unwrap_or_default();
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Returns the time that the share `q` of all times does not exceed, such as 0.99 for the 99th
    /// percentile. It is the end of the bucket that the true value is in. Returns zero if there are
    /// no times; a `q` below 0 counts as 0, and one above 1 as 1.
    pub fn quantile(&self, q: f64) -> Duration {
        let mut left = rank(q, self.count());
        for (bucket, &count) in self.counts.iter().enumerate() {
            if left <= count && count > 0 {
                return end(bucket).map_or(self.max, |end| end.min(self.max));
            }
            left = left.saturating_sub(count);
        }
        Duration::ZERO
    }

    /// Returns the buckets that are not empty, from the shortest times to the longest: the end of
    /// each, which does not belong to it, and how many times are in it. The last bucket of all has
    /// no end, and [`Duration::MAX`] stands for it.
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        let counts = self.counts.iter().enumerate().filter(|&(_, &count)| count > 0);
        counts.map(|(bucket, &count)| (end(bucket).unwrap_or(Duration::MAX), count))
    }

    /// Returns the number of times that were below `time`, as far as buckets can tell: a bucket
    /// counts if its end is not beyond `time`.
    pub fn count_below(&self, time: Duration) -> u64 {
        self.buckets().take_while(|&(end, _)| end <= time).map(|(_, count)| count).sum()
    }

    /// Returns the distribution of the times that came after the reading `earlier` of the same
    /// histogram.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let before = earlier.counts.iter().copied().chain(std::iter::repeat(0));
        let counts: Vec<_> = self
            .counts
            .iter()
            .zip(before)
            .map(|(now, before)| now.saturating_sub(before))
            .collect();
        let mut since = Self::new(counts, self.sum.saturating_sub(earlier.sum), Duration::ZERO);
        let last = since.counts.len().checked_sub(1);
        since.max =
            last.map_or(Duration::ZERO, |last| end(last).map_or(self.max, |end| end.min(self.max)));
        since
    }

    fn new(mut counts: Vec<u64>, sum: Duration, max: Duration) -> Self {
        let used = counts.iter().rposition(|&count| count > 0).map_or(0, |last| last + 1);
        counts.truncate(used);
        Self { counts, sum, max }
    }

    /// Adds the times of another histogram.
    pub(super) fn merge(&mut self, other: &Self) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (sum, count) in self.counts.iter_mut().zip(&other.counts) {
            *sum += count;
        }
        self.sum += other.sum;
        self.max = self.max.max(other.max);
    }
}

/// A histogram that threads write.
pub(super) struct AtomicHistogram {
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
    max: AtomicU64,
}

impl AtomicHistogram {
    pub(super) fn new() -> Self {
        Self {
            counts: std::iter::repeat_with(|| AtomicU64::new(0)).take(BUCKETS).collect(),
            sum: AtomicU64::new(0),
            max: AtomicU64::new(0),
        }
    }

    pub(super) fn record(&self, nanos: u64) {
        self.counts[bucket(nanos)].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(nanos, Ordering::Relaxed);
        // Most times are not the longest, and a load is cheaper.
        if nanos > self.max.load(Ordering::Relaxed) {
            self.max.fetch_max(nanos, Ordering::Relaxed);
        }
    }

    pub(super) fn read(&self) -> Histogram {
        let counts = self.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        let time = |nanos: &AtomicU64| Duration::from_nanos(nanos.load(Ordering::Relaxed));
        Histogram::new(counts, time(&self.sum), time(&self.max))
    }
}

/// Returns the bucket of a time in nanoseconds.
fn bucket(nanos: u64) -> usize {
    let power = nanos.checked_ilog2().unwrap_or(0);
    let bucket = if power < FIRST_POWER {
        nanos >> (FIRST_POWER - PRECISION_BITS)
    } else {
        let row = u64::from(power - FIRST_POWER + 1);
        let within = (nanos >> (power - PRECISION_BITS)) - PER_POWER;
        row * PER_POWER + within
    };
    usize::try_from(bucket).unwrap_or(BUCKETS).min(BUCKETS - 1)
}

/// Returns the end of a bucket, if it has one.
fn end(bucket: usize) -> Option<Duration> {
    let next = u64::try_from(bucket).ok()? + 1;
    if bucket + 1 >= BUCKETS {
        return None;
    }
    let (row, within) = (next / PER_POWER, next % PER_POWER);
    let nanos = if row == 0 {
        within << (FIRST_POWER - PRECISION_BITS)
    } else {
        let power = FIRST_POWER + u32::try_from(row).ok()? - 1;
        (PER_POWER + within) << (power - PRECISION_BITS)
    };
    Some(Duration::from_nanos(nanos))
}

/// Returns how many of `count` values are not beyond the quantile `q`: at least one.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a count needs no more than a float's precision"
)]
fn rank(q: f64, count: u64) -> u64 {
    ((q.clamp(0.0, 1.0) * count as f64).ceil() as u64).clamp(1, count.max(1))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::clock::nanos;

    fn of(times: impl IntoIterator<Item = Duration>) -> Histogram {
        let histogram = AtomicHistogram::new();
        times.into_iter().for_each(|time| histogram.record(nanos(time)));
        histogram.read()
    }

    #[test]
    fn every_time_is_below_the_end_of_its_bucket_and_not_below_that_of_the_one_before() {
        let powers = (0..u64::BITS).map(|power| 1_u64 << power);
        let around = powers.flat_map(|power| [power - 1, power, power + 1, power / 3 * 4]);
        for nanos in around {
            let (time, bucket) = (Duration::from_nanos(nanos), bucket(nanos));
            assert!(end(bucket).is_none_or(|end| time < end), "{nanos}");
            let begin = bucket.checked_sub(1).and_then(end).unwrap_or_default();
            assert!(begin <= time, "{nanos}");
        }
    }

    #[test]
    fn a_bucket_is_at_most_a_sixteenth_wider_than_its_shortest_time() {
        for bucket in 16..BUCKETS - 1 {
            let (begin, end) = (end(bucket - 1).unwrap(), end(bucket).unwrap());
            assert!(end <= begin + begin / 16, "{begin:?} to {end:?}");
        }
    }

    #[test]
    fn quantiles_are_at_most_a_sixteenth_above_the_true_ones() {
        let histogram = of((1..=1000).map(Duration::from_micros));
        assert_eq!(histogram.count(), 1000);
        assert_eq!(histogram.max(), Duration::from_millis(1));
        assert_eq!(histogram.mean(), Duration::from_nanos(500_500));
        for (q, micros) in [(0.0, 1), (0.5, 500), (0.9, 900), (0.99, 990), (1.0, 1000)] {
            let (quantile, exact) = (histogram.quantile(q), Duration::from_micros(micros));
            assert!(exact <= quantile && quantile <= exact + exact / 16, "{q}: {quantile:?}");
        }
    }

    #[test]
    fn no_times_have_no_length() {
        let empty = of([]);
        assert_eq!(empty, Histogram::default());
        assert_eq!((empty.quantile(0.5), empty.mean(), empty.max()), Default::default());
    }

    #[test]
    fn the_longest_time_is_kept_however_long_it_is() {
        let day = Duration::from_hours(24);
        let histogram = of([Duration::ZERO, day]);
        assert_eq!((histogram.max(), histogram.quantile(1.0)), (day, day));
        assert_eq!(histogram.buckets().last(), Some((Duration::MAX, 1)));
        assert_eq!(of([Duration::MAX]).count(), 1);
    }

    #[test]
    fn a_difference_has_what_came_between_two_readings() {
        let histogram = AtomicHistogram::new();
        histogram.record(nanos(Duration::from_secs(1)));
        let before = histogram.read();
        histogram.record(nanos(Duration::from_millis(1)));
        let between = histogram.read().since(&before);
        assert_eq!((between.count(), between.sum()), (1, Duration::from_millis(1)));
        let (millisecond, max) = (Duration::from_millis(1), between.max());
        assert!(millisecond <= max && max <= millisecond + millisecond / 16);
        assert_eq!(before.since(&before), Histogram::default());
    }

    #[test]
    fn counts_below_a_time_are_those_of_buckets_that_end_by_then() {
        let histogram = of([1, 5, 50, 500].map(Duration::from_millis));
        let below = |millis| histogram.count_below(Duration::from_millis(millis));
        assert_eq!((below(1), below(10), below(100), below(1000)), (0, 2, 3, 4));
    }
}
