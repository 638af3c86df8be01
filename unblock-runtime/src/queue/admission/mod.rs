//! How long a job would have to wait, and who is refused for it.
//!
//! # The estimator
//!
//! ```text
//! predicted wait = queued work ÷ parallelism × correction
//!      deviation = √(sum of the variances of the queued jobs) ÷ parallelism × correction
//! ```
//!
//! A job is let in if the wait and twice its deviation are within 80 % of the time that it has.
//!
//! - *Queued work* is the sum of what the jobs in front are expected to take: each handler has an average of the time that
//!   its jobs ran (an exponential one, as TCP's round-trip estimator is, RFC 6298, of more samples). So a backlog of a slow
//!   handler counts for what it is, and one of a cheap handler does not count for more.
//! - The *deviation* is for handlers whose calls differ: a hundred jobs of 5 ms are as much work as ten of 50 ms, but of a mix
//!   of 1 ms and 50 ms nobody knows which are in the queue. Variances of independent jobs add up, so the more jobs wait, the
//!   better the sum is known; RFC 6298 keeps a deviation beside its average for the same reason.
//! - Each of `parallelism` workers takes one job after the other, so with jobs that compute the quotient is the wait itself,
//!   whatever else takes time off the cores: the averages were measured on the same busy machine.
//! - *Correction* is the ratio of the waits that were seen to those predicted, an exponential average too. It is 1 for jobs
//!   that compute; with jobs that sleep, of which more run at a time than there are cores, it becomes as small as they deserve.
//!
//! Without history a handler is expected to take what the pool's jobs take on the average, and nothing at all in a new pool:
//! so the first are let in. But what is known of a handler at first comes from its shortest calls, because these end first, and
//! a flood that meets a server that has just started would fill the queue on the strength of that. So until its average is
//! one of a full window, only as many of its jobs may wait as a burst has, and two more for each that has run (as TCP's slow
//! start has it, RFC 5681).
//!
//! A pool keeps these accounts from the first call that may be shed; until then they cost a load for each job.
//!
//! No clock is read here: times come from the caller, and tests give them as they like.

use std::time::Duration;

use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A job may be predicted to use so much of the time that it has, in percent. The rest is for what averages do not know:
/// handlers that change, cores that others take.
const CONFIDENT_PERCENT: u32 = 80;
/// So many deviations more than predicted are reckoned with: of a hundred waits two are longer.
const DEVIATIONS: u64 = 2;
/// Deviations are counted in tenths of a millisecond: no wait that matters depends on shorter ones, and the squares of longer
/// ones have room.
const TENTH: u64 = 100_000;
/// A longer deviation of one job counts as this, 100 s, so that the sums have room too.
const LONGEST: u64 = 1_000_000;
/// Variances are averaged with so many more bits.
const FRACTION: u32 = 8;
/// Waits predicted shorter than this teach nothing: they are made of wake-ups, not of work in front.
const TELLING: Duration = Duration::from_millis(1);
/// So many run times are averaged, the older ones ever less. A handler's cheap and dear calls mix, and an average of few would
/// let a queue of dear ones in behind some cheap ones. Handlers that change their ways are followed by the correction meanwhile.
const WINDOW: u64 = 128;
/// So many jobs of a handler may wait for each worker while nothing is known of it.
const FIRST_BURST: u64 = 64;
/// The weight of a new correction is one part in so many.
const CORRECTION_WEIGHT: u64 = 32;
/// The correction in fixed point.
const ONE: u64 = 1 << 16;

/// The average time that jobs ran, and how far single ones are from it; of one handler, or of a pool.
#[derive(Debug)]
pub(crate) struct Average {
    // The model checker's atomics cannot be made in a constant; averages are of no interest to it.
    nanos: std::sync::atomic::AtomicU64,
    /// The average square of the deviation, in fixed point.
    variance: std::sync::atomic::AtomicU64,
    /// How many run times went into it, up to the window.
    count: std::sync::atomic::AtomicU64,
    /// How many of the jobs wait.
    waiting: std::sync::atomic::AtomicU64,
}

