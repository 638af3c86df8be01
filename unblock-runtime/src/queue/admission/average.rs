//! The average run time of jobs, and how much single jobs differ from it.

use std::sync::atomic::{AtomicU64, Ordering};

/// The number of run times over which an average goes, with ever less weight for older ones.
///
/// The cheap and the expensive calls of a handler mix, and an average of a few would let a queue of
/// expensive ones in behind some cheap ones. While a handler changes, the correction follows it.
pub(super) const WINDOW: u64 = 128;
/// The unit of deviations, a tenth of a millisecond in nanoseconds. No wait that matters depends on
/// shorter ones, and the squares of longer ones have room.
pub(super) const DEVIATION_UNIT: u64 = 100_000;
/// The longest deviation that is counted, 100 s, so that sums have room too.
const MAX_DEVIATION: u64 = 1_000_000;
/// The number of bits after the point in an average of variances.
const FRACTION_BITS: u32 = 8;
/// The number of jobs of a handler that may wait per worker while nothing is known of it.
const FIRST_BURST: u64 = 64;

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
    /// The number of the jobs that wait.
    waiting: AtomicU64,
}

impl Average {
    pub(crate) const fn new() -> Self {
        Self {
            nanos: AtomicU64::new(0),
            variance: AtomicU64::new(0),
            count: AtomicU64::new(0),
            waiting: AtomicU64::new(0),
        }
    }

    /// Adds a run time in nanoseconds. Of two at once one may be lost, which an average can bear.
    pub(super) fn observe(&self, sample: u64) {
        let count = (self.count.load(Ordering::Relaxed) + 1).min(WINDOW);
        self.count.store(count, Ordering::Relaxed);
        let old = self.nanos.load(Ordering::Relaxed);
        self.nanos.store((old - old / count + sample / count).max(1), Ordering::Relaxed);
        if count > 1 {
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

    /// Returns true if no more jobs may wait on the strength of what is known so far.
    pub(super) fn has_enough_waiting(&self, parallelism: u64) -> bool {
        let count = self.count.load(Ordering::Relaxed);
        let waiting = self.waiting.load(Ordering::Relaxed);
        count < WINDOW && waiting >= FIRST_BURST * parallelism + 2 * count
    }

    pub(super) fn one_waits(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn one_waits_no_more(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
