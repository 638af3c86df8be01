//! Whether the watcher looks, and who wakes it.
//!
//! # The invariant
//!
//! *While a thread is active, the watcher is armed or about to be.* A thread notes that it is
//! active and then looks whether the watcher is armed. The watcher disarms itself and then looks
//! whether a thread is active. A fence stands between the two on either side, so that they cannot
//! both miss the other: the thread finds the watcher disarmed and arms it, or the watcher finds the
//! thread and arms itself.
//!
//! - Two threads that arm: the one whose swap finds it disarmed wakes the watcher.
//! - Arming against a watcher that goes to sleep: the wake-up is kept for its next `park`.

use crate::sync::atomic::{AtomicBool, Ordering, fence};
use crate::sync::{Mutex, thread};

pub(crate) struct Arming {
    armed: AtomicBool,
    /// The watcher.
    thread: Mutex<Option<thread::Thread>>,
}

impl Arming {
    /// Creates it armed, for a watcher that starts with a look.
    pub(crate) fn new() -> Self {
        Self { armed: AtomicBool::new(true), thread: Mutex::new(None) }
    }

    /// Makes the calling thread the watcher.
    pub(crate) fn set_thread(&self) {
        *self.thread.lock() = Some(thread::current());
    }

    /// Wakes the watcher unless it looks already, and returns whether it did. The calling thread
    /// has noted before that it is active.
    #[inline]
    pub(crate) fn arm(&self) -> bool {
        fence(Ordering::SeqCst);
        !self.armed.load(Ordering::Relaxed) && self.wake()
    }

    #[cold]
    fn wake(&self) -> bool {
        if self.armed.swap(true, Ordering::SeqCst) {
            return false;
        }
        let thread = self.thread.lock().clone();
        if let Some(thread) = thread {
            thread.unpark();
        }
        true
    }

    /// Disarms the watcher, unless a thread is active.
    pub(crate) fn disarm(&self, is_any_active: impl FnOnce() -> bool) {
        // A swap takes part in the order of the swaps of those that arm, which a store would have
        // to be proven to do.
        self.armed.swap(false, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        if is_any_active() {
            self.armed.store(true, Ordering::SeqCst);
        }
    }

    /// Waits until the watcher is armed.
    pub(crate) fn wait(&self) {
        while !self.armed.load(Ordering::SeqCst) {
            thread::park();
        }
    }
}

#[cfg(all(test, loom))]
#[path = "arming/model.rs"]
mod model;