impl Average {
    pub(crate) const fn new() -> Self {
        use std::sync::atomic::AtomicU64;
        Self {
            nanos: AtomicU64::new(0),
            variance: AtomicU64::new(0),
            count: AtomicU64::new(0),
            waiting: AtomicU64::new(0),
        }
    }

    fn observe(&self, sample: u64) {
        // Two observations at once may lose one of them, which an average can bear.
        let count = (self.count.load(Ordering::Relaxed) + 1).min(WINDOW);
        self.count.store(count, Ordering::Relaxed);
        let old = self.nanos.load(Ordering::Relaxed);
        self.nanos.store((old - old / count + sample / count).max(1), Ordering::Relaxed);
        if count > 1 {
            let deviation = (sample.abs_diff(old) / TENTH).min(LONGEST);
            let variance = self.variance.load(Ordering::Relaxed)
                + ((deviation * deviation) << FRACTION) / count;
            self.variance.store(variance - variance / count, Ordering::Relaxed);
        }
    }

    fn nanos(&self) -> u64 {
        self.nanos.load(Ordering::Relaxed)
    }

    fn variance(&self) -> u64 {
        self.variance.load(Ordering::Relaxed) >> FRACTION
    }

    /// Whether more jobs wait than may on what is known so far.
    fn has_enough_waiting(&self, parallelism: u64) -> bool {
        let count = self.count.load(Ordering::Relaxed);
        count < WINDOW
            && self.waiting.load(Ordering::Relaxed) >= FIRST_BURST * parallelism + 2 * count
    }
}

/// The accounts of one pool.
pub(crate) struct Admission {
    parallelism: u64,
    kept: AtomicBool,
    queued_nanos: AtomicU64,
    queued_variance: AtomicU64,
    average: Average,
    correction: AtomicU64,
}

/// What a job was expected to do when it was submitted.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Expected {
    /// How long it runs, in nanoseconds; it counts as so much queued work.
    pub(crate) run: u64,
    /// The square of the deviation from that, which counts with the queued work's.
    variance: u64,
    /// How long it waits, before the correction, in nanoseconds,
    wait: u64,
    /// and the deviation from that, likewise.
    deviation: u64,
}

impl Admission {
    pub(crate) fn new(parallelism: u32) -> Self {
        Self {
            parallelism: u64::from(parallelism),
            kept: AtomicBool::new(false),
            queued_nanos: AtomicU64::new(0),
            queued_variance: AtomicU64::new(0),
            average: Average::new(),
            correction: AtomicU64::new(ONE),
        }
    }

    /// From now on the accounts are kept.
    pub(crate) fn keep(&self) {
        if !self.is_kept() {
            self.kept.store(true, Ordering::Relaxed);
        }
    }

    pub(crate) fn is_kept(&self) -> bool {
        self.kept.load(Ordering::Relaxed)
    }

    /// What is expected of a job that is submitted now.
    pub(crate) fn expect(&self, handler: Option<&Average>) -> Expected {
        let average = handler.filter(|known| known.nanos() > 0).unwrap_or(&self.average);
        let deviation = self.queued_variance.load(Ordering::Relaxed).isqrt() * TENTH;
        Expected {
            run: average.nanos(),
            variance: average.variance(),
            wait: self.queued_nanos.load(Ordering::Relaxed) / self.parallelism,
            deviation: deviation / self.parallelism,
        }
    }

    /// How long the job would wait.
    pub(crate) fn predicted_wait(&self, expected: Expected) -> Duration {
        self.corrected(expected.wait)
    }

    fn corrected(&self, nanos: u64) -> Duration {
        let correction = self.correction.load(Ordering::Relaxed);
        let corrected = u128::from(nanos) * u128::from(correction) / u128::from(ONE);
        Duration::from_nanos(u64::try_from(corrected).unwrap_or(u64::MAX))
    }

