//! The monitor: one thread of a pool that looks at the workers while work waits and nobody may take it, and sleeps
//! otherwise.
//!
//! It also starts the threads that the pool grows by, so that no submitter waits for the system, and new threads
//! inherit a normal priority.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::worker;
use crate::pool::Shared;
use crate::sync::thread;
use crate::workers::{Errand, Survey};

/// Between two looks while workers are found asleep, or a scout is out. A look at one worker costs about 3 µs.
const LOOK: Duration = Duration::from_millis(1);
/// Between two looks while all workers compute, at the most.
const LOOK_AT_BUSY: Duration = Duration::from_millis(4);
/// So many looks that find no work end the watch: a queue that is empty for a moment is no reason to go to sleep.
const QUIET_LOOKS: u32 = 16;
/// Where the platform cannot say whether a thread sleeps: if nothing was finished for this long and work waits, one
/// more worker may run.
const STALL: Duration = Duration::from_millis(10);
/// After the system refused a thread, the next is asked for after this time, which doubles up to the second value.
const REFUSED: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// Watches over `pool` until it is dismissed.
pub(crate) fn watch(pool: &Arc<Shared>) {
    pool.sizing.watch();
    let mut growth = Growth::new(pool);
    while !pool.sizing.is_dismissed() {
        if !pool.sizing.is_armed() {
            thread::park();
            continue;
        }
        let mut pause = LOOK;
        let mut quiet = 0;
        growth.target = growth.limit;
        while quiet < QUIET_LOOKS && !pool.sizing.is_dismissed() {
            thread::park_timeout(pause);
            if !pool.queue.has_work() {
                quiet += 1;
                continue;
            }
            quiet = 0;
            let survey = pool.sizing.survey(crate::workers::os_thread::ThreadId::is_asleep);
            let is_curious = survey.asleep > 0 || pool.queue.has_scout();
            pause = if is_curious { LOOK } else { (pause * 2).min(LOOK_AT_BUSY) };
            if survey.scout_seen {
                pool.queue.scout_is_back();
            }
            if survey.changed {
                pool.queue.habits_changed();
            }
            pool.moved(pool.queue.sort(may_scout(pool)));
            growth.decide(pool, survey);
        }
        pool.sizing.disarm(|| pool.queue.has_work());
    }
}

/// Whether a job may go ahead to show what its kind does. If it computes, one more does than has a token; so not while there is
/// one too many already. And it must not wait behind others: what is ahead of it in its own lane might wait for it.
fn may_scout(pool: &Shared) -> bool {
    pool.sizing.has_no_surplus() && pool.sizing.room_for_naps() > 0 && !pool.queue.has_sleepers()
}

/// How many workers the next look may add.
struct Growth {
    parallelism: u32,
    max_threads: u32,
    /// With everybody asleep, this many are to be active: doubled at each such look.
    target: u32,
    /// Where time decides: the number of tokens, and the last progress that was seen.
    limit: u32,
    ended: u64,
    progress: Instant,
    /// No thread is asked for before this time.
    refused_until: Option<Instant>,
    refused_for: Duration,
}

impl Growth {
    fn new(pool: &Shared) -> Self {
        let parallelism = pool.sizing.parallelism();
        Self {
            parallelism,
            max_threads: u32::try_from(pool.sizing.max_threads()).unwrap_or(u32::MAX),
            target: parallelism,
            limit: parallelism,
            ended: 0,
            progress: Instant::now(),
            refused_until: None,
            refused_for: REFUSED.0,
        }
    }

    fn decide(&mut self, pool: &Arc<Shared>, survey: Survey) {
        if survey.unknown > 0 {
            self.decide_by_time(pool);
        }
        self.target = match survey {
            // Whoever had a token slept: the jobs that wait are likely to do so too.
            Survey { asleep: 1.., running: 0, .. } => {
                self.target.saturating_mul(2).min(self.max_threads)
            }
            _ => self.limit,
        };
        // Who searches will find one of the jobs: a worker that was called or started, and is not awake yet. Searchers are
        // counted first, because a worker takes its job before it stops searching; and what sleeps is taken first.
        let searching = pool.sizing.searching();
        let (jobs, sleepers) = (pool.queue.len(), pool.queue.sleepers());
        let room = pool.sizing.room_for_naps().saturating_sub(survey.sent);
        let naps = sleepers.saturating_sub(searching + survey.sent).min(room);
        let missing = pool.sizing.send(naps);
        self.hire(pool, Errand::Sleeper, missing);
        let missing = pool.sizing.call(self.target, jobs.saturating_sub(searching + naps));
        self.hire(pool, Errand::Any, missing);
    }

    fn decide_by_time(&mut self, pool: &Shared) {
        let (ended, now) = (pool.counters.ended_total(), Instant::now());
        if ended != self.ended {
            self.ended = ended;
            self.progress = now;
            self.limit = self.limit.saturating_sub(1).max(self.parallelism);
        } else if now.duration_since(self.progress) >= STALL {
            self.progress = now;
            self.limit = self.limit.saturating_add(1).min(self.max_threads);
        }
        pool.sizing.set_limit(self.limit);
    }

    /// Starts so many workers, as far as the pool may have them and the system gives them.
    fn hire(&mut self, pool: &Arc<Shared>, errand: Errand, workers: usize) {
        if self.refused_until.is_some_and(|until| Instant::now() < until) {
            return;
        }
        for _ in 0..workers {
            match worker::hire(pool, errand) {
                Ok(true) => {
                    self.refused_until = None;
                    self.refused_for = REFUSED.0;
                }
                Ok(false) => return,
                Err(error) => {
                    tracing::warn!(
                        pool = pool.name, %error, again_in = ?self.refused_for,
                        "the system gives no further thread; the pool goes on with those it has"
                    );
                    self.refused_until = Some(Instant::now() + self.refused_for);
                    self.refused_for = (self.refused_for * 2).min(REFUSED.1);
                    return;
                }
            }
        }
    }
}
