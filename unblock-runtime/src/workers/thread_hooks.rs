//! Functions of the user that each worker's thread calls when it starts and before it ends.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use crate::unwind;

/// A panic in it ends in `call`, and pools are expected to be unwind-safe.
type Hook = Arc<AssertUnwindSafe<Box<dyn Fn() + Send + Sync>>>;

#[derive(Clone, Default)]
pub(crate) struct ThreadHooks {
    on_start: Option<Hook>,
    on_stop: Option<Hook>,
}

impl ThreadHooks {
    pub(crate) fn set_on_start(&mut self, hook: impl Fn() + Send + Sync + 'static) {
        self.on_start = Some(Arc::new(AssertUnwindSafe(Box::new(hook))));
    }

    pub(crate) fn set_on_stop(&mut self, hook: impl Fn() + Send + Sync + 'static) {
        self.on_stop = Some(Arc::new(AssertUnwindSafe(Box::new(hook))));
    }

    /// Runs `f` on this thread between the two functions. A panic in one of them is logged, and the
    /// thread goes on.
    pub(super) fn around(&self, f: impl FnOnce()) {
        call(self.on_start.as_ref(), "the function given to on_thread_start");
        f();
        call(self.on_stop.as_ref(), "the function given to on_thread_stop");
    }
}

fn call(hook: Option<&Hook>, what: &str) {
    if let Some(hook) = hook {
        unwind::contain(what, || hook.0());
    }
}

impl fmt::Debug for ThreadHooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadHooks")
            .field("on_start", &self.on_start.is_some())
            .field("on_stop", &self.on_stop.is_some())
            .finish()
    }
}
