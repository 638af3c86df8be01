//! A submitted job, as its caller holds it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use super::{Await, Run, deadline};
use crate::error::Error;
use crate::event_loop::Waiter;
use crate::queue::Position;
use crate::timer::Alarm;

/// The outcome of a job, to be awaited; under any executor.
///
/// Dropping it cancels the job. If the job still waits, it never runs, and what it had captured is
/// dropped at once. A job that runs already runs to its end, and can see
/// [`job::is_cancelled`](crate::job::is_cancelled). [`detach`](Self::detach) lets it run unobserved
/// instead.
///
/// The job is in the pool's queue from the start if there was room. If not, the first poll puts it
/// on a waitlist, and it enters the queue in the order of the waitlist as soon as there is room. It
/// holds no thread while it waits.
#[must_use = "dropping a submission cancels its job; await it or `detach` it"]
pub struct Submission<T> {
    job: Arc<dyn Await<T>>,
    /// The deadline of the job, here to be read without a look at the job.
    deadline: Option<Instant>,
    /// The alarm for the deadline. It is boxed because few submissions have one.
    alarm: Option<Box<Alarm>>,
    /// True if dropping the submission cancels nothing: the outcome was taken, or nobody wants it.
    is_released: bool,
}

impl<T> Submission<T> {
    pub(crate) fn new(job: Arc<dyn Await<T>>, deadline: Option<Instant>) -> Self {
        Self { job, deadline, alarm: None, is_released: false }
    }

    /// Cancels the job if it has not begun: it never runs, what it had captured is dropped now, and
    /// the outcome is [`Error::Cancelled`]. A running job is told by
    /// [`job::is_cancelled`](crate::job::is_cancelled), and its outcome is the one that it ends
    /// with. Does not block.
    pub fn cancel(&self) {
        self.job.abort(Error::Cancelled);
    }

    /// Lets the job run without anybody waiting for it. If there was no room in the queue, the job
    /// joins the waitlist now.
    ///
    /// A job that was submitted for a request does not have the request's deadline any more.
    pub fn detach(mut self) {
        self.job.header().lift_deadline();
        self.release();
    }

    /// Lets the job run even if this is dropped.
    pub(crate) fn release(&mut self) {
        self.wait_for_room();
        self.is_released = true;
    }

    fn is_expired(&self) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= Instant::now())
    }

    fn wait_for_room(&self) {
        // A job that was cancelled before it joined the waitlist has nothing to run, so nothing
        // would give its room back.
        let is_with_caller = self.job.position().get() == Position::WithCaller;
        if is_with_caller && !self.job.is_tombstone() {
            self.job.pool().wait_for_room(&(Arc::clone(&self.job) as Arc<dyn Run>));
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
            this.is_released = true;
            this.alarm = None;
            return Poll::Ready(outcome);
        }
        this.wait_for_room();
        // The deadline of a request needs no alarm here, because the server has one for it.
        if let Some(deadline) = this.deadline
            && deadline::inherited().is_none_or(|request| deadline < request)
        {
            // The alarm only wakes. The poll that follows finds the deadline passed and ends the
            // wait, so that the caller drops what the job had captured, and never the timer.
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
        if self.is_released {
            return;
        }
        // The server drops the calls of a request when the request's time is up.
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
