//! A future that skips polls for which it has not been woken itself.
//!
//! A task that waits for several futures polls all of them whenever one is woken. That is wasted on
//! a future that is rarely ready, such as a connection's time limits beside its requests.
//!
//! # The invariant
//!
//! *If the future was woken after its last poll, its task is woken after that, or is being polled
//! and will poll the future.* A waker sets `woken` and then takes the lock to find the task. A poll
//! stores the task under the lock and then reads `woken`. The second of the two under the lock sees
//! what the first did before: the waker finds the task that was stored, or the poll finds `woken`
//! set.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering};

/// Polls the future within only if that has been woken since its last poll.
pub(crate) struct PollWhenWoken<F> {
    future: F,
    flag: Arc<WakeFlag>,
    /// A waker that sets `flag`, kept so that a poll need not create one.
    waker: Waker,
}

struct WakeFlag {
    /// Set by a wake-up, and cleared by the poll that follows.
    woken: AtomicBool,
    /// The task that polled last, which a wake-up wakes.
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
        // The load is cheaper than the swap, and nearly always enough.
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
        let mut stored = self.task.lock();
        if stored.as_ref().is_some_and(|old| old.will_wake(task)) {
            return;
        }
        let replaced = stored.replace(task.clone());
        drop(stored);
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
