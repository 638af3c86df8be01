//! How long a job would have to wait, and which jobs are refused for it.
//!
//! # The estimator
//!
//! ```text
//! predicted wait = queued work ÷ parallelism × correction
//!      deviation = √(sum of the variances of the queued jobs) ÷ parallelism × correction
//! ```
//!
//! A job is admitted if the wait and twice its deviation are within 80 % of the time that it has.
//!
//! - *Queued work* is the sum of the expected run times of the jobs in front. Each handler has an
//!   average of the run times of its jobs (an exponential one, as TCP's round-trip estimator is,
//!   RFC 6298, but of more samples). So a backlog of a slow handler counts for what it is, and one
//!   of a cheap handler does not count for more.
//! - The *deviation* is for handlers whose calls differ. A hundred jobs of 5 ms are as much work as
//!   ten of 50 ms, but nobody knows how many of a mix of 1 ms and 50 ms are in the queue. Variances
//!   of independent jobs add up, so the more jobs wait, the better the sum is known. RFC 6298 keeps
//!   a deviation beside its average for the same reason.
//! - Each of `parallelism` workers takes one job after the other. So for computing jobs the
//!   quotient is the wait itself, whatever else uses the cores, because the averages were measured
//!   on the same busy machine.
//! - The *correction* is the ratio of the observed waits to the predicted ones, an exponential
//!   average too. It is 1 for computing jobs. With jobs that sleep, of which more run at a time
//!   than there are cores, it becomes as small as they deserve.
//!
//! A handler without history is expected to take as long as the pool's jobs take on the average,
//! and no time at all in a new pool, so the first jobs are admitted. But the first run times of a
//! handler are those of its shortest calls, because these end first, and a flood that meets a
//! server that has just started would fill the queue on the strength of that. So until the average
//! has a full window, only as many of the handler's jobs may wait as a burst has, and two more for
//! each that has run (as TCP's slow start has it, RFC 5681).
//!
//! A pool keeps estimates from the first call with `shed` on. Until then they cost one load for
//! each job.
//!
//! No clock is read here. Times come from the caller, and tests give them as they like.

mod average;
mod pacer;

use std::time::{Duration, Instant};

pub(crate) use self::average::Average;
use self::average::DEVIATION_UNIT;
use self::pacer::Pacer;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The share of its time that a job may be predicted to wait, in percent. The rest is for what
/// averages do not know: handlers that change, and cores that others use.
const CONFIDENT_PERCENT: u32 = 80;
/// The number of deviations that are added to a predicted wait. Two of a hundred waits are longer.
const DEVIATIONS: u64 = 2;
/// The shortest predicted wait that corrects predictions. Shorter waits are made of wake-ups, and
/// not of work in front.
const MIN_CORRECTING: Duration = Duration::from_millis(1);
/// The number of waits over which the correction averages.
const CORRECTION_WINDOW: u64 = 32;
/// A correction of one, in fixed point.
const ONE: u64 = 1 << 16;

/// The estimates of one pool.
pub(crate) struct Admission {
    parallelism: u64,
    /// Set when estimates are kept. It is never cleared.
    keeps_estimates: AtomicBool,
    queued_nanos: AtomicU64,
    queued_variance: AtomicU64,
    average: Average,
    correction: AtomicU64,
    pacer: Pacer,
}

/// What was expected of a job when it was submitted.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Expected {
    /// The run time in nanoseconds. It counts as this much queued work.
    run: u64,
    /// The square of the deviation from the run time.
    variance: u64,
    /// The wait in nanoseconds, before the correction.
    wait: u64,
    /// The deviation from the wait in nanoseconds, before the correction.
    deviation: u64,
}

impl Admission {
    pub(crate) fn new(parallelism: u32) -> Self {
        Self {
            parallelism: u64::from(parallelism),
            keeps_estimates: AtomicBool::new(false),
            queued_nanos: AtomicU64::new(0),
            queued_variance: AtomicU64::new(0),
            average: Average::new(),
            correction: AtomicU64::new(ONE),
            pacer: Pacer::new(parallelism, Instant::now()),
        }
    }

