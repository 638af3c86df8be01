//! How long the jobs of one caller waited and ran, such as those of a request for its line in the
//! access log.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The sums over the jobs that ended so far, in nanoseconds.
#[derive(Debug, Default)]
pub(crate) struct CallerTimes {
    waited: AtomicU64,
    ran: AtomicU64,
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<CallerTimes>>> = const { RefCell::new(None) };
}

impl CallerTimes {
    /// Calls `f`, and adds up the times of the jobs that are submitted meanwhile.
    #[cfg(feature = "server")]
    pub(crate) fn sum_up<T>(self: &Arc<Self>, f: impl FnOnce() -> T) -> T {
        struct Restore(Option<Arc<CallerTimes>>);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.set(self.0.take());
            }
        }
        let _restore = Restore(CURRENT.replace(Some(Arc::clone(self))));
        f()
    }

    /// Returns the sums that a job is to be added to which this thread submits now, if there are
    /// any.
    pub(super) fn current() -> Option<Arc<Self>> {
        // The thread may be ending, with its locals gone.
        CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
    }

    pub(super) fn waited(&self, nanos: u64) {
        self.waited.fetch_add(nanos, Ordering::Relaxed);
    }

    pub(super) fn ran(&self, nanos: u64) {
        self.ran.fetch_add(nanos, Ordering::Relaxed);
    }

    /// Returns how long jobs waited and ran.
    #[cfg(feature = "server")]
    pub(crate) fn read(&self) -> (u64, u64) {
        (self.waited.load(Ordering::Relaxed), self.ran.load(Ordering::Relaxed))
    }
}
