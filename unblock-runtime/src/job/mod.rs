//! What a running job may ask: its [`name`], its [`pool`], its [`deadline`], whether it [is
//! cancelled](is_cancelled); and what it may say: that a part of it is [`blocking`], and what is to
//! happen [when it is cancelled](on_cancel()). Around them: the options with which a closure is
//! submitted ([`JobBuilder`]), and one deadline for all jobs of a future ([`within`]).

// A job is the work, the place for its outcome and what the pool knows of it, in one allocation
// that the queue and the awaiting caller share:
//
//     Job ─┬─ completion   the work, then the outcome, and the task that awaits it
//          ├─ origin       the pool and the event loop that the job came from
//          └─ header       its type, handler, deadline, position in the queue
//
// A `Submission` is the caller's handle. The queue and the workers hold the same job as `dyn Run`.

mod abort_handle;
#[cfg(not(loom))]
pub(crate) mod block_on;
mod builder;
pub(crate) mod caller_times;
pub(crate) mod completion;
pub(crate) mod context;
pub(crate) mod deadline;
pub(crate) mod handler;
pub(crate) mod header;
mod name;
pub(crate) mod on_cancel;
pub(crate) mod origin;
#[cfg_attr(not(feature = "tracing"), path = "no_span.rs")]
pub(crate) mod span;
mod submission;
mod submission_set;
mod work;

use std::sync::Arc;
use std::task::{Context, Poll};

pub use self::abort_handle::AbortHandle;
pub use self::builder::JobBuilder;
use self::completion::{Completion, Expired};
pub use self::context::{blocking, deadline, is_cancelled, name, pool};
pub use self::deadline::within;
pub(crate) use self::header::{Header, SubmitOptions};
pub(crate) use self::name::JobName;
pub use self::on_cancel::{OnCancel, on_cancel};
use self::origin::Origin;
use self::span::JobSpan;
pub use self::submission::Submission;
pub use self::submission_set::SubmissionSet;
#[cfg(feature = "processes")]
pub(crate) use self::work::Fallible;
pub(crate) use self::work::Work;
use crate::clock;
use crate::error::Error;
use crate::pool::{Shared, enter};
use crate::queue::{AtomicPosition, Behavior, Position, Queued};
use crate::stats::Counters;
use crate::unwind;

/// A job as the queue and the workers see it.
pub(crate) trait Run: Queued + Send + Sync {
    fn header(&self) -> &Header;

    fn pool(&self) -> &Arc<Shared>;

    fn job_name(&self) -> JobName;

    fn name(&self) -> &'static str {
        self.job_name().get()
    }

    /// Returns true if the work was begun, whatever became of it.
    fn has_begun(&self) -> bool;

    /// Returns true if the job has its outcome.
    fn is_finished(&self) -> bool;

    /// Runs the work and stores its outcome, unless the job is over. `now` is when its turn came,
    /// by [`clock::now`]. Returns when it ended.
    fn run(&self, now: u64) -> u64;

    /// Ends the job if it has not begun. Tells a running job that it is cancelled.
    fn cancel(&self, by: CancelledBy);

    /// Ends a job that the pool does not take, or that no worker will take.
    fn refuse(&self, error: Error);

    /// Ends the wait for the job because its deadline has passed.
    fn expire(&self);
}

/// Who cancels a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CancelledBy {
    Caller,
    Shutdown,
}

