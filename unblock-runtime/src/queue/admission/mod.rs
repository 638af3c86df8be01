//! How long a job would have to wait, and which jobs are refused for it.
//!
//! # The estimator
//!
//! ```text
//! predicted wait = queued work ÷ servers × correction
//!      deviation = √(sum of the variances of the queued jobs) ÷ servers × correction
//! ```
//!
//! A job is admitted if the wait, twice its deviation and one error are within 80 % of the time
//! that is left after its own run.
//!
//! - Computing jobs wait for cores, and blocking ones for threads. Each of the two is a [`Station`]
//!   with a queue and *servers* of its own: `parallelism` of them, or the threads beyond.
//! - *Queued work* is the sum of the expected run times of the jobs in front. Each handler has an
//!   average of the run times of its jobs (an exponential one, as TCP's round-trip estimator is,
//!   RFC 6298, but of more samples). So a backlog of a slow handler counts for what it is, and one
//!   of a cheap handler does not count for more.
//! - The *deviation* is for handlers whose calls differ. A hundred jobs of 5 ms are as much work as
//!   ten of 50 ms, but nobody knows how many of a mix of 1 ms and 50 ms are in the queue. Variances
//!   of independent jobs add up, so the more jobs wait, the better the sum is known. RFC 6298 keeps
//!   a deviation beside its average for the same reason.
//! - Each server takes one job after the other. So the quotient is the wait itself, whatever else
//!   uses the cores, because the averages were measured on the same busy machine.
//! - The *error* is the average distance of observed waits from predicted ones. One of them is
//!   added to the wait. It is for servers that are free in bursts, as threads are whose jobs began
//!   in one.
//! - The *correction* is the ratio of the observed waits to the predicted ones, an exponential
//!   average too. It is 1 unless jobs do other things than they are expected to.
//!
//! A handler without history is expected to take as long as the pool's jobs take on the average,
//! and no time at all in a new pool, so the first jobs are admitted. But the first run times of a
//! handler are those of its shortest calls, because these end first, and a flood that meets a
//! server that has just started would fill the queue on the strength of that. So until the average
//! has a full window, a job is admitted only if no more jobs of such handlers wait in the pool than
//! a burst has, and two more for each run time that is known (as TCP's slow start has it, RFC
//! 5681).
//!
//! A pool keeps estimates from the first call with `shed` on. Until then they cost one load for
//! each job.
//!
//! No clock is read here. Times come from the caller, and tests give them as they like.

mod average;
mod pacer;
mod station;

use std::num::NonZero;
use std::time::{Duration, Instant};

pub(crate) use self::average::Average;
use self::pacer::Pacer;
use self::station::Station;
use crate::clock::nanos;
use crate::pool::PoolSize;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The share of its time that a job may be predicted to wait, in percent. The rest is for what
/// averages do not know: handlers that change, and cores that others use.
const CONFIDENT_PERCENT: u32 = 80;
/// The number of deviations that are added to a predicted wait. Two of a hundred waits are longer.
const DEVIATIONS: u64 = 2;
/// The number of average errors of predicted waits that are added to a wait.
const ERRORS: u32 = 1;
/// The number of jobs of new handlers that may wait per core while nothing is known of them.
const FIRST_BURST: u64 = 64;
/// The time over which averages reach back at the most, so that they follow a change within a
/// second.
const MEMORY: Duration = Duration::from_millis(250);

/// The estimates of one pool.
pub(crate) struct Admission {
    /// Set when estimates are kept. It is never cleared.
    keeps_estimates: AtomicBool,
    cores: Station,
    threads: Station,
    /// The number of waiting jobs whose handlers had no full window when they were submitted.
    new_waiting: AtomicU64,
    /// The run times of all jobs of the pool.
    average: Average,
    pacer: Pacer,
}

/// What a job waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resource {
    Core,
    Thread,
}

/// What was expected of a job when it was submitted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected {
    resource: Resource,
    /// The run time in nanoseconds. It counts as this much queued work.
    run: u64,
    /// The square of the deviation from the run time.
    variance: u64,
    /// The wait in nanoseconds, before the correction.
    wait: u64,
    /// The deviation from the wait in nanoseconds, before the correction.
    deviation: u64,
    /// The number of known run times of a handler that has no full window yet.
    known_of_new: Option<u64>,
}

impl Expected {
    /// Notes that the job also waits for this number of jobs of its handler, of which `most` run at
    /// a time.
    pub(crate) fn wait_for_turn(&mut self, jobs: usize, most: NonZero<u32>) {
        let jobs = u64::try_from(jobs).unwrap_or(u64::MAX);
        let wait = self.run.saturating_mul(jobs) / u64::from(most.get());
        self.wait = self.wait.max(wait);
    }
}

