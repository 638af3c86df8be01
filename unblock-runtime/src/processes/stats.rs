//! What worker processes do, and have done.

use std::fs;
use std::time::{Duration, Instant};

use super::process::Process;

/// How many worker processes a pool has started, and how they ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProcessCounts {
    /// Number of processes that were started.
    pub started: u64,
    /// Number of processes that died by themselves: by a signal, by an exit of a job, at the start.
    pub died: u64,
    /// Number of processes that the pool has killed: their job went on after it was cancelled, or
    /// they did not start or stop in time.
    pub killed: u64,
    /// Number of processes that ended because the pool asked them to: they had run their number of
    /// jobs or were too large, and others have taken their places.
    pub recycled: u64,
}

/// A worker process, from [`ProcessPool::processes`](super::ProcessPool::processes).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProcessStats {
    /// Its process id.
    pub id: u32,
    /// What it does.
    pub activity: Activity,
    /// Number of calls that it has run.
    pub calls: u64,
    /// How long it has lived.
    pub age: Duration,
    /// The bytes of memory that it has in use, as far as the system says.
    pub resident: Option<u64>,
}

/// What a worker process does.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Activity {
    /// It starts, waits for a call, or ends.
    Idle,
    /// It runs a call.
    Running {
        /// The path of the function.
        function: &'static str,
        /// For how long.
        time: Duration,
        /// Whether the call is cancelled. Its process will be killed if it goes on.
        is_cancelled: bool,
    },
}

impl ProcessStats {
    pub(super) fn of(process: &Process) -> Self {
        let now = Instant::now();
        let activity = process.running().map_or(Activity::Idle, |running| Activity::Running {
            function: running.function.path(),
            time: now.saturating_duration_since(running.since),
            is_cancelled: running.is_cancelled,
        });
        Self {
            id: process.id,
            activity,
            calls: process.calls(),
            age: now.saturating_duration_since(process.born),
            resident: resident(process.id),
        }
    }
}

/// Returns the bytes of memory that a process has in use.
pub(super) fn resident(process: u32) -> Option<u64> {
    let pages = fs::read_to_string(format!("/proc/{process}/statm")).ok()?;
    let resident: u64 = pages.split(' ').nth(1)?.parse().ok()?;
    let page = u64::try_from(rustix::param::page_size()).ok()?;
    Some(resident * page)
}
