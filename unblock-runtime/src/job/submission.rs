//! A submitted job, as its caller holds it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use crate::error::Error;
use crate::job::completion::Waiter;
use crate::job::deadline;
use crate::job::{Await, Place};
use crate::timer::Alarm;

/// The outcome of a job, to be awaited; under any executor.
///
/// Dropping it cancels the job: if it still waits, it never runs, and what it had captured is dropped at once. A job
/// that runs already runs to its end and can see [`job::is_cancelled`](crate::job::is_cancelled).
/// [`detach`](Self::detach) lets it run unobserved instead.
///
/// The job is in the pool's queue from the start if there was room. If not, the first poll puts it in line, and it
/// enters the queue in the order of the line as soon as there is room. It holds no thread while it waits.
#[must_use = "dropping a submission cancels its job; await it or `detach` it"]
pub struct Submission<T> {
    job: Arc<dyn Await<T>>,
    /// The job's, to be read without a look at the job.
    deadline: Option<Instant>,
    /// Apart, because few have one.
    alarm: Option<Box<Alarm>>,
    /// Nothing is to be cancelled when it is dropped: the outcome was taken, or nobody wants it.
    settled: bool,
}

impl<T> Submission<T> {
    pub(crate) fn new(job: Arc<dyn Await<T>>, deadline: Option<Instant>) -> Self {
        Self { job, deadline, alarm: None, settled: false }
    }

    /// Cancels the job if it has not begun: it never runs, what it had captured is dropped now, and the outcome is
    /// [`Error::Cancelled`]. A running job is told by [`job::is_cancelled`](crate::job::is_cancelled) and the outcome
    /// is what it ends with. Does not block.
    pub fn cancel(&self) {
        self.job.abort(Error::Cancelled);
    }

    /// Lets the job run without anybody waiting for it. It enters the line for room now, if it has none yet.
    ///
    /// If it was submitted for a request, the request's deadline counts for it no more.
    pub fn detach(mut self) {
        self.job.header().free();
        self.set_detached();
    }

    /// From now on, dropping this lets the job run.
    pub(crate) fn set_detached(&mut self) {
        self.stand_in_line();
        self.settled = true;
    }

    fn is_expired(&self) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= Instant::now())
    }

    fn stand_in_line(&self) {
        // What was cancelled before it stood in line has nothing to run, and so nobody to give its place back.
        if self.job.header().place.get() == Place::OUTSIDE && !self.job.is_past_queue() {
            self.job.pool().stand_in_line(&(Arc::clone(&self.job) as Arc<dyn crate::job::Run>));
        }
    }
}

impl<T> Future for Submission<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if this.is_expired() {
            this.job.expire();
        }
        // A worker has nearly always let go of a job by the time its outcome is looked at.
        let polled = match Arc::get_mut(&mut this.job).and_then(Await::take) {
            Some(outcome) => Poll::Ready(outcome),
            None => this.job.poll(cx),
        };
        if let Poll::Ready(outcome) = polled {
            this.settled = true;
            this.alarm = None;
            return Poll::Ready(outcome);
        }
        this.stand_in_line();
        // No alarm is needed where whoever answers the request has one, which is as early.
        if let Some(deadline) = this.deadline
            && deadline::inherited().is_none_or(|request| deadline < request)
        {
            // The alarm only wakes: this poll's successor finds the deadline passed and ends the wait, so that what
            // the job had captured is dropped by its caller and never by the timer's thread.
            match &mut this.alarm {
                Some(alarm) => alarm.set_waiter(Waiter::new(cx)),
                None => this.alarm = Some(Box::new(Alarm::at(deadline, Waiter::new(cx)))),
            }
        }
        Poll::Pending
    }
}

impl<T> Drop for Submission<T> {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        // Whoever waits for a request drops its calls when its time is up.
        if self.is_expired() {
            self.job.expire();
        } else {
            self.job.abort(Error::Cancelled);
        }
    }
}

impl<T> fmt::Debug for Submission<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submission").field("job", &self.job.name()).finish_non_exhaustive()
    }
}
