//! The shutdown of a pool: the wait for it, and the report of what was left.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::shared::Shared;
use crate::event_loop::Waiter;
#[cfg(not(loom))]
use crate::job::block_on::block_on;
use crate::stats::Counts;
use crate::timer::Alarm;

/// The report of a [shutdown](crate::Pool::shutdown). Its `Display` is a line for a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shutdown {
    /// Number of jobs that ended, with a value or a panic, after the call.
    pub finished: u64,
    /// Number of jobs that had not begun when they were cancelled, by this shutdown or by another
    /// at once, and never will.
    pub cancelled: u64,
    /// Number of jobs that still ran when the time was over. They run on, and are told that they
    /// are cancelled.
    pub running: u64,
    /// The names of the jobs that still ran, and how many of each. A job that ended just then may
    /// be in one of the two counts alone.
    pub left: BTreeMap<&'static str, u64>,
}

impl Shutdown {
    /// Returns true if no job was cancelled or left running.
    pub fn is_complete(&self) -> bool {
        self.cancelled == 0 && self.running == 0
    }
}

impl fmt::Display for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { finished, cancelled, running, left } = self;
        write!(f, "finished: {finished}, cancelled: {cancelled}, running: {running}")?;
        for (name, jobs) in left {
            write!(f, ", {name}: {jobs}")?;
        }
        Ok(())
    }
}

/// A shutdown that is under way, as a future of its report; from
/// [`Pool::shutdown`](crate::Pool::shutdown), which says what dropping it does.
///
/// ```
/// use std::time::Duration;
/// use unblock_runtime::{Pool, job};
///
/// let pool = Pool::builder().parallelism(1).max_threads(1).build()?;
/// let (begun, begins) = std::sync::mpsc::channel();
/// let endless = pool.submit(move || {
///     begun.send(()).unwrap();
///     while !job::is_cancelled() {
///         std::thread::yield_now();
///     }
/// });
/// begins.recv().unwrap();
/// // Running jobs are told at once, and have ten seconds to end.
/// let report = pool.shutdown(Duration::from_secs(10)).cancel_after(Duration::ZERO).wait();
/// assert_eq!(report.to_string(), "finished: 1, cancelled: 0, running: 0");
/// # drop(endless);
/// # Ok::<(), unblock_runtime::BuildError>(())
/// ```
#[must_use = "the pool is closed, and nobody waits for its jobs"]
pub struct ShuttingDown {
    shared: Arc<Shared>,
    /// What the pool had done when the shutdown began.
    before: Counts,
    /// When to cancel, until that is done. `None` also if the time never comes.
    cancel_at: Option<Instant>,
    deadline: Option<Instant>,
    /// The number of this wait's waiter, once it has been polled.
    number: Option<u64>,
    alarm: Option<Alarm>,
}

impl ShuttingDown {
    /// Closes the pool. The shutdown waits until the deadline, or as long as it takes.
    pub(super) fn begin(shared: Arc<Shared>, grace: Duration) -> Self {
        let deadline = Instant::now().checked_add(grace);
        let before = shared.functions.counts();
        shared.close();
        Self { shared, before, cancel_at: deadline, deadline, number: None, alarm: None }
    }

    /// Cancels when `time` from now is over and waits on for the rest of the grace, instead of
    /// cancelling when the grace is over: jobs that have not begun never will, and
    /// [`job::is_cancelled`](crate::job::is_cancelled) tells those that run, so that they can end
    /// in time. With [`Duration::ZERO`] the first poll cancels. A time beyond the grace changes
    /// nothing.
    ///
    /// The jobs are the pool's, so of several shutdowns at once the first whose time is over
    /// cancels for all.
    pub fn cancel_after(mut self, time: Duration) -> Self {
        let at = Instant::now().checked_add(time);
        self.cancel_at = at.into_iter().chain(self.deadline).min();
        self
    }

    /// Waits for the end of the shutdown by blocking this thread, for code without an executor.
    ///
    /// Not to be called in a job of the pool, which it would wait for until the grace is over.
    #[cfg(not(loom))]
    pub fn wait(self) -> Shutdown {
        if let Some(caller_runs) = &self.shared.caller_runs {
            let cancels = || self.cancel_at.is_some_and(|at| at <= Instant::now());
            caller_runs.run_until(&self.shared, cancels);
        }
        block_on(self)
    }

    fn report(&self, running: u64, left: BTreeMap<&'static str, u64>) -> Shutdown {
        let now = self.shared.functions.counts();
        Shutdown {
            finished: now.ended - self.before.ended,
            cancelled: now.cancelled_by_shutdown - self.before.cancelled_by_shutdown,
            running,
            left,
        }
    }

    fn set_alarm(&mut self, at: Instant, cx: &Context<'_>) {
        match &mut self.alarm {
            Some(alarm) if alarm.time() == at => alarm.set_waiter(Waiter::new(cx)),
            _ => self.alarm = Some(Alarm::at(at, Waiter::new(cx))),
        }
    }

    fn set_waiter(&mut self, waiter: Waiter) {
        let mut waiters = self.shared.shutdown_waiters.lock();
        let number = *self.number.get_or_insert(waiters.next);
        waiters.next = waiters.next.max(number + 1);
        let replaced = waiters.waiters.insert(number, waiter);
        drop(waiters);
        drop(replaced);
    }
}

impl Future for ShuttingDown {
    type Output = Shutdown;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Shutdown> {
        let this = self.get_mut();
        let now = Instant::now();
        if this.cancel_at.is_some_and(|at| at <= now) {
            this.cancel_at = None;
            this.shared.cancel_queued();
        }
        // The waiter is stored before the counts are read, and a thread that ends a job reads the
        // waiters after it has counted.
        this.set_waiter(Waiter::new(cx));
        // A job is counted as running before it leaves the queue, so none is missed in between. A
        // submission that was never polled holds no room and cannot get any after the close, so
        // the shutdown need not wait for it.
        let shared = &this.shared;
        if shared.queue.is_finished() && shared.functions.counts().on_threads() == 0 {
            return Poll::Ready(this.report(0, BTreeMap::new()));
        }
        if this.deadline.is_some_and(|deadline| deadline <= now) {
            let running = shared.functions.counts().on_threads();
            return Poll::Ready(this.report(running, shared.functions.on_threads()));
        }
        if let Some(next) = this.cancel_at.or(this.deadline) {
            this.set_alarm(next, cx);
        }
        Poll::Pending
    }
}

impl Drop for ShuttingDown {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            let removed = self.shared.shutdown_waiters.lock().waiters.remove(&number);
            drop(removed);
        }
    }
}

impl fmt::Debug for ShuttingDown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShuttingDown").field("pool", &self.shared.name).finish_non_exhaustive()
    }
}

/// The tasks that wait for the end of a pool, by number.
#[derive(Default)]
pub(super) struct ShutdownWaiters {
    waiters: BTreeMap<u64, Waiter>,
    next: u64,
}

impl ShutdownWaiters {
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = Waiter> + use<> {
        std::mem::take(&mut self.waiters).into_values()
    }
}
