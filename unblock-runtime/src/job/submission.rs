//! A submitted job, as its caller holds it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

#[cfg(not(loom))]
use super::block_on::block_on;
use super::{AbortHandle, Await, CancelledBy, Run, deadline};
use crate::error::Error;
use crate::event_loop::Waiter;
use crate::pool::caller_runs;
use crate::queue::Position;
use crate::timer::Alarm;

/// The outcome of a job, to be awaited; under any executor.
///
/// Dropping it cancels the job. If the job still waits, it never runs, and what it had captured is
/// dropped at once. A job that runs already runs to its end, and can see
/// [`job::is_cancelled`](crate::job::is_cancelled). [`detach`](Self::detach) lets it run unobserved
/// instead.
///
/// A job that the pool refuses at once is over at once, and what it had captured is dropped. Its
/// caller is told at once, too, unless refusals are many. Then they are spaced out (2,000 a second
/// for each core), so that clients that ask again at once cannot take the cores from the work.
///
/// The job is in the pool's queue from the start if there was room. If not, the first poll puts it
/// on a waitlist, and it enters the queue in the order of the waitlist as soon as there is room. It
/// holds no thread while it waits.
#[must_use = "dropping a submission cancels its job; await it or `detach` it"]
pub struct Submission<T> {
    job: Arc<dyn Await<T>>,
    state: State,
    /// The deadline of the job, here to be read without a look at the job; or when its refusal is
    /// due.
    deadline: Option<Instant>,
    /// The alarm for the deadline. It is boxed because few submissions have one.
    alarm: Option<Box<Alarm>>,
}

/// What a submission waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It waits for the outcome. Dropping it cancels the job.
    Outcome,
    /// The job was refused, and the caller is told when the deadline is over.
    Refusal,
    /// It waits for nothing: the outcome was taken, or nobody wants it.
    Nothing,
}

impl<T> Submission<T> {
    pub(crate) fn new(job: Arc<dyn Await<T>>, deadline: Option<Instant>) -> Self {
        Self { job, state: State::Outcome, deadline, alarm: None }
    }

    /// The submission of a job that was refused. Its caller is told at `due`, or at once.
    pub(crate) fn refused(job: Arc<dyn Await<T>>, due: Option<Instant>) -> Self {
        let state = if due.is_some() { State::Refusal } else { State::Outcome };
        Self { job, state, deadline: due, alarm: None }
    }

    /// Cancels the job if it has not begun: it never runs, what it had captured is dropped now, and
    /// the outcome is [`Error::Cancelled`]. A running job is told by
    /// [`job::is_cancelled`](crate::job::is_cancelled), and its outcome is the one that it ends
    /// with. Does not block.
    pub fn cancel(&self) {
        self.job.cancel(CancelledBy::Caller);
    }

    /// Returns a handle that cancels the job from elsewhere, while this is awaited. Does not block.
    pub fn abort_handle(&self) -> AbortHandle
    where
        T: 'static,
    {
        AbortHandle::new(Arc::clone(&self.job) as Arc<dyn Run>)
    }

    /// Returns true if the job has begun, whatever has become of it since. Takes a short lock, and
    /// does not wait for the job.
    ///
    /// After [`Error::TimedOut`], [`Error::Cancelled`] and [`Error::Overloaded`] it says whether
    /// the work may have had an effect. Only a job that has timed out may have begun, and then it
    /// goes on. Await the submission by reference, so that it is there to be asked:
    ///
    /// ```
    /// use std::time::Duration;
    /// use unblock_runtime::{Error, Pool};
    ///
    /// # let pool = Pool::builder().parallelism(1).max_threads(1).build().unwrap();
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    /// # runtime.block_on(async {
    /// let mut payment = pool.job("pay").timeout(Duration::ZERO).submit(|| "paid");
    /// match (&mut payment).await {
    ///     Ok(receipt) => println!("{receipt}"),
    ///     Err(Error::TimedOut) if payment.has_begun() => println!("ask the bank"),
    ///     Err(error) => println!("nothing was paid, try again: {error}"),
    /// }
    /// # assert!(!payment.has_begun());
    /// # });
    /// ```
    pub fn has_begun(&self) -> bool {
        self.job.has_begun()
    }

    /// Returns true if the job has its outcome, so that awaiting this would not wait, unless the
    /// outcome is a refusal whose turn has not come. Takes a short lock.
    pub fn is_finished(&self) -> bool {
        self.job.is_finished()
    }