    /// Whether a job can end within `time`, or after how long to try again. The handler is given if others of its jobs that
    /// wait count.
    ///
    /// # Errors
    ///
    /// The time after which the wait will have become short enough, if no more comes.
    pub(crate) fn admit(
        &self,
        expected: Expected,
        handler: Option<&Average>,
        time: Duration,
    ) -> Result<(), Duration> {
        if handler.is_some_and(|handler| handler.has_enough_waiting(self.parallelism)) {
            // Of what nothing is known, nobody can say more.
            return Err(self.predicted_wait(expected).max(time));
        }
        let bearable =
            time.saturating_sub(Duration::from_nanos(expected.run)) * CONFIDENT_PERCENT / 100;
        let wait = self.corrected(expected.wait.saturating_add(DEVIATIONS * expected.deviation));
        match wait.saturating_sub(bearable) {
            Duration::ZERO => Ok(()),
            excess => Err(excess),
        }
    }

    /// A job waits for its turn.
    pub(crate) fn joined(&self, expected: Expected, handler: Option<&Average>) {
        if let Some(handler) = handler {
            handler.waiting.fetch_add(1, Ordering::Relaxed);
        }
        self.queued_nanos.fetch_add(expected.run, Ordering::Relaxed);
        self.queued_variance.fetch_add(expected.variance, Ordering::Relaxed);
    }

    /// A job waits no more, because it began or because it is over.
    pub(crate) fn left(&self, expected: Expected, handler: Option<&Average>) {
        if let Some(handler) = handler {
            handler.waiting.fetch_sub(1, Ordering::Relaxed);
        }
        self.queued_nanos.fetch_sub(expected.run, Ordering::Relaxed);
        self.queued_variance.fetch_sub(expected.variance, Ordering::Relaxed);
    }

    /// A job began after it had waited for so long.
    pub(crate) fn waited(&self, expected: Expected, waited: Duration) {
        if expected.wait < nanos(TELLING) {
            return;
        }
        let ratio = u128::from(nanos(waited)) * u128::from(ONE) / u128::from(expected.wait);
        let sample = u64::try_from(ratio).unwrap_or(u64::MAX).min(4 * ONE);
        let old = self.correction.load(Ordering::Relaxed);
        let new = old - old / CORRECTION_WEIGHT + sample / CORRECTION_WEIGHT;
        self.correction.store(new.max(1), Ordering::Relaxed);
    }

    /// A job ended after it had run for so long.
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
mod tests {
    use std::time::Duration;

    use super::{Admission, Average};

    const MS: Duration = Duration::from_millis(1);

    fn known(time: Duration) -> Average {
        let average = Average::new();
        average.observe(super::nanos(time));
        average
    }

    fn queue(admission: &Admission, handler: &Average, jobs: usize) {
        for _ in 0..jobs {
            admission.joined(admission.expect(Some(handler)), Some(handler));
        }
    }

    #[test]
    fn without_history_a_job_is_let_in() {
        let admission = Admission::new(2);
        assert!(admission.admit(admission.expect(None), None, MS).is_ok());
    }

    #[test]
    fn of_a_new_handler_a_burst_is_let_in_and_more_as_more_is_known() {
        let (admission, handler) = (Admission::new(2), Average::new());
        let admit = || admission.admit(admission.expect(Some(&handler)), Some(&handler), 1000 * MS);
        queue(&admission, &handler, 127);
        assert!(admit().is_ok());
        queue(&admission, &handler, 1);
        assert_eq!(admit(), Err(1000 * MS), "128 wait, of which nothing is known");
        handler.observe(1);
        assert!(admit().is_ok());
        queue(&admission, &handler, 2);
        assert!(admit().is_err());
        for _ in 0..super::WINDOW {
            handler.observe(1);
        }
        assert!(admit().is_ok(), "enough is known now");
    }

