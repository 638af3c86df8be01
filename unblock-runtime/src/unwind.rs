//! The panic policy: a panic in a job is the job's outcome. It never ends a worker, an event loop
//! or the process.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::Panicked;

/// Runs `f`. A panic in it becomes a value.
///
/// `AssertUnwindSafe` is right here: the values that `f` owned are gone after a panic, and values
/// that it shared are shared by `Send` types, whose own poisoning rules still hold.
pub(crate) fn catch<T>(f: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(f)).map_err(Panicked::new)
}

/// Runs a user's code whose panic has no caller to go to: a destructor, a waker, a callback. A
/// panic is logged and ends here.
pub(crate) fn contain(what: &str, f: impl FnOnce()) {
    if let Err(panicked) = catch(f) {
        log(|| tracing::error!(?panicked, "{what} panicked"));
        // The destructor of the payload is a user's code too, and could panic in turn.
        std::mem::forget(panicked);
    }
}

/// Runs code that logs. A subscriber is a user's code too, and one whose log cannot be written may
/// panic, which then ends here without a word: nothing that runs here depends on its log.
pub(crate) fn log(f: impl FnOnce()) {
    if let Err(panicked) = catch(f) {
        std::mem::forget(panicked);
    }
}
