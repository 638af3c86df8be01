//! How many workers a pool wakes or starts after each sample.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::sample::Sample;
use crate::pool::Shared;
use crate::workers::{WakeFor, worker};

/// Where the platform cannot tell which threads are asleep: if no job has ended for this time and
/// work waits, one more worker may run.
const STALL: Duration = Duration::from_millis(10);
/// The time after which another thread is asked for when the system has refused one. It doubles up
/// to the longest time.
const FIRST_BACKOFF: Duration = Duration::from_millis(10);
const MAX_BACKOFF: Duration = Duration::from_secs(1);

pub(super) struct Growth {
    parallelism: u32,
    max_threads: u32,
    /// The number of workers that are to have a permit. It doubles with each sample that finds all
    /// of them asleep.
    target: u32,
    /// Where time decides: the number of permits.
    limit: u32,
    /// Where time decides: the number of jobs that had ended when one ended last.
    ended: u64,
    /// Where time decides: when a job ended last.
    last_end: Instant,
    /// The time before which no thread is asked for.
    refused_until: Option<Instant>,
    backoff: Duration,
}

impl Growth {
    pub(super) fn new(pool: &Shared) -> Self {
        let parallelism = pool.workers.parallelism();
        Self {
            parallelism,
            max_threads: u32::try_from(pool.workers.max_threads()).unwrap_or(u32::MAX),
            target: parallelism,
            limit: parallelism,
            ended: 0,
            last_end: Instant::now(),
            refused_until: None,
            backoff: FIRST_BACKOFF,
        }
    }

    /// Forgets the target of the last watch.
    pub(super) fn reset(&mut self) {
        self.target = self.limit;
    }

    /// Wakes or starts workers, as the sample suggests.
    pub(super) fn apply(&mut self, pool: &Arc<Shared>, sample: Sample) {
        if sample.unknown > 0 {
            self.adjust_limit_by_time(pool);
        }
        let all_asleep = sample.asleep > 0 && sample.running == 0;
        self.target = if all_asleep {
            // The jobs that wait are likely to sleep too.
            self.target.saturating_mul(2).min(self.max_threads)
        } else {
            self.limit
        };
        // A searcher will find one of the jobs. Searchers are counted first, because a worker takes
        // its job before it stops searching; and it takes a blocking job first.
        let searching = pool.workers.searching();
        let (jobs, blocking_jobs) = (pool.queue.len(), pool.queue.blocking_len());
        let on_their_way = sample.waking_to_block;
        let slots = pool.workers.blocking_slots_left().saturating_sub(on_their_way);
        let blocking = blocking_jobs.saturating_sub(searching + on_their_way).min(slots);
        let missing = pool.workers.wake_for_blocking(blocking);
        self.spawn(pool, WakeFor::BlockingJob, missing);
        let computing = jobs.saturating_sub(searching + blocking);
        let missing = pool.workers.wake_for_permit(self.target, computing);
        self.spawn(pool, WakeFor::AnyJob, missing);
    }

    fn adjust_limit_by_time(&mut self, pool: &Shared) {
        let (ended, now) = (pool.counters.ended_total(), Instant::now());
        if ended != self.ended {
            self.ended = ended;
            self.last_end = now;
            self.limit = self.limit.saturating_sub(1).max(self.parallelism);
        } else if now.duration_since(self.last_end) >= STALL {
            self.last_end = now;
            self.limit = self.limit.saturating_add(1).min(self.max_threads);
        }
        pool.workers.set_limit(self.limit);
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
                    tracing::warn!(
                        pool = pool.name, %error, again_in = ?self.backoff,
                        "the system gives no further thread; the pool goes on with those it has"
                    );
                    self.refused_until = Some(Instant::now() + self.backoff);
                    self.backoff = (self.backoff * 2).min(MAX_BACKOFF);
                    return;
                }
            }
        }
    }
}
