//! The niceness of a pool's workers: what was asked for, and what the system made of it.

use super::os_thread;
use crate::sync::atomic::{AtomicBool, AtomicI32, Ordering};

pub(crate) struct Niceness {
    /// The niceness that was asked for. 0 leaves the workers alone.
    wanted: i32,
    reported: AtomicI32,
    /// Set when a refusal was logged. It is never cleared.
    refused: AtomicBool,
}

/// No worker has reported its niceness.
const UNREPORTED: i32 = i32::MIN;

impl Niceness {
    pub(crate) fn new(wanted: i32) -> Self {
        Self { wanted, reported: AtomicI32::new(UNREPORTED), refused: AtomicBool::new(false) }
    }

    /// Applies the niceness to the calling thread, a worker. Logs the first refusal.
    pub(super) fn apply(&self, pool_name: &str) {
        if self.wanted == 0 {
            return;
        }
        match os_thread::lower_priority(self.wanted) {
            Ok(niceness) => self.reported.store(niceness, Ordering::Relaxed),
            Err(error) => {
                if !self.refused.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        pool = pool_name, niceness = self.wanted, %error,
                        "the system refuses to lower the priority of the workers; \
                         they run at that of the process"
                    );
                }
            }
        }
    }

    /// Returns the niceness that the workers have, if one has reported it.
    pub(crate) fn reported(&self) -> Option<i32> {
        let niceness = self.reported.load(Ordering::Relaxed);
        (niceness != UNREPORTED).then_some(niceness)
    }
}
