//! What the pool knows of a job, whatever its work is.

use std::sync::Arc;
use std::time::Instant;

use super::caller_times::CallerTimes;
use super::deadline;
use super::handler::Handler;
use super::span::JobSpan;
use crate::queue::AtomicPosition;
use crate::queue::admission::{Average, Expected};
use crate::queue::concurrency_limits::ConcurrencyLimit;
use crate::stats::FunctionId;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::workers::profile::JobType;

pub(crate) struct Header {
    pub(crate) handler: Option<&'static Handler>,
    pub(crate) job_type: JobType,
    /// Whose jobs the pool counts it among.
    pub(crate) function: FunctionId,
    /// When it was submitted, by [`clock::now`](crate::clock::now).
    pub(crate) submitted: u64,
    pub(crate) position: AtomicPosition,
    deadline: Option<Instant>,
    /// The deadline that stays when the inherited one is lifted.
    own_deadline: Option<Instant>,
    /// Set if the inherited deadline does not count any more. It is never cleared.
    deadline_lifted: AtomicBool,
    /// Set if the job was aborted, whether it had begun or not. It is never cleared.
    cancelled: AtomicBool,
    /// What admission expected of the job, in a pool that keeps estimates. It is in an allocation
    /// of its own, because it is cold and most pools keep none.
    pub(crate) estimate: Option<Box<Expected>>,
    /// Set if the job has its pool entered while it runs.
    pub(super) enters_pool: bool,
    pub(super) span: JobSpan,
    /// Where the caller adds up the times of its jobs, if it does.
    pub(super) caller_times: Option<Arc<CallerTimes>>,
}

/// How a job is to be submitted.
#[derive(Clone, Copy, Default)]
pub(crate) struct SubmitOptions {
    pub(crate) handler: Option<&'static Handler>,
    /// The nearer of the job's own deadline and the inherited one.
    pub(crate) deadline: Option<Instant>,
    pub(crate) own_deadline: Option<Instant>,
    /// Refuse the job at once if it would have to wait too long.
    pub(crate) shed: bool,
    /// Have the pool entered while the job runs, because the caller had.
    pub(crate) enters_pool: bool,
}

impl SubmitOptions {
    /// The options of a job with this deadline, which also inherits that of the request or scope
    /// for which this thread works.
    pub(crate) fn until(own: Option<Instant>) -> Self {
        Self { deadline: deadline::nearer(own), own_deadline: own, ..Self::default() }
    }
}

impl Header {
    #[inline]
    pub(crate) fn new(
        job_type: JobType,
        function: FunctionId,
        submitted: u64,
        options: SubmitOptions,
        estimate: Option<Box<Expected>>,
        span: JobSpan,
    ) -> Self {
        Self {
            handler: options.handler,
            job_type,
            function,
            submitted,
            position: AtomicPosition::new(),
            deadline: options.deadline,
            own_deadline: options.own_deadline,
            deadline_lifted: AtomicBool::new(false),
            cancelled: AtomicBool::new(false),
            estimate,
            enters_pool: options.enters_pool,
            span,
            caller_times: CallerTimes::current(),
        }
    }

    /// The average run time of the job's handler.
    pub(crate) fn run_time(&self) -> Option<&Average> {
        self.handler.map(|handler| &handler.run_time)
    }

    pub(crate) fn concurrency_limit(&self) -> Option<ConcurrencyLimit> {
        self.handler.and_then(Handler::concurrency_limit)
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    pub(super) fn set_cancelled(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Returns when the caller stops waiting.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        if self.deadline_lifted.load(Ordering::Relaxed) { self.own_deadline } else { self.deadline }
    }

    /// Takes the inherited deadline from the job.
    pub(crate) fn lift_inherited_deadline(&self) {
        self.deadline_lifted.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_expired(&self) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= Instant::now())
    }
}
