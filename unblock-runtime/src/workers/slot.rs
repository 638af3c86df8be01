//! A worker as other threads see it: its state, its thread, and the job that it runs.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crossbeam_utils::atomic::AtomicCell;

use super::os_thread::{ThreadId, ThreadState};
use super::profile::{JobType, MAX_UNPERMITTED};
use crate::clock;
use crate::job::handler::Handler;
use crate::job::{JobName, Run};
use crate::stats::{Activity, RunningJob, WorkerStats};
use crate::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use crate::sync::{Mutex, thread};

pub(crate) struct WorkerSlot {
    number: usize,
    pub(super) state: AtomicWorkerState,
    thread: OnceLock<thread::Thread>,
    id: OnceLock<ThreadId>,
    /// The number of the type of the job that the worker runs, or [`NO_JOB`].
    job_type: AtomicU32,
    /// The parts of the name of the job that the worker runs. The second is `None` if it runs none.
    /// They are written for each job.
    handler: AtomicCell<Option<&'static Handler>>,
    path: AtomicCell<Option<fn() -> &'static str>>,
    /// When the job began, or 0 if the worker runs none. It is written after the job's name and
    /// deadline, and reset before the next one's are.
    begun: AtomicU64,
    /// The deadline that the job began with, or `u64::MAX`.
    deadline: AtomicU64,
    /// Odd while the worker runs a job that it began as a blocking one.
    blocking_jobs: AtomicU32,
    /// Which blocking job the monitor saw awake, and how long the worker had run by then.
    seen_awake: Mutex<(u32, Duration)>,
}

const NO_JOB: u32 = u32::MAX;

/// What a worker does, as far as others must know. `README.md` beside this file has the drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum WorkerState {
    /// It has no permit. It is on the idle stack, or on its way there.
    Idle,
    /// It was given a permit, and is not awake yet. Only the worker itself leaves this state.
    WakingToRun,
    /// It has a permit: it computes, or looks for work.
    Running,
    /// It runs a blocking job without a permit, which was taken from it or given away.
    Blocked,
    /// It was woken for a blocking job, without a permit, and is not awake yet. Only the worker
    /// itself leaves this state.
    WakingToBlock,
}

/// A reason to wake a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WakeFor {
    /// Any job. The worker gets a permit.
    AnyJob,
    /// A job that blocks. The worker needs no permit.
    BlockingJob,
}

impl WakeFor {
    pub(super) fn state(self) -> WorkerState {
        match self {
            Self::AnyJob => WorkerState::WakingToRun,
            Self::BlockingJob => WorkerState::WakingToBlock,
        }
    }
}

impl WorkerSlot {
    /// Creates the slot of a worker whose thread is about to be started.
    pub(super) fn new(number: usize, wake_for: WakeFor) -> Self {
        Self {
            number,
            state: AtomicWorkerState::new(wake_for.state()),
            thread: OnceLock::new(),
            id: OnceLock::new(),
            job_type: AtomicU32::new(NO_JOB),
            handler: AtomicCell::new(None),
            path: AtomicCell::new(None),
            begun: AtomicU64::new(0),
            deadline: AtomicU64::new(u64::MAX),
            blocking_jobs: AtomicU32::new(0),
            seen_awake: Mutex::new((0, Duration::ZERO)),
        }
    }

    /// Returns how many workers were registered before this one. The thread's name has it.
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// Makes the calling thread the worker of this slot. Returns what the worker was started for.
    pub(crate) fn occupy(&self) -> Option<WakeFor> {
        let _ = self.thread.set(thread::current());
        let _ = self.id.set(ThreadId::current());
        self.take_wake()
    }

    /// Returns what this slot's worker was woken for, if it was.
    pub(super) fn take_wake(&self) -> Option<WakeFor> {
        if self.state.change(WorkerState::WakingToRun, WorkerState::Running) {
            Some(WakeFor::AnyJob)
        } else if self.state.change(WorkerState::WakingToBlock, WorkerState::Blocked) {
            Some(WakeFor::BlockingJob)
        } else {
            None
        }
    }

    pub(crate) fn has_permit(&self) -> bool {
        self.state.get() == WorkerState::Running
    }

    /// Notes that the worker begins a job.
    pub(crate) fn begin(&self, job: &dyn Run, now: u64) {
        let (header, name) = (job.header(), job.job_name());
        self.handler.store(name.handler);
        self.path.store(Some(name.path));
        self.job_type.store(header.job_type.number().into(), Ordering::Relaxed);
        let time_left = |deadline: Instant| deadline.saturating_duration_since(Instant::now());
        let deadline = header
            .deadline()
            .map_or(u64::MAX, |deadline| now.saturating_add(clock::nanos(time_left(deadline))));
        self.deadline.store(deadline, Ordering::Release);
        self.begun.store(now.max(1), Ordering::Release);
    }

    /// Notes that the job has ended.
    pub(crate) fn end(&self) {
        self.begun.store(0, Ordering::Relaxed);
        self.job_type.store(NO_JOB, Ordering::Relaxed);
        self.path.store(None);
    }

