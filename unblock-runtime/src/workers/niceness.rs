//! The niceness of a pool's workers: what was asked for, what the system made of it, and whether it
//! applies now.
//!
//! Because workers are nicer than event loops, a loop that has work gets a core first. Beside a
//! busy thread of normal priority, though, a nice worker gets a tenth of a core. So the monitor
//! suspends the niceness while the workers wait for cores too long, unless the user has chosen one.
//!
//! A thread cannot lower its niceness again without a privilege. So while the niceness is
//! suspended, a worker that is nice ends after its job, and the monitor starts another in its
//! place, which has the monitor's normal priority. Afterwards the workers make themselves nice.

use super::os_thread;
use crate::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use crate::unwind;

pub(crate) struct Niceness {
    /// The niceness that workers are to have. 0 leaves them alone.
    wanted: i32,
    /// True if the user has chosen the niceness, so that it is never suspended.
    is_pinned: bool,
    suspended: AtomicBool,
    reported: AtomicI32,
    /// Set when a refusal was logged. It is never cleared.
    refused: AtomicBool,
}

/// The niceness of workers unless the user chooses one.
const DEFAULT: i32 = 10;

/// No worker has reported its niceness.
const UNREPORTED: i32 = i32::MIN;

impl Niceness {
    /// Creates the niceness that the user has chosen, or the default.
    pub(crate) fn new(chosen: Option<i32>) -> Self {
        Self {
            wanted: chosen.unwrap_or(DEFAULT),
            is_pinned: chosen.is_some(),
            suspended: AtomicBool::new(false),
            reported: AtomicI32::new(UNREPORTED),
            refused: AtomicBool::new(false),
        }
    }

    /// Returns true if the user has chosen the niceness, so that it is never suspended.
    pub(super) fn is_pinned(&self) -> bool {
        self.is_pinned
    }

    pub(super) fn is_suspended(&self) -> bool {
        self.suspended.load(Ordering::Relaxed)
    }

    pub(super) fn set_suspended(&self, suspended: bool) {
        self.suspended.store(suspended, Ordering::Relaxed);
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
                    unwind::log(|| {
                        tracing::warn!(
                            pool = pool_name, niceness = self.wanted, %error,
                            "the system refuses to lower the priority of the workers; \
                             they run at that of the process"
                        );
                    });
                }
            }
        }
    }

    /// Returns the niceness that the workers have. Returns `None` if none has reported it, and
    /// while it is suspended.
    pub(crate) fn reported(&self) -> Option<i32> {
        let niceness = self.reported.load(Ordering::Relaxed);
        (niceness != UNREPORTED && !self.is_suspended()).then_some(niceness)
    }
}
