//! A future beside another in one task, which is polled when it was woken itself and not whenever the task was.
//!
//! What a connection waits for beside its requests, a limit's time or the server's stop, hardly ever comes. Polled along with
//! the connection it cost a tenth of the instructions of a small request.
//!
//! # The invariant
//!
//! *If the future was woken after its last poll, its task is woken after that, or is being polled and will poll it.* Who wakes
//! sets `rung` and then takes the lock to find the task; who polls leaves the task under the lock and then looks at `rung`.
//! Whichever is second under the lock sees what the other did before it: the one wakes the task that is there now, or
//! the other finds `rung` set.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering};

pub(crate) struct PollWhenWoken<F> {
    future: F,
    flag: Arc<WakeFlag>,
    /// Of the bell; kept, so that a poll need not make one.
    waker: Waker,
}

struct WakeFlag {
    woken: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl<F> PollWhenWoken<F> {
    pub(crate) fn new(future: F) -> Self {
        let flag = Arc::new(WakeFlag { woken: AtomicBool::new(true), task: Mutex::new(None) });
        Self { future, waker: Waker::from(Arc::clone(&flag)), flag }
    }
}

impl<F: Future + Unpin> Future for PollWhenWoken<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        this.flag.set_task(cx.waker());
        // Looking first is cheaper, and nearly always enough.
        if !this.flag.woken.load(Ordering::Relaxed)
            || !this.flag.woken.swap(false, Ordering::Acquire)
        {
            return Poll::Pending;
        }
        Pin::new(&mut this.future).poll(&mut Context::from_waker(&this.waker))
    }
}

impl WakeFlag {
    fn set_task(&self, task: &Waker) {
        let mut slot = self.task.lock();
        if slot.as_ref().is_some_and(|old| old.will_wake(task)) {
            return;
        }
        let replaced = slot.replace(task.clone());
        drop(slot);
        drop(replaced);
    }
}

impl Wake for WakeFlag {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        let task = self.task.lock().clone();
        if let Some(task) = task {
            task.wake();
        }
    }
}

#[cfg(all(test, loom))]
#[path = "poll_when_woken/model.rs"]
mod model;
