//! A job: the work, the place for its result and what is known of it, in one allocation that the queue and the
//! awaiting caller share.

pub(crate) mod completion;
pub(crate) mod context;
pub(crate) mod deadline;
pub(crate) mod handler;
pub(crate) mod origin;
pub(crate) mod submission;

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use self::completion::{Completion, Expired};
use self::handler::Handler;
use self::origin::Origin;
use crate::error::Error;
use crate::pool::Shared;
use crate::queue::admission::{Average, Expected};
use crate::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use crate::unwind;
use crate::workers::profile::Kind;

pub use self::context::{deadline, is_cancelled, name};
pub use self::submission::Submission;

/// A job as the queue and the workers see it.
pub(crate) trait Run: Send + Sync {
    fn header(&self) -> &Header;

    fn pool(&self) -> &Arc<Shared>;

    fn name(&self) -> &'static str;

    /// Runs the work and stores its outcome, unless the job is over.
    fn run(&self);

    /// Ends the job with `error` if it has not begun; tells a running one that it is cancelled.
    fn abort(&self, error: Error);

    /// Ends a job that the pool does not take.
    fn refuse(&self, error: Error);

    /// Ends the wait for the job because its deadline has passed.
    fn expire(&self);

    /// Whether a worker that takes the job would find nothing to run.
    fn is_past_queue(&self) -> bool;
}

/// A job as its caller sees it.
pub(crate) trait Await<T>: Run {
    fn poll(&self, cx: &Context<'_>) -> Poll<Result<T, Error>>;

    /// The outcome, if it is there.
    fn take(&mut self) -> Option<Result<T, Error>>;
}

/// What is known of a job whatever its work is.
pub(crate) struct Header {
    pub(crate) handler: Option<&'static Handler>,
    pub(crate) kind: Kind,
    deadline: Option<Instant>,
    /// What was expected of it, in a pool that keeps such accounts. Apart, because it is cold and most pools keep none.
    pub(crate) account: Option<Box<Account>>,
    /// The deadline counts no more.
    freed: AtomicBool,
    cancelled: AtomicBool,
    /// It goes ahead to show what its kind does.
    pub(crate) scout: AtomicBool,
    pub(crate) place: Place,
}

/// How a job is to be run.
#[derive(Clone, Copy, Default)]
pub(crate) struct Order {
    pub(crate) handler: Option<&'static Handler>,
    pub(crate) deadline: Option<Instant>,
    /// Refuse it at once if it would have to wait too long.
    pub(crate) shed: bool,
}

impl Order {
    /// Of a closure, with no deadline but that of the request that this thread is busy with.
    pub(crate) fn plain() -> Self {
        Self { deadline: deadline::inherited(), ..Self::default() }
    }
}

/// A job in the accounts of its pool's admission.
#[derive(Clone, Copy)]
pub(crate) struct Account {
    pub(crate) submitted: Instant,
    pub(crate) expected: Expected,
}

impl Header {
    #[inline]
    pub(crate) fn new(kind: Kind, order: Order, account: Option<Box<Account>>) -> Self {
        let place = Place(AtomicU8::new(Place::OUTSIDE));
        let Order { handler, deadline, .. } = order;
        let (freed, cancelled) = (AtomicBool::new(false), AtomicBool::new(false));
        let scout = AtomicBool::new(false);
        Self { handler, kind, deadline, account, freed, cancelled, scout, place }
    }

    /// The average that this job's time belongs to, besides its pool's.
    pub(crate) fn run_time(&self) -> Option<&Average> {
        self.handler.map(|handler| &handler.run_time)
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// When the caller stops waiting.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline.filter(|_| !self.freed.load(Ordering::Relaxed))
    }

    /// From now on the job has all the time that it takes.
    pub(crate) fn free(&self) {
        self.freed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_expired(&self) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= Instant::now())
    }
}

/// Where a waiting job stands. Changed under the lock of the queue's line, except for a job that nobody else
/// can see yet.
pub(crate) struct Place(AtomicU8);

impl Place {
    /// With its caller only.
    pub(crate) const OUTSIDE: u8 = 0;
    /// In the line of those who wait for room in the queue.
    pub(crate) const IN_LINE: u8 = 1;
    /// In the queue, where it takes up room.
    pub(crate) const IN_QUEUE: u8 = 2;
    /// It left the line without entering the queue.
    pub(crate) const LEFT: u8 = 3;

