//! A queue with several servers behind it: the cores for computing jobs, the threads for blocking
//! ones.

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use super::average::DEVIATION_UNIT;
use super::{Expected, MEMORY, nanos};
use crate::sync::atomic::{AtomicU64, Ordering};

/// The shortest predicted wait that corrects predictions. Shorter waits are made of wake-ups, and
/// not of work in front.
const MIN_CORRECTING: Duration = Duration::from_millis(1);
/// The bounds of the number of waits over which averages go. Jobs that begin at one moment count
/// for little each, because all their waits have one cause.
const WINDOW: RangeInclusive<u64> = 8..=4096;
/// A correction of one, in fixed point.
const ONE: u64 = 1 << 16;

pub(super) struct Station {
    /// The number of jobs that are served at a time.
    servers: AtomicU64,
    queued_nanos: AtomicU64,
    queued_variance: AtomicU64,
    /// The average ratio of observed waits to predicted ones, in fixed point.
    correction: AtomicU64,
    /// The average distance of observed waits from predicted ones, in nanoseconds.
    error: AtomicU64,
    epoch: Instant,
    /// When a wait was observed last, in nanoseconds since `epoch`.
    observed_at: AtomicU64,
}

impl Station {
    pub(super) fn new(servers: u64, epoch: Instant) -> Self {
        Self {
            servers: AtomicU64::new(servers.max(1)),
            queued_nanos: AtomicU64::new(0),
            queued_variance: AtomicU64::new(0),
            correction: AtomicU64::new(ONE),
            error: AtomicU64::new(0),
            epoch,
            observed_at: AtomicU64::new(0),
        }
    }

    pub(super) fn servers(&self) -> u64 {
        self.servers.load(Ordering::Relaxed)
    }

    pub(super) fn set_servers(&self, servers: u64) {
        self.servers.store(servers.max(1), Ordering::Relaxed);
    }

    /// Returns the wait of a job that is submitted now, and the deviation from it, in nanoseconds
    /// and before the correction.
    pub(super) fn wait(&self) -> (u64, u64) {
        let variance = self.queued_variance.load(Ordering::Relaxed);
        let deviation = variance.isqrt() * DEVIATION_UNIT / self.servers();
        (self.queued_nanos.load(Ordering::Relaxed) / self.servers(), deviation)
    }

    /// Returns the average distance of observed waits from predicted ones. It is short unless the
    /// servers are free in bursts, because their jobs have begun in bursts.
    pub(super) fn error(&self) -> Duration {
        Duration::from_nanos(self.error.load(Ordering::Relaxed))
    }

    pub(super) fn corrected(&self, nanos: u64) -> Duration {
        let correction = self.correction.load(Ordering::Relaxed);
        let corrected = u128::from(nanos) * u128::from(correction) / u128::from(ONE);
        Duration::from_nanos(u64::try_from(corrected).unwrap_or(u64::MAX))
    }

    pub(super) fn joined(&self, expected: &Expected) {
        self.queued_nanos.fetch_add(expected.run, Ordering::Relaxed);
        self.queued_variance.fetch_add(expected.variance, Ordering::Relaxed);
    }

    pub(super) fn left(&self, expected: &Expected) {
        self.queued_nanos.fetch_sub(expected.run, Ordering::Relaxed);
        self.queued_variance.fetch_sub(expected.variance, Ordering::Relaxed);
    }

    /// Corrects predictions by the wait of a job that begins now.
    pub(super) fn waited(&self, expected: &Expected, waited: Duration, now: Instant) {
        let now = nanos(now.saturating_duration_since(self.epoch));
        let since = now.saturating_sub(self.observed_at.swap(now, Ordering::Relaxed));
        let window = (nanos(MEMORY) / since.max(1)).clamp(*WINDOW.start(), *WINDOW.end());
        let average = |old: u64, sample: u64| old - old / window + sample / window;
        let waited = nanos(waited);
        // A burst of jobs shifts a wait by the time that one runs. Larger errors are of the
        // expectations themselves, which the correction is for.
        let error = waited.abs_diff(nanos(self.corrected(expected.wait))).min(expected.run);
        self.error.store(average(self.error.load(Ordering::Relaxed), error), Ordering::Relaxed);
        if expected.wait < nanos(MIN_CORRECTING) {
            return;
        }
        let ratio = u128::from(waited) * u128::from(ONE) / u128::from(expected.wait);
        let sample = u64::try_from(ratio).unwrap_or(u64::MAX).min(4 * ONE);
        let correction = average(self.correction.load(Ordering::Relaxed), sample);
        self.correction.store(correction.max(1), Ordering::Relaxed);
    }
}
