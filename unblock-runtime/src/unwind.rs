//! The panic policy: a panic in a job is the job's outcome. It never ends a worker, a loop or the process.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;

use crate::error::Error;

/// What a job panicked with.
///
/// [`resume`](Self::resume) continues the panic in the caller, as an ordinary call would have.
pub struct Panicked {
    // In a box of its own, because each job has room for an error.
    inner: Box<Inner>,
}

struct Inner {
    // The lock is for `Sync` alone: a payload is only `Send`, and errors are expected to be both.
    payload: Mutex<Box<dyn Any + Send>>,
    message: Option<Box<str>>,
}

impl Panicked {
    fn new(payload: Box<dyn Any + Send>) -> Self {
        let message = if let Some(text) = payload.downcast_ref::<&'static str>() {
            Some(Box::from(*text))
        } else if let Some(text) = payload.downcast_ref::<String>() {
            Some(Box::from(text.as_str()))
        } else {
            payload.downcast_ref::<Error>().map(|error| error.to_string().into())
        };
        Self { inner: Box::new(Inner { payload: Mutex::new(payload), message }) }
    }

    /// The text given to `panic!`, if the payload is a text.
    ///
    /// It is for logs: it may hold what a client must not see.
    pub fn message(&self) -> Option<&str> {
        self.inner.message.as_deref()
    }

    /// The failure that an `#[unblock]` function which cannot fail has unwound with, or else this panic as one.
    #[cfg(feature = "server")]
    pub(crate) fn into_error(self) -> Error {
        match self.into_payload().downcast::<Error>() {
            Ok(error) => *error,
            Err(payload) => Error::Panicked(Self::new(payload)),
        }
    }

    /// The payload itself, as [`std::panic::catch_unwind`] would have given it.
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.inner.payload.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Continues the panic on this thread, without calling the panic hook a second time.
    pub fn resume(self) -> ! {
        resume_unwind(self.into_payload())
    }
}

impl fmt::Debug for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Panicked").field(&self.message().unwrap_or("(not a text)")).finish()
    }
}

/// Runs `f`; a panic in it becomes a value.
///
/// `AssertUnwindSafe` is right here: what `f` owned is gone after a panic, and what it shared is shared by
/// `Send` means whose own poisoning rules go on to hold.
pub(crate) fn catch<T>(f: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(f)).map_err(Panicked::new)
}

/// Runs code of a user's whose panic would be nobody's: a destructor, a waker, a callback. It is logged and ends here.
pub(crate) fn contain(what: &str, f: impl FnOnce()) {
    if let Err(panicked) = catch(f) {
        tracing::error!(?panicked, "{what} panicked");
        // The payload's destructor is a user's code too, and could panic in turn.
        std::mem::forget(panicked);
    }
}
