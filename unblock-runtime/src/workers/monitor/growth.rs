//! How many workers a pool wakes or starts after each sample.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::sample::Sample;
use crate::pool::Shared;
use crate::unwind;
use crate::workers::{WakeFor, os_thread, worker};

/// Where the platform cannot tell which threads are asleep: if no job has ended for this time and
/// work waits, one more worker may run.
const STALL: Duration = Duration::from_millis(10);
/// The same where the platform can tell. Jobs that wait for another job by spinning are taken for
/// computing ones, and would keep it from running for ever. The time doubles with each more worker,
/// because long computations look like that too.
const SPIN_STALL: Duration = Duration::from_secs(5);
const MAX_DOUBLINGS: u32 = 10;
/// The time for which threads are kept for computing jobs after such a job has come.
const KEEP: Duration = Duration::from_secs(1);
/// The number of failed samples after which looks count as impossible, about a quarter of a second.
const MAX_FAILED_SAMPLES: u32 = 64;
/// The time after which another thread is asked for when the system has refused one. It doubles up
/// to the longest time.
const FIRST_BACKOFF: Duration = Duration::from_millis(10);
const MAX_BACKOFF: Duration = Duration::from_secs(1);

pub(super) struct Growth {
    /// The number of workers that are to have a permit. It doubles with each sample that finds all
    /// of them asleep.
    target: u32,
    /// The number of permits beyond the parallelism: more than none if no job has ended for a
    /// while.
    extra: u32,
    /// The number of jobs that had ended when one ended last.
    ended: u64,
    /// When a job ended last, or the limit was raised.
    last_end: Instant,
    /// The number of samples in a row in which a look has failed.
    failed_samples: u32,
    /// True if the log says that looks fail.
    has_warned: bool,
    /// The time before which no thread is asked for.
    refused_until: Option<Instant>,
    backoff: Duration,
    /// When the monitor last saw that jobs had come that are known to compute.
    computing_came: Option<Instant>,
}

impl Growth {
    pub(super) fn new(pool: &Shared) -> Self {
        Self {
            target: pool.workers.parallelism(),
            extra: 0,
            ended: 0,
            last_end: Instant::now(),
            failed_samples: 0,
            has_warned: false,
            refused_until: None,
            backoff: FIRST_BACKOFF,
            computing_came: None,
        }
    }

    /// Forgets the target of the last watch, and how long it was ago.
    pub(super) fn reset(&mut self, pool: &Shared) {
        self.target = self.limit(pool);
        self.last_end = Instant::now();
    }

    /// Wakes or starts workers, as the sample suggests.
    pub(super) fn apply(&mut self, pool: &Arc<Shared>, sample: Sample) {
        self.adjust_limit(pool, sample);
        self.keep_threads(pool);
        let all_asleep = sample.asleep > 0 && sample.running == 0;
        self.target = if all_asleep {
            // The jobs that wait are likely to sleep too.
            self.target.saturating_mul(2).min(max_threads(pool))
        } else {
            self.limit(pool)
        };
        // A searcher will find one of the jobs. Searchers are counted first, because a worker takes
        // its job before it stops searching; and it takes a blocking job first.
        let searching = pool.workers.searching();
        let blocking_jobs = pool.queue.blocking_len();
        let on_their_way = sample.waking_to_block;
        let slots = pool.workers.blocking_slots_left().saturating_sub(on_their_way);
        let blocking = blocking_jobs.saturating_sub(searching + on_their_way).min(slots);
        let missing = pool.workers.wake_for_blocking(blocking);
        self.spawn(pool, WakeFor::BlockingJob, missing);
        let jobs = if pool.workers.may_begin_blocking() {
            pool.queue.len().saturating_sub(blocking)
        } else {
            pool.queue.computing_len()
        };
        let computing = jobs.saturating_sub(searching);
        let missing = pool.workers.wake_for_permit(self.target, computing);
        self.spawn(pool, WakeFor::AnyJob, missing);
    }

    /// Raises the limit when no job has ended for a while. The while is short if the platform
    /// cannot tell which threads are asleep. A look may fail for a moment, without file descriptors
    /// for example. That changes nothing.
    fn adjust_limit(&mut self, pool: &Shared, sample: Sample) {
        if sample.unknown == 0 {
            if self.failed_samples > MAX_FAILED_SAMPLES {
                self.extra = 0;
            }
            self.failed_samples = 0;
            let raised = self.extra.min(MAX_DOUBLINGS);
            return self.adjust_limit_by_time(pool, SPIN_STALL * (1 << raised));
        }
        self.failed_samples = self.failed_samples.saturating_add(1);
        if os_thread::KNOWS_STATES && self.failed_samples <= MAX_FAILED_SAMPLES {
            return;
        }
        if os_thread::KNOWS_STATES && !self.has_warned {
            self.has_warned = true;
            unwind::log(|| {
                tracing::warn!(
                    pool = pool.name,
                    "cannot tell which threads are asleep (is /proc mounted?); time decides how many run"
                );
            });
        }
        self.adjust_limit_by_time(pool, STALL);
    }