    pub(crate) fn get(&self) -> u8 {
        self.0.load(Ordering::Acquire)
    }

    pub(crate) fn set(&self, place: u8) {
        self.0.store(place, Ordering::Release);
    }
}

/// The loop and a worker pass it from core to core, so what both write comes first, next to the count of its handles: it
/// is on as few cache lines as can be.
#[repr(C)]
pub(crate) struct Job<F, T> {
    completion: Completion<F, T>,
    origin: Origin,
    header: Header,
}

impl<F, T> Job<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    pub(crate) fn new(
        work: F,
        origin: Origin,
        order: Order,
        account: Option<Box<Account>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            completion: Completion::new(work),
            origin,
            header: Header::new(Kind::of::<F>(), order, account),
        })
    }

    /// The work of a job that the pool does not take, for a caller who wants it back.
    pub(crate) fn take_work(&self) -> Option<F> {
        let pool = self.origin.pool();
        let work = self
            .completion
            .abort(Error::Cancelled, self.origin.home(), || pool.counters.rejected())?;
        pool.waits_no_more(&self.header);
        Some(work)
    }
}

impl<F, T> Run for Job<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    fn header(&self) -> &Header {
        &self.header
    }

    fn pool(&self) -> &Arc<Shared> {
        self.origin.pool()
    }

    fn name(&self) -> &'static str {
        match self.header.handler {
            Some(handler) => handler.name::<F>(),
            None => handler::enclosing_function::<F>(),
        }
    }

    fn run(&self) {
        if self.header.is_expired() {
            return self.expire();
        }
        let pool = self.origin.pool();
        // It was in nobody's sight when the queue was emptied.
        if pool.is_stopping() {
            return self.abort(Error::Cancelled);
        }
        let Some(work) = self.completion.begin(|| pool.counters.started()) else { return };
        pool.waits_no_more(&self.header);
        pool.moved(pool.queue.leave());
        let begun = self.header.account.as_ref().map(|account| {
            let now = Instant::now();
            pool.admission.waited(account.expected, now - account.submitted);
            now
        });
        let outcome = unwind::catch(work).map_err(Error::Panicked);
        if let Some(begun) = begun {
            pool.admission.ran(self.header.run_time(), begun.elapsed());
        }
        let late = self.completion.complete(
            outcome,
            self.origin.home(),
            |outcome| pool.counters.ended(outcome.is_ok()),
            || pool.counters.abandoned_ended(),
        );
        pool.job_ended();
        drop(late);
    }

    fn abort(&self, error: Error) {
        let pool = self.origin.pool();
        self.header.cancelled.store(true, Ordering::Relaxed);
        if let Some(work) =
            self.completion.abort(error, self.origin.home(), || pool.counters.cancelled())
        {
            pool.waits_no_more(&self.header);
            pool.moved(pool.queue.withdraw(&self.header.place));
            pool.job_ended();
            drop(work);
        }
    }

    fn refuse(&self, error: Error) {
        let pool = self.origin.pool();
        if let Some(work) =
            self.completion.abort(error, self.origin.home(), || pool.counters.rejected())
        {
            pool.waits_no_more(&self.header);
            drop(work);
        }
    }

    fn expire(&self) {
        let pool = self.origin.pool();
        let work = self.completion.expire(self.origin.home(), |at| match at {
            Expired::Queued => pool.counters.timed_out_queued(),
            Expired::Running => pool.counters.abandoned(),
        });
        if let Some(work) = work {
            pool.waits_no_more(&self.header);
            pool.moved(pool.queue.withdraw(&self.header.place));
            pool.job_ended();
            drop(work);
        }
    }

    fn is_past_queue(&self) -> bool {
        self.completion.is_past_queue()
    }
}

impl<F, T> Await<T> for Job<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    fn poll(&self, cx: &Context<'_>) -> Poll<Result<T, Error>> {
        self.completion.poll(cx, self.origin.home())
    }

    fn take(&mut self) -> Option<Result<T, Error>> {
        self.completion.take()
    }
}
