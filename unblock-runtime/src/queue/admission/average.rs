//! The average run time of jobs, and how much single jobs differ from it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::MEMORY;
use crate::clock::{self, nanos};

/// The largest number of run times over which an average goes, with ever less weight for older
/// ones.
///
/// The cheap and the expensive calls of a handler mix, and an average of a few would let a queue of
/// expensive ones in behind some cheap ones. If calls are rare, the average goes over fewer, so
/// that it follows a handler that changes within a second.
pub(super) const WINDOW: u64 = 128;
/// The unit of deviations, a tenth of a millisecond in nanoseconds. No wait that matters depends on
/// shorter ones, and the squares of longer ones have room.
pub(super) const DEVIATION_UNIT: u64 = 100_000;
/// The longest deviation that is counted, 100 s, so that sums have room too.
const MAX_DEVIATION: u64 = 1_000_000;
/// The number of bits after the point in an average of variances.
const FRACTION_BITS: u32 = 8;
/// The average run time of the jobs of a handler, or of a pool.
///
/// The atomics are the standard library's, because those of the model checker cannot be made in a
/// constant, and the models do not depend on averages.
#[derive(Debug)]
pub(crate) struct Average {
    nanos: AtomicU64,
    /// The average square of the deviation, in fixed point.
    variance: AtomicU64,
    /// The number of run times in the average, up to the window.
    count: AtomicU64,
    /// When the last run time came, in nanoseconds since the process's first one.
    last: AtomicU64,
}

impl Average {
    pub(crate) const fn new() -> Self {
        Self {
            nanos: AtomicU64::new(0),
            variance: AtomicU64::new(0),
            count: AtomicU64::new(0),
            last: AtomicU64::new(0),
        }
    }

    /// Adds a run time in nanoseconds. Of two at once one may be lost, which an average can bear.
    pub(super) fn observe(&self, sample: u64, now: Instant) {
        let now = clock::nanos_of(now);
        let since = now.saturating_sub(self.last.swap(now, Ordering::Relaxed));
        let seen = (self.count.load(Ordering::Relaxed) + 1).min(WINDOW);
        self.count.store(seen, Ordering::Relaxed);
        let count = seen.min(1 + nanos(MEMORY) / since.max(1));
        let old = self.nanos.load(Ordering::Relaxed);
        self.nanos.store((old - old / count + sample / count).max(1), Ordering::Relaxed);
        if seen > 1 {
            let deviation = (sample.abs_diff(old) / DEVIATION_UNIT).min(MAX_DEVIATION);
            let square = (deviation * deviation) << FRACTION_BITS;
            let variance = self.variance.load(Ordering::Relaxed) + square / count;
            self.variance.store(variance - variance / count, Ordering::Relaxed);
        }
    }

    pub(super) fn nanos(&self) -> u64 {
        self.nanos.load(Ordering::Relaxed)
    }

    pub(super) fn variance(&self) -> u64 {
        self.variance.load(Ordering::Relaxed) >> FRACTION_BITS
    }

    /// Returns the number of run times in the average if it has no full window yet.
    pub(super) fn count_if_new(&self) -> Option<u64> {
        Some(self.count.load(Ordering::Relaxed)).filter(|&count| count < WINDOW)
    }
}
