//! What is counted of the jobs of one function: one counter for each step that a job can take, and
//! how long jobs waited and ran.
//!
//! Every job is counted once at each step, and each count only grows. The numbers of jobs that wait
//! and that run are differences of these counts. They are read from the last step to the first, so
//! that no reading shows more jobs ended than begun, or begun than submitted.
//!
//! Threads count in different *shards*, as far as there are enough, so that none of them waits for
//! a cache line that another one writes. A shard is made when a thread first counts in it.

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::AtomicUsize;

use crossbeam_utils::CachePadded;

use super::histogram::{AtomicHistogram, Histogram};
use super::outcomes::Outcomes;
use crate::error::Error;
use crate::job::CancelledBy;
use crate::sync::atomic::{AtomicU64, Ordering};

/// The largest number of shards. One of a function that is called takes ten kilobytes.
const MAX_SHARDS: usize = 8;

/// The counters of one shard. Those that submitters write and those that workers write are on
/// different cache lines.
pub(crate) struct Counters {
    submitted: CachePadded<AtomicU64>,
    started: AtomicU64,
    completed: AtomicU64,
    panicked: AtomicU64,
    failed: AtomicU64,
    cancelled: AtomicU64,
    /// The cancelled jobs of which a shutdown was the cause.
    cancelled_by_shutdown: AtomicU64,
    timed_out_queued: AtomicU64,
    timed_out_running: AtomicU64,
    abandoned_ended: AtomicU64,
    rejected: AtomicU64,
    waited: AtomicHistogram,
    ran: AtomicHistogram,
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::SeqCst);
}

impl Counters {
    fn new() -> Self {
        // Not derived: the model checker's atomics have no default.
        Self {
            submitted: CachePadded::new(AtomicU64::new(0)),
            started: AtomicU64::new(0),
            completed: AtomicU64::new(0),
            panicked: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            cancelled: AtomicU64::new(0),
            cancelled_by_shutdown: AtomicU64::new(0),
            timed_out_queued: AtomicU64::new(0),
            timed_out_running: AtomicU64::new(0),
            abandoned_ended: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
            waited: AtomicHistogram::new(),
            ran: AtomicHistogram::new(),
        }
    }

    pub(crate) fn submitted(&self) {
        count(&self.submitted);
    }

    pub(crate) fn rejected(&self) {
        count(&self.rejected);
    }

    pub(crate) fn cancelled(&self, by: CancelledBy) {
        if by == CancelledBy::Shutdown {
            count(&self.cancelled_by_shutdown);
        }
        count(&self.cancelled);
    }

    pub(crate) fn timed_out_queued(&self) {
        count(&self.timed_out_queued);
    }

    pub(crate) fn started(&self) {
        count(&self.started);
    }

    pub(crate) fn ended<T>(&self, outcome: &Result<T, Error>) {
        count(match outcome {
            Ok(_) => &self.completed,
            Err(Error::Panicked(_)) => &self.panicked,
            Err(_) => &self.failed,
        });
    }

    /// Counts a running job whose deadline passed.
    pub(crate) fn abandoned(&self) {
        count(&self.timed_out_running);
    }

    /// Counts the end of a job that ran on after its deadline.
    pub(crate) fn abandoned_ended(&self) {
        count(&self.abandoned_ended);
    }

    /// Notes how long a job waited before it began, or before its deadline passed.
    pub(crate) fn waited(&self, nanos: u64) {
        self.waited.record(nanos);
    }

    /// Notes how long a job ran.
    pub(crate) fn ran(&self, nanos: u64) {
        self.ran.record(nanos);
    }

    /// Adds how long jobs waited, and how long they ran.
    pub(super) fn add_times(&self, waited: &mut Histogram, ran: &mut Histogram) {
        waited.merge(&self.waited.read());
        ran.merge(&self.ran.read());
    }
}

/// The counters of one function in one pool.
pub(super) struct ShardedCounters(Box<[OnceLock<Box<Counters>>]>);

/// The number of the shard that a thread counts in.
fn shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static SHARD: Cell<Option<usize>> = const { Cell::new(None) };
    }
    SHARD.get().unwrap_or_else(|| {
        let shard = NEXT.fetch_add(1, Ordering::Relaxed);
        SHARD.set(Some(shard));
        shard
    })
}

impl ShardedCounters {
    /// Creates counters for as many threads at a time as `parallelism`, and some more.
    pub(super) fn new(parallelism: usize) -> Self {
        let shards = parallelism.clamp(2, MAX_SHARDS).next_power_of_two();
        Self(std::iter::repeat_with(OnceLock::new).take(shards).collect())
    }

    /// Returns the counters of this thread's shard.
    #[inline]
    pub(super) fn here(&self) -> &Counters {
        let shard = &self.0[shard() & (self.0.len() - 1)];
        shard.get_or_init(|| Box::new(Counters::new()))
    }

    pub(super) fn shards(&self) -> impl Iterator<Item = &Counters> {
        self.0.iter().filter_map(OnceLock::get).map(Box::as_ref)
    }
}

/// Sums of counters, and what follows from them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) submitted: u64,
    pub(crate) outcomes: Outcomes,
    pub(crate) cancelled_by_shutdown: u64,
    pub(crate) queued: u64,
    pub(crate) running: u64,
    pub(crate) abandoned: u64,
    /// The number of jobs that have stopped running.
    pub(crate) ended: u64,
}

impl Counts {
    /// Returns the number of jobs that hold a thread, whether anybody waits for them or not.
    pub(crate) fn on_threads(self) -> u64 {
        self.running + self.abandoned
    }

    /// Sums up the counters, from the last step that a job can take to the first. `shards` is
    /// called for each step, so that it finds a shard that is made meanwhile.
    pub(super) fn read<'a, I>(shards: impl Fn() -> I) -> Self
    where
        I: Iterator<Item = &'a Counters>,
    {
        let sum = |of: fn(&Counters) -> &AtomicU64| {
            shards().map(|shard| of(shard).load(Ordering::SeqCst)).sum::<u64>()
        };
        let abandoned_ended = sum(|shard| &shard.abandoned_ended);
        let completed = sum(|shard| &shard.completed);
        let panicked = sum(|shard| &shard.panicked);
        let failed = sum(|shard| &shard.failed);
        let timed_out_running = sum(|shard| &shard.timed_out_running);
        let started = sum(|shard| &shard.started);
        let cancelled_by_shutdown = sum(|shard| &shard.cancelled_by_shutdown);
        let cancelled = sum(|shard| &shard.cancelled);
        let timed_out_queued = sum(|shard| &shard.timed_out_queued);
        let rejected = sum(|shard| &shard.rejected);
        let submitted = sum(|shard| &shard.submitted);
        let timed_out = timed_out_queued + timed_out_running;
        Self {
            submitted,
            outcomes: Outcomes { completed, panicked, failed, cancelled, timed_out, rejected },
            cancelled_by_shutdown,
            queued: submitted - started - cancelled - timed_out_queued - rejected,
            running: started - completed - panicked - failed - timed_out_running,
            abandoned: timed_out_running - abandoned_ended,
            ended: completed + panicked + failed + abandoned_ended,
        }
    }
}