    /// Keeps estimates from now on.
    pub(crate) fn keep_estimates(&self) {
        if !self.keeps_estimates() {
            self.keeps_estimates.store(true, Ordering::Relaxed);
        }
    }

    pub(crate) fn keeps_estimates(&self) -> bool {
        self.keeps_estimates.load(Ordering::Relaxed)
    }

    /// Returns what is expected of a job that is submitted now.
    pub(crate) fn expect(&self, handler: Option<&Average>) -> Expected {
        let average = handler.filter(|known| known.nanos() > 0).unwrap_or(&self.average);
        let variance = self.queued_variance.load(Ordering::Relaxed);
        Expected {
            run: average.nanos(),
            variance: average.variance(),
            wait: self.queued_nanos.load(Ordering::Relaxed) / self.parallelism,
            deviation: variance.isqrt() * DEVIATION_UNIT / self.parallelism,
        }
    }

    /// Returns how long the job would wait.
    pub(crate) fn predicted_wait(&self, expected: Expected) -> Duration {
        self.corrected(expected.wait)
    }

    fn corrected(&self, nanos: u64) -> Duration {
        let correction = self.correction.load(Ordering::Relaxed);
        let corrected = u128::from(nanos) * u128::from(correction) / u128::from(ONE);
        Duration::from_nanos(u64::try_from(corrected).unwrap_or(u64::MAX))
    }

    /// Admits a job if it can end within `time`. The handler is given if its other jobs that wait
    /// count.
    ///
    /// # Errors
    ///
    /// The time after which the wait will have become short enough, if no more jobs come.
    pub(crate) fn admit(
        &self,
        expected: Expected,
        handler: Option<&Average>,
        time: Duration,
    ) -> Result<(), Duration> {
        if handler.is_some_and(|handler| handler.has_enough_waiting(self.parallelism)) {
            // Too little is known of the handler for a better answer.
            return Err(self.predicted_wait(expected).max(time));
        }
        let longest =
            time.saturating_sub(Duration::from_nanos(expected.run)) * CONFIDENT_PERCENT / 100;
        let deviations = DEVIATIONS * expected.deviation;
        let wait = self.corrected(expected.wait.saturating_add(deviations));
        match wait.saturating_sub(longest) {
            Duration::ZERO => Ok(()),
            excess => Err(excess),
        }
    }

    /// Returns when a refusal is to reach its caller, or `None` if it may do so at once.
    pub(crate) fn refusal_due(&self, now: Instant) -> Option<Instant> {
        self.pacer.due(now)
    }

    /// Notes that a job waits for its turn.
    pub(crate) fn joined(&self, expected: Expected, handler: Option<&Average>) {
        if let Some(handler) = handler {
            handler.one_waits();
        }
        self.queued_nanos.fetch_add(expected.run, Ordering::Relaxed);
        self.queued_variance.fetch_add(expected.variance, Ordering::Relaxed);
    }

    /// Notes that a job waits no more, because it began or because it is over.
    pub(crate) fn left(&self, expected: Expected, handler: Option<&Average>) {
        if let Some(handler) = handler {
            handler.one_waits_no_more();
        }
        self.queued_nanos.fetch_sub(expected.run, Ordering::Relaxed);
        self.queued_variance.fetch_sub(expected.variance, Ordering::Relaxed);
    }

    /// Notes how long a job waited before it began.
    pub(crate) fn waited(&self, expected: Expected, waited: Duration) {
        if expected.wait < nanos(MIN_CORRECTING) {
            return;
        }
        let ratio = u128::from(nanos(waited)) * u128::from(ONE) / u128::from(expected.wait);
        let sample = u64::try_from(ratio).unwrap_or(u64::MAX).min(4 * ONE);
        let old = self.correction.load(Ordering::Relaxed);
        let new = old - old / CORRECTION_WINDOW + sample / CORRECTION_WINDOW;
        self.correction.store(new.max(1), Ordering::Relaxed);
    }

    /// Notes how long a job ran.
    pub(crate) fn ran(&self, handler: Option<&Average>, time: Duration) {
        let sample = nanos(time);
        self.average.observe(sample);
        if let Some(handler) = handler {
            handler.observe(sample);
        }
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(all(test, not(loom)))]
mod tests;