    #[test]
    fn an_unknown_handler_is_expected_to_take_what_others_take() {
        let admission = Admission::new(1);
        admission.ran(None, 10 * MS);
        assert_eq!(admission.expect(Some(&Average::new())).run, 10_000_000);
    }

    #[test]
    fn the_wait_is_the_queued_work_over_the_workers() {
        let (admission, handler) = (Admission::new(2), known(5 * MS));
        queue(&admission, &handler, 100);
        assert_eq!(admission.predicted_wait(admission.expect(None)), 250 * MS);
    }

    #[test]
    fn a_job_that_cannot_make_it_is_refused_with_the_time_to_come_back() {
        let (admission, handler) = (Admission::new(1), known(10 * MS));
        queue(&admission, &handler, 100);
        let expected = admission.expect(Some(&handler));
        assert!(admission.admit(expected, None, 1300 * MS).is_ok());
        // 80 % of the 510 ms less its own 10 ms can be waited for; it would be a second.
        assert_eq!(admission.admit(expected, None, 510 * MS), Err(600 * MS));
    }

    #[test]
    fn a_slow_handlers_backlog_counts_for_what_it_is() {
        let (admission, slow, cheap) = (Admission::new(1), known(50 * MS), known(MS));
        queue(&admission, &slow, 10);
        queue(&admission, &cheap, 100);
        assert_eq!(admission.predicted_wait(admission.expect(Some(&cheap))), 600 * MS);
    }

    #[test]
    fn of_a_handler_whose_calls_differ_fewer_are_let_in() {
        let let_in = |times: [Duration; 2]| {
            let (admission, handler) = (Admission::new(1), Average::new());
            for run in 0..1000 {
                handler.observe(super::nanos(times[run % 2]));
            }
            let expected = || admission.expect(Some(&handler));
            while admission.admit(expected(), Some(&handler), 1000 * MS).is_ok() {
                admission.joined(expected(), Some(&handler));
            }
            admission.predicted_wait(expected())
        };
        assert!(let_in([10 * MS, 10 * MS]) > 780 * MS);
        // A deviation of 9 ms: with n jobs of 10 ms, 10 n + 2 · 9 √n = 790.
        let wait = let_in([MS, 19 * MS]);
        assert!(wait > 620 * MS && wait < 660 * MS, "{wait:?}");
    }

    #[test]
    fn with_nothing_in_front_a_job_is_let_in_however_much_its_handlers_calls_differ() {
        let (admission, handler) = (Admission::new(1), known(MS));
        handler.observe(super::nanos(1000 * MS));
        assert!(admission.admit(admission.expect(Some(&handler)), Some(&handler), 10 * MS).is_ok());
    }

    #[test]
    fn what_leaves_is_not_waited_for() {
        let (admission, handler) = (Admission::new(1), known(MS));
        let expected = admission.expect(Some(&handler));
        admission.joined(expected, None);
        admission.left(expected, None);
        assert_eq!(admission.predicted_wait(admission.expect(None)), Duration::ZERO);
        assert_eq!(admission.expect(None).deviation, 0);
    }

    #[test]
    fn the_correction_follows_jobs_that_sleep_side_by_side() {
        let (admission, handler) = (Admission::new(1), known(100 * MS));
        queue(&admission, &handler, 100);
        let expected = admission.expect(Some(&handler));
        assert!(admission.admit(expected, None, 1000 * MS).is_err());
        for _ in 0..200 {
            admission.waited(expected, 100 * MS);
        }
        assert!(admission.admit(expected, None, 1000 * MS).is_ok());
    }

    #[test]
    fn an_average_follows_a_handler_that_changes() {
        let handler = known(MS);
        for _ in 0..600 {
            handler.observe(super::nanos(20 * MS));
        }
        assert!(handler.nanos() > 19_000_000, "{}", handler.nanos());
    }
}
