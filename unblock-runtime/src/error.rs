//! The ways in which a call can fail, one small type per operation.

use std::fmt;
use std::io;
use std::time::Duration;

use crate::unwind::Panicked;

/// Why a job has no value.
///
/// A handler whose body returns `Result<_, E>` with `E: From<Error>` gets these as `E`.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The pool refused the job at once: it would have waited longer than it may.
    Overloaded {
        /// After this time the pool expects to have room; an HTTP server sends it as `Retry-After`.
        retry_after: Duration,
    },
    /// The deadline passed before the job was done. It never ran, or goes on without anybody waiting for it.
    TimedOut,
    /// The job panicked.
    Panicked(Panicked),
    /// The job was cancelled before it ran: by [`Submission::cancel`](crate::Submission::cancel), or because
    /// its pool's shutdown ran out of time.
    Cancelled,
    /// The pool is shut down, or shutting down, and takes no more jobs.
    Closed,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overloaded { retry_after } => {
                write!(f, "the pool is overloaded; try again in {retry_after:.1?}")
            }
            Self::TimedOut => f.write_str("the job did not end before its deadline"),
            Self::Panicked(panicked) => match panicked.message() {
                Some(message) => write!(f, "the job panicked: {message}"),
                None => f.write_str("the job panicked"),
            },
            Self::Cancelled => f.write_str("the job was cancelled before it ran"),
            Self::Closed => f.write_str("the pool is closed"),
        }
    }
}

impl std::error::Error for Error {}

/// Why [`Pool::try_submit`](crate::Pool::try_submit) took no job. The work comes back.
pub enum TrySubmitError<F> {
    /// The queue is full.
    Full(F),
    /// The pool takes no more jobs.
    Closed(F),
}

impl<F> TrySubmitError<F> {
    /// The work that was not taken.
    pub fn into_inner(self) -> F {
        match self {
            Self::Full(work) | Self::Closed(work) => work,
        }
    }

    /// Whether it may be taken later.
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

/// Why a [`Pool`](crate::Pool) could not be built.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// A setting is out of its range; the text says which, and what it may be.
    Setting(String),
    /// The system would not start the pool's first threads.
    Thread(io::Error),
    /// There is a global pool already: it was installed before, or a first use made the default one.
    GlobalExists,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting(text) => f.write_str(text),
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
