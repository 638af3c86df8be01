//! What starts the monitor: it is armed when work waits and no worker may take it.

use std::sync::OnceLock;

use crate::sync::atomic::{AtomicBool, Ordering, fence};
use crate::sync::thread;

pub(in crate::workers) struct Trigger {
    /// Set while the monitor is to sample. Only the monitor clears it.
    armed: AtomicBool,
    /// Set while workers are woken. Only the monitor clears it.
    active: AtomicBool,
    monitor: OnceLock<thread::Thread>,
}

impl Trigger {
    /// Creates an armed trigger. The monitor disarms it when it starts, so whoever arms it after
    /// that knows which thread to wake.
    pub(in crate::workers) fn new() -> Self {
        Self {
            armed: AtomicBool::new(true),
            active: AtomicBool::new(false),
            monitor: OnceLock::new(),
        }
    }

    /// Makes the calling thread the monitor.
    pub(in crate::workers) fn set_monitor(&self) {
        let _ = self.monitor.set(thread::current());
    }

    pub(in crate::workers) fn is_armed(&self) -> bool {
        self.armed.load(Ordering::SeqCst)
    }

    /// Arms the trigger, and wakes the monitor if it was not armed. Returns true if it was not.
    pub(in crate::workers) fn arm(&self) -> bool {
        let wakes = !self.is_armed() && !self.armed.swap(true, Ordering::SeqCst);
        if wakes {
            self.wake();
        }
        wakes
    }

    /// Notes that a worker was woken. Wakes the monitor if none was for a while.
    pub(in crate::workers) fn note_activity(&self) {
        if !self.active.load(Ordering::Relaxed) && !self.active.swap(true, Ordering::SeqCst) {
            self.wake();
        }
    }

    /// Returns true if a worker was woken since activity was taken.
    pub(in crate::workers) fn is_active(&self) -> bool {
        self.active.load(Ordering::SeqCst)
    }

    /// Returns true if a worker was woken since the last call.
    pub(in crate::workers) fn take_activity(&self) -> bool {
        self.active.swap(false, Ordering::SeqCst)
    }

    /// Disarms the trigger, unless there is work after all.
    pub(in crate::workers) fn disarm(&self, has_work: impl Fn() -> bool) {
        self.armed.store(false, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        if has_work() {
            self.armed.store(true, Ordering::SeqCst);
        }
    }

    /// Wakes the monitor.
    pub(in crate::workers) fn wake(&self) {
        if let Some(monitor) = self.monitor.get() {
            monitor.unpark();
        }
    }
}
