//! Statistics of a pool.
//!
//! Every job is counted once at each step that it takes, and each count only grows. The numbers of
//! jobs that wait and that run are differences of these counts. They are read from the last step to
//! the first, so that no reading shows more jobs ended than begun, or begun than submitted.

use crossbeam_utils::CachePadded;

use crate::job::CancelledBy;
use crate::sync::atomic::{AtomicU64, Ordering};

/// A reading of a pool's statistics, from [`Pool::stats`](crate::Pool::stats).
///
/// In every reading `submitted = completed + panicked + cancelled + timed_out + rejected + queued +
/// running`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The pool's name.
    pub name: String,
    /// Number of jobs handed to the pool, including those that it refused.
    pub submitted: u64,
    /// Number of jobs that ended with a value.
    pub completed: u64,
    /// Number of jobs that ended with a panic.
    pub panicked: u64,
    /// Number of jobs that never ran because their caller went away or cancelled them, or because a
    /// shutdown ran out of time.
    pub cancelled: u64,
    /// Number of jobs whose deadline passed before they ended. They never ran, or ran for nobody.
    pub timed_out: u64,
    /// Number of jobs that were refused: the queue was full for
    /// [`Pool::try_submit`](crate::Pool::try_submit), the wait would have been too long, or the
    /// pool was closed.
    pub rejected: u64,
    /// Number of jobs that have not begun: in the queue, or waiting for room in it.
    pub queued: u64,
    /// Number of jobs that run and whose outcome is awaited, or could be.
    pub running: u64,
    /// Number of the queued jobs that wait for room in the queue.
    pub waiting: usize,
    /// Number of jobs that still run after their deadline passed. They hold threads, and are
    /// counted in `timed_out`.
    pub abandoned: u64,
    /// Number of worker threads.
    pub threads: usize,
    /// Number of worker threads that have nothing to do.
    pub idle: usize,
    /// Number of workers that may compute at a time.
    pub parallelism: usize,
    /// Number of worker threads that there may be.
    pub max_threads: usize,
    /// Number of jobs that the queue holds before callers wait for room.
    pub queue_capacity: usize,
    /// The niceness of the workers as the system reports it. `None` if they run at the priority of
    /// the process.
    pub niceness: Option<i32>,
}

/// One counter for each step that a job can take.
///
/// Counters that submitters write and counters that workers write are on different cache lines, so
/// that neither waits for the other's.
pub(crate) struct Counters {
    submitted: CachePadded<AtomicU64>,
    started: CachePadded<AtomicU64>,
    completed: AtomicU64,
    panicked: AtomicU64,
    cancelled: AtomicU64,
    /// The cancelled jobs of which a shutdown was the cause.
    cancelled_by_shutdown: AtomicU64,
    timed_out_queued: AtomicU64,
    timed_out_running: AtomicU64,
    abandoned_ended: AtomicU64,
    rejected: AtomicU64,
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::SeqCst);
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::SeqCst)
}

impl Counters {
    pub(crate) fn new() -> Self {
        // Not derived: the model checker's atomics have no default.
        Self {
            submitted: CachePadded::new(AtomicU64::new(0)),
            started: CachePadded::new(AtomicU64::new(0)),
            completed: AtomicU64::new(0),
            panicked: AtomicU64::new(0),
            cancelled: AtomicU64::new(0),
            cancelled_by_shutdown: AtomicU64::new(0),
            timed_out_queued: AtomicU64::new(0),
            timed_out_running: AtomicU64::new(0),
            abandoned_ended: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
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

    /// Returns the number of jobs that shutdowns have cancelled.
    pub(crate) fn cancelled_by_shutdown(&self) -> u64 {
        read(&self.cancelled_by_shutdown)
    }

    pub(crate) fn timed_out_queued(&self) {
        count(&self.timed_out_queued);
    }

    pub(crate) fn started(&self) {
        count(&self.started);
    }

    pub(crate) fn ended(&self, with_value: bool) {
        count(if with_value { &self.completed } else { &self.panicked });
    }

    /// Counts a running job whose deadline passed.
    pub(crate) fn abandoned(&self) {
        count(&self.timed_out_running);
    }

    /// Counts the end of a job that ran on after its deadline.
    pub(crate) fn abandoned_ended(&self) {
        count(&self.abandoned_ended);
    }

    /// Returns the number of jobs that have stopped running.
    pub(crate) fn ended_total(&self) -> u64 {
        read(&self.completed) + read(&self.panicked) + read(&self.abandoned_ended)
    }

    /// Returns the number of jobs that hold a thread, whether anybody waits for them or not.
    pub(crate) fn on_threads(&self) -> u64 {
        let stats = self.read();
        stats.running + stats.abandoned
    }

    /// Reads the counts, from the last step that a job can take to the first.
    pub(crate) fn read(&self) -> Stats {
        let abandoned_ended = read(&self.abandoned_ended);
        let completed = read(&self.completed);
        let panicked = read(&self.panicked);
        let timed_out_running = read(&self.timed_out_running);
        let started = read(&self.started);
        let cancelled = read(&self.cancelled);
        let timed_out_queued = read(&self.timed_out_queued);
        let rejected = read(&self.rejected);
        let submitted = read(&self.submitted);
        Stats {
            submitted,
            completed,
            panicked,
            cancelled,
            timed_out: timed_out_queued + timed_out_running,
            rejected,
            queued: submitted - started - cancelled - timed_out_queued - rejected,
            running: started - completed - panicked - timed_out_running,
            abandoned: timed_out_running - abandoned_ended,
            ..Stats::default()
        }
    }
}
