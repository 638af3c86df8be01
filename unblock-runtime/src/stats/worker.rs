//! What a worker does, as its pool's users see it.

use std::time::Duration;

/// A reading of what one worker of a pool does, from [`Pool::workers`](crate::Pool::workers).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerStats {
    /// How many workers the pool had started before this one.
    pub number: usize,
    /// The name of its thread, as debuggers and `ps -L` show it, which may cut it off.
    pub thread: String,
    /// The kernel's number of its thread, where there is one: on Linux.
    pub thread_id: Option<i32>,
    /// What its thread does.
    pub activity: Activity,
    /// The job that it runs. Between two jobs, for a moment, there is none.
    pub job: Option<RunningJob>,
}

/// What the thread of a worker does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Activity {
    /// It has nothing to do.
    Idle,
    /// It computes, waits for a core, or looks for its next job.
    Running,
    /// It is asleep in its job: in a read, a lock, a timer. Where the platform does not tell that,
    /// this is what the pool expects of the job.
    Asleep,
}

/// A job that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunningJob {
    /// Its name, as [`job::name`](crate::job::name) gives it.
    pub name: &'static str,
    /// How long it has run.
    pub running_for: Duration,
    /// True if the deadline that it began with has passed, so that it runs for nobody.
    pub abandoned: bool,
}