    /// Waits for the outcome by blocking this thread, for code without an executor.
    ///
    /// On the thread of an event loop it blocks the loop, and the outcome comes all the same. In a
    /// job of the same pool it counts as blocking, so that another worker runs meanwhile. In a pool
    /// without threads, which tests have, it runs the jobs in front and this one.
    ///
    /// # Errors
    ///
    /// As for awaiting it.
    #[cfg(not(loom))]
    pub fn wait(self) -> Result<T, Error> {
        self.run_queued();
        block_on(self)
    }

    /// In a pool without threads, runs jobs on this thread until this one is over, or there is none
    /// left. Panics if this one could never end.
    pub(super) fn run_queued(&self) {
        let pool = self.job.pool();
        if let Some(caller_runs) = &pool.caller_runs {
            self.wait_for_room();
            caller_runs.run_until(pool, || self.job.is_finished());
            caller_runs.assert_can_end(pool, &*self.job);
        }
    }

    /// Lets the job run without anybody waiting for it. If there was no room in the queue, the job
    /// joins the waitlist now. If as many jobs wait there as the queue has room for, and 1,024 at
    /// least, the job is refused: it never runs, what it had captured is dropped now, it counts as
    /// [rejected](crate::Stats::rejected), and the first time is logged.
    /// [`Pool::try_submit`](crate::Pool::try_submit) tells when there is no room.
    ///
    /// A job that was submitted for a request or in a [scope](crate::job::within) does not have
    /// their deadline any more. A [`timeout`](crate::job::JobBuilder::timeout) of its own stays: if
    /// it is over before the job's turn, the job does not run.
    pub fn detach(mut self) {
        self.job.header().lift_inherited_deadline();
        self.release();
    }

    /// Lets the job run even if this is dropped. Nothing but this bounds the jobs that nobody waits
    /// for.
    pub(crate) fn release(&mut self) {
        let pool = self.job.pool();
        if self.needs_room() && pool.has_long_waitlist() {
            let retry_after = pool.predicted_wait(&*self.job);
            self.job.refuse(Error::Overloaded { retry_after });
        } else {
            self.wait_for_room();
        }
        self.state = State::Nothing;
    }

    fn is_expired(&self) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= Instant::now())
    }

    /// Has the task of `cx` woken at the deadline.
    ///
    /// The alarm only wakes. The poll that follows finds the deadline passed and ends the wait, so
    /// that the caller drops what the job had captured, and never the timer.
    fn set_alarm(&mut self, cx: &Context<'_>) {
        let Some(deadline) = self.deadline else { return };
        match &mut self.alarm {
            Some(alarm) => alarm.set_waiter(Waiter::new(cx)),
            None => self.alarm = Some(Box::new(Alarm::at(deadline, Waiter::new(cx)))),
        }
    }

    /// Returns true if the job has found no room and has not joined the waitlist.
    fn needs_room(&self) -> bool {
        // A job that was refused has nothing to run, so nothing would give its room back.
        self.job.position().get() == Position::WithCaller && !self.job.is_tombstone()
    }

    /// Has the job join the waitlist if it found no room in the queue.
    pub(crate) fn wait_for_room(&self) {
        if self.needs_room() {
            self.job.pool().join_waitlist(&(Arc::clone(&self.job) as Arc<dyn Run>));
        }
    }
}

impl<T> Future for Submission<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if this.state == State::Refusal {
            if this.is_expired() {
                this.state = State::Outcome;
            } else {
                this.set_alarm(cx);
                return Poll::Pending;
            }
        } else if this.is_expired() {
            this.job.expire();
        }
        // The job that polls blocks this thread, so nobody else runs what it waits for.
        if caller_runs::is_in_job() {
            this.run_queued();
        }
        // A worker has nearly always let go of a job by the time its outcome is looked at.
        let polled = match Arc::get_mut(&mut this.job).and_then(Await::take) {
            Some(outcome) => Poll::Ready(outcome),
            None => this.job.poll(cx),
        };
        if let Poll::Ready(outcome) = polled {
            this.state = State::Nothing;
            this.alarm = None;
            return Poll::Ready(outcome);
        }
        this.wait_for_room();
        // The deadline of a request needs no alarm here, because the server has one for it.
        if let Some(deadline) = this.deadline
            && !deadline::server_looks_before(deadline)
        {
            this.set_alarm(cx);
        }
        Poll::Pending
    }
}

impl<T> Drop for Submission<T> {
    fn drop(&mut self) {
        if self.state != State::Outcome {
            return;
        }
        // The server drops the calls of a request when the request's time is up.
        if self.is_expired() {
            self.job.expire();
        } else {
            self.job.cancel(CancelledBy::Caller);
        }
    }
}

impl<T> fmt::Debug for Submission<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submission").field("job", &self.job.name()).finish_non_exhaustive()
    }
}
