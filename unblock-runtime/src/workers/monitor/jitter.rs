//! Random periods between samples.
//!
//! Samples at fixed periods fall in step with jobs that take about as long, and then find all of
//! them asleep, or all of them awake.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// A generator of random numbers (xorshift64, Marsaglia, 2003).
pub(super) struct Jitter(u64);

impl Jitter {
    pub(super) fn new() -> Self {
        Self(RandomState::new().hash_one(0) | 1)
    }

    /// Returns a time between half of `period` and one and a half of it.
    pub(super) fn vary(&mut self, period: Duration) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let thousandths = u32::try_from(self.0 % 1000).unwrap_or_default();
        period / 2 + period * thousandths / 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_differ_and_keep_within_half_of_the_given_one() {
        let (mut jitter, period) = (Jitter::new(), Duration::from_millis(4));
        let mut periods: Vec<_> = (0..1000).map(|_| jitter.vary(period)).collect();
        assert!(periods.iter().all(|&time| time >= period / 2 && time < period * 3 / 2));
        periods.sort_unstable();
        periods.dedup();
        assert!(periods.len() > 100);
    }
}
