//! A task that waits, and the event loop through whose mailbox it is woken.

use std::task::{Context, Waker};

use super::LoopHandle;
use crate::unwind;

pub(crate) struct Waiter {
    waker: Waker,
    event_loop: Option<LoopHandle>,
}

impl Waiter {
    /// The task of `cx`, on the event loop that this thread runs, if it runs one.
    pub(crate) fn new(cx: &Context<'_>) -> Self {
        Self { waker: cx.waker().clone(), event_loop: LoopHandle::current() }
    }

    /// A waker that is called by the thread that notifies.
    #[cfg(not(loom))]
    pub(super) fn direct(waker: Waker) -> Self {
        Self { waker, event_loop: None }
    }

    pub(crate) fn notify(self) {
        notify(self.waker, self.event_loop.as_ref());
    }
}

/// Wakes a task, through the mailbox of its event loop if it has one.
///
/// A waker is the executor's code. A panic in it is contained, because the thread that wakes has
/// other work left to do.
pub(crate) fn notify(waker: Waker, event_loop: Option<&LoopHandle>) {
    unwind::contain("a waker", || match event_loop {
        Some(event_loop) => event_loop.wake(waker),
        None => waker.wake(),
    });
}
