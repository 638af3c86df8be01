//! The ways in which a call can fail, one small type per operation.

use std::any::Any;
use std::fmt;
use std::io;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The reason why a job has no value.
///
/// A handler whose body returns `Result<_, E>` with `E: From<Error>` gets these as `E`.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The pool refused the job at once, because it would have waited for too long.
    Overloaded {
        /// The time after which the pool expects to have room, or zero if it knows nothing of its
        /// jobs yet. An HTTP server sends it as `Retry-After`, and then at least one second.
        retry_after: Duration,
    },
    /// The deadline passed before the job was done. The job never ran, or it goes on and its value
    /// is dropped; [`Submission::has_begun`](crate::Submission::has_begun) tells which.
    TimedOut,
    /// The job panicked. The text of the panic is in its [`message`](Panicked::message) and in
    /// `Debug`, for logs. It is not in `Display`, which is what clients are shown.
    Panicked(Panicked),
    /// The job was cancelled before it ran: by [`Submission::cancel`](crate::Submission::cancel),
    /// or because a shutdown of its pool ran out of time.
    Cancelled,
    /// The pool has shut down, or is shutting down, and takes no more jobs.
    Closed,
    /// The process that ran the job died, in a pool of processes. The job had begun, and how far it
    /// came is not known, so it is not tried again. How the process died, and what it wrote last,
    /// is in [`Death`] and in `Debug`, for logs, and not in `Display`.
    Died(Death),
    /// An argument or the value of the job could not be carried to another process or back. The
    /// reason is in [`Unportable`] and in `Debug`, for logs, and not in `Display`.
    Unportable(Unportable),
    /// No process took the job, which has not begun: those of the pool die when they start, or the
    /// worker program does not know the function. The reason is in `Debug`, for logs, and not in
    /// `Display`.
    Unreachable {
        /// The time after which the pool starts the next process. An HTTP server sends it as
        /// `Retry-After`, and then at least one second.
        retry_after: Duration,
        /// Why there is none.
        reason: Box<str>,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overloaded { retry_after } if retry_after.is_zero() => {
                f.write_str("the pool is overloaded; try again later")
            }
            Self::Overloaded { retry_after } => {
                write!(f, "the pool is overloaded; try again in {retry_after:.1?}")
            }
            Self::TimedOut => {
                f.write_str("the deadline passed before the job's end; it may have begun")
            }
            Self::Panicked(_) => f.write_str("the job panicked"),
            Self::Cancelled => f.write_str("the job was cancelled before it ran"),
            Self::Closed => f.write_str("the pool is closed"),
            Self::Died(_) => f.write_str("the process that ran the job died"),
            Self::Unportable(_) => {
                f.write_str("the job could not be carried to another process or back")
            }
            Self::Unreachable { retry_after, .. } => {
                write!(f, "no process takes the job; try again in {retry_after:.1?}")
            }
        }
    }
}

impl std::error::Error for Error {}

/// How the process of a job died.
///
/// `Display` says it in a line, for a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Death {
    // It is boxed because each job has room for an error.
    inner: Box<(String, String)>,
}

impl Death {
    #[cfg(feature = "processes")]
    pub(crate) fn new(status: String, stderr: String) -> Self {
        Self { inner: Box::new((status, stderr)) }
    }

    /// Returns how the process ended: `signal: 11 (SIGSEGV)`, `exit status: 3`, or why it was
    /// killed.
    pub fn status(&self) -> &str {
        &self.inner.0
    }

    /// Returns the last lines that the process wrote to its standard output and standard error.
    /// They may hold things that a client must not see.
    pub fn stderr(&self) -> &str {
        &self.inner.1
    }
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.status())?;
        let mut lines = self.stderr().lines().peekable();
        if lines.peek().is_some() {
            f.write_str("; it wrote last: ")?;
        }
        while let Some(line) = lines.next() {
            f.write_str(line)?;
            if lines.peek().is_some() {
                f.write_str(" / ")?;
            }
        }
        Ok(())
    }
}

/// Why a job could not be carried to another process or back: `Display` says it in a line, for a
/// log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unportable {
    reason: Box<str>,
}

impl Unportable {
    #[cfg(feature = "processes")]
    pub(crate) fn new(reason: impl Into<Box<str>>) -> Self {
        Self { reason: reason.into() }
    }
}

impl fmt::Display for Unportable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// The panic of a job.
///
/// [`resume`](Self::resume) continues it in the caller, as an ordinary call would have.
pub struct Panicked {
    // It is boxed because each job has room for an error.
    inner: Box<Inner>,
}

struct Inner {
    // The lock is for `Sync` alone: a payload is only `Send`, and errors are expected to be both.
    payload: Mutex<Box<dyn Any + Send>>,
    message: Option<Box<str>>,
}

impl Panicked {
    pub(crate) fn new(payload: Box<dyn Any + Send>) -> Self {
        let message = if let Some(text) = payload.downcast_ref::<&'static str>() {
            Some(Box::from(*text))
        } else if let Some(text) = payload.downcast_ref::<String>() {
            Some(Box::from(text.as_str()))
        } else {
            payload.downcast_ref::<Error>().map(|error| error.to_string().into())
        };
        Self { inner: Box::new(Inner { payload: Mutex::new(payload), message }) }
    }

    /// Returns the text that was given to `panic!`, if the payload is a text.
    ///
    /// The text is for logs. It may hold things that a client must not see.
    pub fn message(&self) -> Option<&str> {
        self.inner.message.as_deref()
    }

    /// Returns the error with which an `#[unblock]` function that cannot fail has unwound, or else
    /// this panic as an error.
    #[cfg(feature = "server")]
    pub(crate) fn into_error(self) -> Error {
        match self.into_payload().downcast::<Error>() {
            Ok(error) => *error,
            Err(payload) => Error::Panicked(Self::new(payload)),
        }
    }

    /// Returns the payload, as [`std::panic::catch_unwind`] would have returned it.
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.inner.payload.into_inner().unwrap_or_else(PoisonError::into_inner)
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

/// The reason why [`Pool::try_submit`](crate::Pool::try_submit) took no job. It returns the work.
#[non_exhaustive]
pub enum TrySubmitError<F> {
    /// The queue is full.
    Full(F),
    /// The pool takes no more jobs.
    Closed(F),
}

impl<F> TrySubmitError<F> {
    /// Returns the work that was not taken.
    pub fn into_inner(self) -> F {
        match self {
            Self::Full(work) | Self::Closed(work) => work,
        }
    }

    /// Returns true if the pool may take the work later.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }

    fn text(&self) -> &'static str {
        match self {
            Self::Full(_) => "the queue is full",
            Self::Closed(_) => "the pool is closed",
        }
    }
}

impl<F> fmt::Debug for TrySubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<F> fmt::Display for TrySubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl<F> std::error::Error for TrySubmitError<F> {}

/// The reason why a [`Pool`](crate::Pool) could not be built.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// A setting is out of its range. The text names it and its range.
    Setting(String),
    /// The system would not start the pool's first threads.
    Thread(io::Error),
    /// There is a global pool already: it was installed before, or its first use has built it.
    GlobalExists,
    /// A pool of processes cannot start any. The text says why.
    Processes(String),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting(text) | Self::Processes(text) => f.write_str(text),
            Self::Thread(error) => write!(f, "the pool's threads could not be started: {error}"),
            Self::GlobalExists => {
                f.write_str("the global pool exists already: install it before its first use, once")
            }
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Thread(error) => Some(error),
            _ => None,
        }
    }
}
