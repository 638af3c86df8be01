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

pub(crate) struct Quiet<F> {
    future: F,
    bell: Arc<Bell>,
    /// Of the bell; kept, so that a poll need not make one.
    waker: Waker,
}

struct Bell {
    rung: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl<F> Quiet<F> {
    pub(crate) fn new(future: F) -> Self {
        let bell = Arc::new(Bell { rung: AtomicBool::new(true), task: Mutex::new(None) });
        Self { future, waker: Waker::from(Arc::clone(&bell)), bell }
    }
}

impl<F: Future + Unpin> Future for Quiet<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        this.bell.set_task(cx.waker());
        // Looking first is cheaper, and nearly always enough.
        if !this.bell.rung.load(Ordering::Relaxed) || !this.bell.rung.swap(false, Ordering::Acquire)
        {
            return Poll::Pending;
        }
        Pin::new(&mut this.future).poll(&mut Context::from_waker(&this.waker))
    }
}

impl Bell {
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

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        let task = self.task.lock().clone();
        if let Some(task) = task {
            task.wake();
        }
    }
}

#[cfg(all(test, loom))]
#[path = "poll_when_woken/model.rs"]
mod model;