    /// Notes that the worker begins or ends a blocking job.
    pub(crate) fn switch_blocking(&self) {
        let jobs = self.blocking_jobs.load(Ordering::Relaxed);
        self.blocking_jobs.store(jobs.wrapping_add(1), Ordering::Relaxed);
    }

    /// Returns true if the worker's job, which is awake, counts as one that computes. One that was
    /// begun as a blocking job may only wait for a core, as many do that sleep for a moment, so it
    /// has to be seen to use one.
    pub(super) fn computes(&self, id: ThreadId) -> bool {
        let job = self.blocking_jobs.load(Ordering::Relaxed);
        let is_blocking = job % 2 == 1;
        let Some(time) = is_blocking.then(|| id.core_time()).flatten() else { return true };
        let mut seen = self.seen_awake.lock();
        if seen.0 != job {
            *seen = (job, time.ran);
        }
        time.ran.saturating_sub(seen.1) >= MAX_UNPERMITTED
    }

    /// Returns the name of the job that the worker runs. It may be wrong while one job follows
    /// another.
    pub(super) fn job_name(&self) -> Option<JobName> {
        let path = self.path.load()?;
        Some(JobName { handler: self.handler.load(), path })
    }

    /// Returns what the worker does now.
    pub(super) fn read(&self, pool: &str) -> WorkerStats {
        let id = self.thread_id();
        let activity = match self.state.get() {
            WorkerState::Idle => Activity::Idle,
            // A worker that is about to have its next job counts as one that looks for it.
            _ if self.job_name().is_none() => Activity::Running,
            state => match (id.and_then(ThreadId::state), state) {
                (Some(ThreadState::Asleep), _) | (None, WorkerState::Blocked) => Activity::Asleep,
                _ => Activity::Running,
            },
        };
        WorkerStats {
            number: self.number,
            thread: format!("{pool}-{}", self.number),
            thread_id: id.and_then(ThreadId::number),
            activity,
            job: self.running_job(),
        }
    }

    /// Returns the job that the worker runs, unless it goes on to the next meanwhile.
    fn running_job(&self) -> Option<RunningJob> {
        let begun = self.begun.load(Ordering::Acquire);
        let name = self.job_name()?;
        let deadline = self.deadline.load(Ordering::Acquire);
        let now = clock::now();
        (begun != 0 && begun == self.begun.load(Ordering::Acquire)).then(|| RunningJob {
            name: name.get(),
            running_for: Duration::from_nanos(now.saturating_sub(begun)),
            abandoned: deadline <= now,
        })
    }

    /// Returns the type of the job that the worker runs, or ran a moment ago.
    pub(super) fn job_type(&self) -> Option<JobType> {
        JobType::from_number(self.job_type.load(Ordering::Relaxed))
    }

    /// Returns the worker's thread, once it runs.
    pub(super) fn thread_id(&self) -> Option<ThreadId> {
        self.id.get().copied()
    }

    /// Wakes the worker's thread.
    pub(super) fn unpark(&self) {
        // A worker puts itself on the idle stack, so it has occupied its slot by then.
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }
}

/// A [`WorkerState`] that threads share.
pub(super) struct AtomicWorkerState(AtomicU8);

impl AtomicWorkerState {
    fn new(state: WorkerState) -> Self {
        Self(AtomicU8::new(state as u8))
    }

    pub(super) fn get(&self) -> WorkerState {
        from_number(self.0.load(Ordering::SeqCst))
    }

    pub(super) fn set(&self, state: WorkerState) {
        self.0.store(state as u8, Ordering::SeqCst);
    }

    /// Sets the state. Returns the one before.
    pub(super) fn replace(&self, state: WorkerState) -> WorkerState {
        from_number(self.0.swap(state as u8, Ordering::SeqCst))
    }

    /// Changes the state from `from` to `to`. Returns false if it was another one.
    pub(super) fn change(&self, from: WorkerState, to: WorkerState) -> bool {
        let (from, to, seq) = (from as u8, to as u8, Ordering::SeqCst);
        self.0.compare_exchange(from, to, seq, seq).is_ok()
    }
}

fn from_number(state: u8) -> WorkerState {
    match state {
        0 => WorkerState::Idle,
        1 => WorkerState::WakingToRun,
        2 => WorkerState::Running,
        3 => WorkerState::Blocked,
        _ => WorkerState::WakingToBlock,
    }
}

#[cfg(all(test, target_os = "linux", not(any(loom, unblock_by_time))))]
mod tests {
    use super::*;

    #[test]
    fn a_blocking_job_that_is_awake_computes_when_it_has_used_a_core() {
        let slot = WorkerSlot::new(0, WakeFor::BlockingJob);
        let id = ThreadId::current();
        assert!(slot.computes(id), "no blocking job");
        for _ in 0..2 {
            slot.switch_blocking();
            assert!(!slot.computes(id), "seen for the first time");
            while !slot.computes(id) {}
            slot.switch_blocking();
            assert!(slot.computes(id), "no blocking job");
        }
    }
}
