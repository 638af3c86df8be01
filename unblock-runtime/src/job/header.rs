//! What the pool knows of a job, whatever its work is.

use std::time::Instant;

use super::deadline;
use super::handler::Handler;
use crate::queue::AtomicPosition;
use crate::queue::admission::{Average, Expected};
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::workers::profile::JobType;

pub(crate) struct Header {
    pub(crate) handler: Option<&'static Handler>,
    pub(crate) job_type: JobType,
    pub(crate) position: AtomicPosition,
    deadline: Option<Instant>,
    /// Set if the deadline does not count any more. It is never cleared.
    deadline_lifted: AtomicBool,
    /// Set if the job was aborted, whether it had begun or not. It is never cleared.
    cancelled: AtomicBool,
    /// What admission expected of the job, in a pool that keeps estimates. It is in an allocation
    /// of its own, because it is cold and most pools keep none.
    pub(crate) estimate: Option<Box<Estimate>>,
}

/// How a job is to be submitted.
#[derive(Clone, Copy, Default)]
pub(crate) struct SubmitOptions {
    pub(crate) handler: Option<&'static Handler>,
    pub(crate) deadline: Option<Instant>,
    /// Refuse the job at once if it would have to wait too long.
    pub(crate) shed: bool,
}

impl SubmitOptions {
    /// The options of a closure. Its only deadline is that of the request for which this thread
    /// works.
    pub(crate) fn of_closure() -> Self {
        Self { deadline: deadline::inherited(), ..Self::default() }
    }
}

/// What admission expected of a job when it was submitted.
#[derive(Clone, Copy)]
pub(crate) struct Estimate {
    pub(crate) submitted: Instant,
    pub(crate) expected: Expected,
}

impl Header {
    #[inline]
    pub(crate) fn new(
        job_type: JobType,
        options: SubmitOptions,
        estimate: Option<Box<Estimate>>,
    ) -> Self {
        Self {
            handler: options.handler,
            job_type,
            position: AtomicPosition::new(),
            deadline: options.deadline,
            deadline_lifted: AtomicBool::new(false),
            cancelled: AtomicBool::new(false),
            estimate,
        }
    }

    /// The average run time of the job's handler.
    pub(crate) fn run_time(&self) -> Option<&Average> {
        self.handler.map(|handler| &handler.run_time)
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    pub(super) fn set_cancelled(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Returns when the caller stops waiting.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline.filter(|_| !self.deadline_lifted.load(Ordering::Relaxed))
    }

    /// Gives the job all the time that it takes.
    pub(crate) fn lift_deadline(&self) {
        self.deadline_lifted.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_expired(&self) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= Instant::now())
    }
}
