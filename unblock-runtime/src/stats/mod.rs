//! Statistics: what a pool has done and does now, as a whole and for each function, and what its
//! workers do.

mod counters;
mod functions;
mod histogram;
mod outcomes;
mod worker;

use std::time::Duration;

pub(crate) use self::counters::{Counters, Counts};
pub use self::functions::FunctionStats;
pub(crate) use self::functions::{FunctionId, Functions};
pub use self::histogram::Histogram;
pub use self::outcomes::Outcomes;
pub use self::worker::{Activity, RunningJob, WorkerStats};

/// A reading of a pool's statistics, from [`Pool::stats`](crate::Pool::stats).
///
/// In every reading `submitted = completed + panicked + failed + cancelled + timed_out + rejected +
/// queued + running`.
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
    /// Number of jobs that ended without a value or a panic, in a pool of processes: their process
    /// died, or they could not be carried there or back.
    pub failed: u64,
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
    /// How long a job that computes would wait if it were submitted now, as far as that is known:
    /// from the first call with `shed` on.
    pub predicted_wait: Option<Duration>,
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

impl Stats {
    /// Returns how the jobs ended. `submitted` is their [total](Outcomes::total) + `queued` +
    /// `running`.
    pub fn outcomes(&self) -> Outcomes {
        let Self { completed, panicked, failed, cancelled, timed_out, rejected, .. } = *self;
        Outcomes { completed, panicked, failed, cancelled, timed_out, rejected }
    }
}

impl From<Counts> for Stats {
    fn from(counts: Counts) -> Self {
        let Counts { submitted, outcomes, queued, running, abandoned, .. } = counts;
        let Outcomes { completed, panicked, failed, cancelled, timed_out, rejected } = outcomes;
        Self {
            submitted,
            completed,
            panicked,
            failed,
            cancelled,
            timed_out,
            rejected,
            queued,
            running,
            abandoned,
            ..Self::default()
        }
    }
}