impl Admission {
    pub(crate) fn new(size: PoolSize, now: Instant) -> Self {
        Self {
            keeps_estimates: AtomicBool::new(false),
            cores: Station::new(cores(size), now),
            threads: Station::new(threads(size), now),
            new_waiting: AtomicU64::new(0),
            average: Average::new(),
            pacer: Pacer::new(size.parallelism, now),
        }
    }

    /// Predicts from now on by the cores and threads of a pool of this size.
    pub(crate) fn resize(&self, size: PoolSize) {
        self.cores.set_servers(cores(size));
        self.threads.set_servers(threads(size));
        self.pacer.set_cores(size.parallelism);
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
    pub(crate) fn expect(&self, handler: Option<&Average>, resource: Resource) -> Expected {
        let average = handler.filter(|known| known.nanos() > 0).unwrap_or(&self.average);
        let (wait, deviation) = self.station(resource).wait();
        // A job that is known to block has been seen, even if it has not ended yet.
        let known_of_new = match resource {
            Resource::Core => handler.and_then(Average::count_if_new),
            Resource::Thread => None,
        };
        let (run, variance) = (average.nanos(), average.variance());
        Expected { resource, run, variance, wait, deviation, known_of_new }
    }

    fn station(&self, resource: Resource) -> &Station {
        match resource {
            Resource::Core => &self.cores,
            Resource::Thread => &self.threads,
        }
    }

    /// Returns how long the job would wait.
    pub(crate) fn predicted_wait(&self, expected: Expected) -> Duration {
        self.station(expected.resource).corrected(expected.wait)
    }

    /// Returns how long a job that computes would wait now, if estimates are kept.
    pub(crate) fn predicted_core_wait(&self) -> Option<Duration> {
        let predict = || self.predicted_wait(self.expect(None, Resource::Core));
        self.keeps_estimates().then(predict)
    }

    /// Admits a job if it can end within `time`.
    ///
    /// # Errors
    ///
    /// The time after which the wait will have become short enough, if no more jobs come.
    pub(crate) fn admit(&self, expected: Expected, time: Duration) -> Result<(), Duration> {
        if let Some(known) = expected.known_of_new
            && self.new_waiting.load(Ordering::Relaxed)
                >= FIRST_BURST * self.cores.servers() + 2 * known
        {
            // Too little is known of the handler for a better answer.
            return Err(self.predicted_wait(expected).max(time));
        }
        let longest =
            time.saturating_sub(Duration::from_nanos(expected.run)) * CONFIDENT_PERCENT / 100;
        let deviations = DEVIATIONS * expected.deviation;
        let station = self.station(expected.resource);
        let wait = station.corrected(expected.wait.saturating_add(deviations));
        // With nothing in front there is nothing to be wrong about.
        let errors = if expected.wait > 0 { station.error() * ERRORS } else { Duration::ZERO };
        match (wait + errors).saturating_sub(longest) {
            Duration::ZERO => Ok(()),
            excess => Err(excess),
        }
    }

    /// Returns when a refusal is to reach its caller, or `None` if it may do so at once.
    pub(crate) fn refusal_due(&self, now: Instant) -> Option<Instant> {
        self.pacer.due(now)
    }

    /// Notes that a job waits for its turn.
    pub(crate) fn joined(&self, expected: Expected) {
        if expected.known_of_new.is_some() {
            self.new_waiting.fetch_add(1, Ordering::Relaxed);
        }
        self.station(expected.resource).joined(&expected);
    }

    /// Notes that a job waits no more, because it began or because it is over.
    pub(crate) fn left(&self, expected: Expected) {
        if expected.known_of_new.is_some() {
            self.new_waiting.fetch_sub(1, Ordering::Relaxed);
        }
        self.station(expected.resource).left(&expected);
    }

    /// Notes how long a job waited before it began.
    pub(crate) fn waited(&self, expected: Expected, waited: Duration, now: Instant) {
        self.station(expected.resource).waited(&expected, waited, now);
    }

    /// Notes how long a job ran.
    pub(crate) fn ran(&self, handler: Option<&Average>, time: Duration, now: Instant) {
        let sample = nanos(time);
        self.average.observe(sample, now);
        if let Some(handler) = handler {
            handler.observe(sample, now);
        }
    }
}

fn cores(size: PoolSize) -> u64 {
    size.parallelism.into()
}

/// The number of threads that may run blocking jobs.
fn threads(size: PoolSize) -> u64 {
    u64::try_from(size.max_blocking()).unwrap_or(u64::MAX)
}

#[cfg(all(test, not(loom)))]
mod simulation;
#[cfg(all(test, not(loom)))]
mod tests;