/// A job as its caller sees it.
pub(crate) trait Await<T>: Run {
    fn poll(&self, cx: &Context<'_>) -> Poll<Result<T, Error>>;

    /// Takes the outcome if it is there.
    fn take(&mut self) -> Option<Result<T, Error>>;
}

/// The job of the work `F`, which gives a `T`.
///
/// The event loop and a worker pass it from core to core. The fields that both write come first,
/// next to the count of its handles, so that they are on as few cache lines as possible.
#[repr(C)]
pub(crate) struct Job<F, T> {
    completion: Completion<F, T>,
    origin: Origin,
    header: Header,
}

impl<F, T> Job<F, T>
where
    F: Work<T>,
    T: Send + 'static,
{
    pub(crate) fn new(work: F, origin: Origin, header: Header) -> Arc<Self> {
        Arc::new(Self { completion: Completion::new(work), origin, header })
    }

    /// Returns where the job is in memory.
    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// What this thread counts for the job's function.
    fn counters(&self) -> &Counters {
        self.origin.pool().functions.counters(self.header.function)
    }

    /// Notes how long the job waited before it began, or before its deadline passed.
    fn waited(&self, nanos: u64, counters: &Counters) {
        counters.waited(nanos);
        if let Some(times) = &self.header.caller_times {
            times.waited(nanos);
        }
    }

    /// Notes how long the job ran.
    fn ran(&self, nanos: u64, counters: &Counters) {
        counters.ran(nanos);
        if let Some(times) = &self.header.caller_times {
            times.ran(nanos);
        }
    }

    /// Takes the work back out of a job that the pool does not take.
    pub(crate) fn take_work(&self) -> Option<F> {
        self.header.span.end("rejected");
        self.take_back(Error::Cancelled)
    }

    /// Ends a job that has not begun, and counts it as rejected.
    fn take_back(&self, error: Error) -> Option<F> {
        let counters = self.counters();
        self.completion.abort(error, self.origin.submitter_loop(), || counters.rejected())
    }
}

impl<F, T> Queued for Job<F, T>
where
    F: Work<T>,
    T: Send + 'static,
{
    fn position(&self) -> &AtomicPosition {
        &self.header.position
    }

    fn is_tombstone(&self) -> bool {
        self.completion.is_past_queue()
    }

    fn behavior(&self) -> Behavior {
        self.header.job_type.profile().behavior()
    }
}

impl<F, T> Run for Job<F, T>
where
    F: Work<T>,
    T: Send + 'static,
{
    fn header(&self) -> &Header {
        &self.header
    }

    fn pool(&self) -> &Arc<Shared> {
        self.origin.pool()
    }

    fn job_name(&self) -> JobName {
        JobName::of::<F>(self.header.handler)
    }

    fn has_begun(&self) -> bool {
        self.completion.has_begun()
    }

    fn is_finished(&self) -> bool {
        self.completion.is_finished()
    }

    fn run(&self, now: u64) -> u64 {
        if self.header.is_expired() {
            self.expire();
            return now;
        }
        let (pool, submitter) = (self.origin.pool(), self.origin.submitter_loop());
        // A shutdown that emptied the queue did not find this job, because a worker had it already.
        if pool.is_stopping() {
            self.cancel(CancelledBy::Shutdown);
            return now;
        }
        let counters = self.counters();
        let Some(work) = self.completion.begin(|| counters.started()) else { return now };
        let waited = now.saturating_sub(self.header.submitted);
        self.waited(waited, counters);
        pool.job_begins(&self.header, waited);
        let span = self.header.span.take();
        span.begin(waited);
        let entry = self.header.enters_pool.then(|| enter::Entry::new(Arc::clone(pool)));
        let outcome = unwind::catch(|| span.run(|| work.run()));
        let outcome = outcome.map_err(Error::Panicked).flatten();
        drop(entry);
        let ended = clock::now();
        self.ran(ended - now, counters);
        span.ran(ended - now, outcome_name(&outcome));
        pool.job_ran(&self.header, ended - now);
        let late = self.completion.complete(
            outcome,
            submitter,
            |outcome| counters.ended(outcome),
            || counters.abandoned_ended(),
        );
        pool.job_ended();
        drop(late);
        ended
    }

    fn cancel(&self, by: CancelledBy) {
        let (pool, submitter) = (self.origin.pool(), self.origin.submitter_loop());
        self.header.set_cancelled();
        let counters = self.counters();
        let count = || counters.cancelled(by);
        if let Some(work) = self.completion.abort(Error::Cancelled, submitter, count) {
            self.header.span.end("cancelled");
            pool.job_withdrawn(&self.header);
            drop(work);
        } else {
            pool.cancel_hooks.call_those_of(self.address());
        }
    }

    fn refuse(&self, error: Error) {
        self.header.span.refuse(&error);
        let Some(work) = self.take_back(error) else { return };
        if self.header.position.get() != Position::WithCaller {
            self.origin.pool().job_withdrawn(&self.header);
        }
        drop(work);
    }

    fn expire(&self) {
        let (pool, submitter) = (self.origin.pool(), self.origin.submitter_loop());
        let counters = self.counters();
        let mut abandoned = false;
        let work = self.completion.expire(submitter, |at| match at {
            Expired::Queued => counters.timed_out_queued(),
            Expired::Running => {
                abandoned = true;
                counters.abandoned();
            }
        });
        if abandoned {
            JobSpan::abandon(&pool.name, self.job_name());
            pool.cancel_hooks.call_those_of(self.address());
        }
        if let Some(work) = work {
            self.header.span.end("timed_out");
            self.waited(clock::now().saturating_sub(self.header.submitted), counters);
            pool.job_withdrawn(&self.header);
            drop(work);
        }
    }
}

impl<F, T> Await<T> for Job<F, T>
where
    F: Work<T>,
    T: Send + 'static,
{
    fn poll(&self, cx: &Context<'_>) -> Poll<Result<T, Error>> {
        self.completion.poll(cx, self.origin.submitter_loop())
    }

    fn take(&mut self) -> Option<Result<T, Error>> {
        self.completion.take()
    }
}

/// Returns the name of the outcome of a job that has run, as statistics have it.
fn outcome_name<T>(outcome: &Result<T, Error>) -> &'static str {
    match outcome {
        Ok(_) => "completed",
        Err(Error::Panicked(_)) => "panicked",
        Err(_) => "failed",
    }
}