    /// Raises the limit by one if no job has ended for the time `stall`, and lowers it if one has.
    fn adjust_limit_by_time(&mut self, pool: &Shared, stall: Duration) {
        let (ended, now) = (pool.functions.counts().ended, Instant::now());
        if ended != self.ended {
            self.ended = ended;
            self.last_end = now;
            self.extra = self.extra.saturating_sub(1);
        } else if now.duration_since(self.last_end) >= stall {
            self.last_end = now;
            let most = max_threads(pool).saturating_sub(pool.workers.parallelism());
            self.extra = self.extra.saturating_add(1).min(most);
        }
        pool.workers.set_extra_permits(self.extra);
    }

    /// Decides whether threads are kept for computing jobs. A small pool of threads that only sleep
    /// uses all of them. Jobs that wait for a thread that is kept may be what others wait for, so
    /// none is kept when no job has ended for long.
    fn keep_threads(&mut self, pool: &Shared) {
        let now = Instant::now();
        if pool.queue.take_seen_computing() {
            self.computing_came = Some(now);
        }
        let size = pool.workers.size();
        let is_mixed = self.computing_came.is_some_and(|came| now.duration_since(came) < KEEP);
        let keeps = (is_mixed && size.max_blocking() > 0) || size.can_spare_threads();
        pool.workers.set_keeps_threads(keeps && self.extra == 0);
    }

    fn limit(&self, pool: &Shared) -> u32 {
        pool.workers.parallelism().saturating_add(self.extra)
    }

    /// Starts this number of workers, as far as the pool may have them and the system gives them.
    fn spawn(&mut self, pool: &Arc<Shared>, wake_for: WakeFor, workers: usize) {
        if self.refused_until.is_some_and(|until| Instant::now() < until) {
            return;
        }
        for _ in 0..workers {
            match worker::spawn(pool, wake_for) {
                Ok(true) => {
                    self.refused_until = None;
                    self.backoff = FIRST_BACKOFF;
                }
                Ok(false) => return,
                Err(error) => {
                    unwind::log(|| {
                        tracing::warn!(
                            pool = pool.name, %error, again_in = ?self.backoff,
                            "the system gives no further thread; the pool goes on with those it has"
                        );
                    });
                    self.refused_until = Some(Instant::now() + self.backoff);
                    self.backoff = (self.backoff * 2).min(MAX_BACKOFF);
                    return;
                }
            }
        }
    }
}

fn max_threads(pool: &Shared) -> u32 {
    u32::try_from(pool.workers.max_threads()).unwrap_or(u32::MAX)
}

#[cfg(all(test, target_os = "linux", not(any(loom, unblock_by_time))))]
mod tests {
    use super::*;
    use crate::Pool;
    use crate::job::block_on::block_on;

    const FAILED: Sample =
        Sample { running: 0, asleep: 0, waking_to_block: 0, unknown: 1, profiles_changed: false };

    #[test]
    fn looks_that_fail_for_a_moment_change_nothing() {
        let pool = Pool::builder().parallelism(2).build().unwrap();
        let mut growth = Growth::new(&pool.shared);
        for _ in 0..MAX_FAILED_SAMPLES {
            growth.last_end = Instant::now().checked_sub(STALL).unwrap();
            growth.adjust_limit(&pool.shared, FAILED);
            assert_eq!(growth.extra, 0);
        }
    }

    #[test]
    fn time_decides_while_looks_fail_and_no_longer() {
        let pool = Pool::builder().parallelism(2).build().unwrap();
        let mut growth = Growth::new(&pool.shared);
        growth.failed_samples = MAX_FAILED_SAMPLES;
        growth.last_end = Instant::now().checked_sub(STALL).unwrap();
        growth.adjust_limit(&pool.shared, FAILED);
        assert_eq!(growth.extra, 1);
        growth.adjust_limit(&pool.shared, Sample { unknown: 0, ..FAILED });
        assert_eq!(growth.extra, 0);
    }

    #[test]
    fn each_further_worker_for_jobs_that_do_not_end_takes_twice_the_time() {
        let pool = Pool::builder().parallelism(2).build().unwrap();
        let mut growth = Growth::new(&pool.shared);
        let computing = Sample { running: 2, unknown: 0, ..FAILED };
        for (seconds, extra) in [(4, 0), (5, 1), (9, 1), (10, 2), (19, 2), (20, 3)] {
            growth.last_end = Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap();
            growth.adjust_limit(&pool.shared, computing);
            assert_eq!(growth.extra, extra, "after {seconds} s");
        }
        block_on(pool.submit(|| ())).unwrap();
        growth.adjust_limit(&pool.shared, computing);
        assert_eq!(growth.extra, 2);
    }
}
