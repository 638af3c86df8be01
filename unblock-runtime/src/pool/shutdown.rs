//! The shutdown of a pool: the wait for it, and the report of what was left.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use super::shared::Shared;
use crate::event_loop::Waiter;
use crate::timer::Alarm;

/// The report of a [shutdown](crate::Pool::shutdown).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shutdown {
    /// Number of jobs that ended, with a value or a panic, after the call.
    pub finished: u64,
    /// Number of jobs that had not begun when the time was over, this shutdown's or that of another
    /// at once, and never will.
    pub cancelled: u64,
    /// Number of jobs that still ran then. They run on, and are told that they are cancelled.
    pub running: u64,
}

impl Shutdown {
    /// Returns true if no job was cancelled or left running.
    pub fn is_complete(&self) -> bool {
        self.cancelled == 0 && self.running == 0
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

/// A shutdown that is awaited.
pub(super) struct ShutdownWait {
    shared: Arc<Shared>,
    /// The number of jobs that had ended when the shutdown began.
    ended_before: u64,
    /// The number of jobs that shutdowns had cancelled then.
    cancelled_before: u64,
    deadline: Option<Instant>,
    /// The number of this wait's waiter, once it has been polled.
    number: Option<u64>,
    alarm: Option<Alarm>,
}

impl ShutdownWait {
    /// Closes the pool. The shutdown waits until the deadline, or as long as it takes.
    pub(super) fn begin(shared: Arc<Shared>, deadline: Option<Instant>) -> Self {
        let (ended_before, cancelled_before) =
            (shared.counters.ended_total(), shared.counters.cancelled_by_shutdown());
        shared.close();
        Self { shared, ended_before, cancelled_before, deadline, number: None, alarm: None }
    }

    pub(super) fn poll(&mut self, cx: &Context<'_>) -> Poll<Shutdown> {
        // The waiter is stored before the counts are read, and a thread that ends a job reads the
        // waiters after it has counted.
        self.set_waiter(Waiter::new(cx));
        let shared = &self.shared;
        let report = |running| Shutdown {
            finished: shared.counters.ended_total() - self.ended_before,
            cancelled: shared.counters.cancelled_by_shutdown() - self.cancelled_before,
            running,
        };
        // A job is counted as running before it leaves the queue, so none is missed in between. A
        // submission that was never polled holds no room and cannot get any after the close, so
        // the shutdown need not wait for it.
        if shared.queue.is_finished() && shared.counters.on_threads() == 0 {
            return Poll::Ready(report(0));
        }
        match self.deadline {
            Some(deadline) if deadline <= Instant::now() => {
                shared.cancel_queued();
                Poll::Ready(report(shared.counters.on_threads()))
            }
            Some(deadline) => {
                match &mut self.alarm {
                    Some(alarm) => alarm.set_waiter(Waiter::new(cx)),
                    None => self.alarm = Some(Alarm::at(deadline, Waiter::new(cx))),
                }
                Poll::Pending
            }
            None => Poll::Pending,
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

impl Drop for ShutdownWait {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            let removed = self.shared.shutdown_waiters.lock().waiters.remove(&number);
            drop(removed);
        }
    }
}
