//! The end of a pool, as those see it who asked for it: what was left, and the wait for it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use crate::job::completion::Waiter;
use crate::pool::Shared;
use crate::timer::Alarm;

/// How a [shutdown](crate::Pool::shutdown) went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shutdown {
    /// Jobs that ended, with a value or a panic, after the call.
    pub finished: u64,
    /// Jobs that had not begun when the time was over, and never will.
    pub cancelled: u64,
    /// Jobs that were still running then. They run on, and are told that they are cancelled.
    pub running: u64,
}

impl Shutdown {
    /// Whether nothing was left behind.
    pub fn is_complete(&self) -> bool {
        self.cancelled == 0 && self.running == 0
    }
}

/// Those who wait for the end, by number.
#[derive(Default)]
pub(crate) struct Shutdowns {
    waiters: BTreeMap<u64, Waiter>,
    next: u64,
}

impl Shutdowns {
    pub(crate) fn take_waiters(&mut self) -> impl Iterator<Item = Waiter> + use<> {
        std::mem::take(&mut self.waiters).into_values()
    }
}

/// A shutdown that is awaited.
pub(crate) struct ShutdownWait {
    shared: Arc<Shared>,
    /// How many jobs had ended when it was asked for, and when its time is over.
    ended_before: u64,
    deadline: Option<Instant>,
    /// Under which its waiter is kept, once it has been polled.
    number: Option<u64>,
    alarm: Option<Alarm>,
}

impl ShutdownWait {
    pub(crate) fn new(shared: Arc<Shared>, ended_before: u64, deadline: Option<Instant>) -> Self {
        Self { shared, ended_before, deadline, number: None, alarm: None }
    }

    pub(crate) fn poll(&mut self, cx: &Context<'_>) -> Poll<Shutdown> {
        // The waiter goes in before the counts are read, and those who end a job read the waiters after they count.
        self.set_waiter(Waiter::new(cx));
        let shared = &self.shared;
        let finished = |cancelled, running| Shutdown {
            finished: shared.counters.ended_total() - self.ended_before,
            cancelled,
            running,
        };
        // A job is counted as running before it leaves the queue, so none is missed in between. Who is not in line has not
        // asked for room, and cannot get any now: nobody waits for him.
        if shared.queue.is_finished() && shared.counters.on_threads() == 0 {
            return Poll::Ready(finished(0, 0));
        }
        match self.deadline {
            Some(deadline) if deadline <= Instant::now() => {
                let before = shared.counters.read().cancelled;
                shared.cancel_queued();
                let after = shared.counters.read();
                Poll::Ready(finished(after.cancelled - before, after.running + after.abandoned))
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
        let mut shutdowns = self.shared.shutdowns.lock();
        let number = *self.number.get_or_insert(shutdowns.next);
        shutdowns.next = shutdowns.next.max(number + 1);
        let replaced = shutdowns.waiters.insert(number, waiter);
        drop(shutdowns);
        drop(replaced);
    }
}

impl Drop for ShutdownWait {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            let removed = self.shared.shutdowns.lock().waiters.remove(&number);
            drop(removed);
        }
    }
}
