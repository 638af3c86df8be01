//! The HTTP status of an [`Error`]: the one mapping from which every response to it is made.

use std::time::Duration;

use crate::error::Error;
use crate::unwind;

/// The HTTP status of an error, a line of text for people, and the time after which to try again.
pub(crate) struct ErrorStatus {
    pub(crate) status: u16,
    pub(crate) line: &'static str,
    pub(crate) retry_after: Option<Duration>,
}

/// The text of an internal error. It says nothing of a panic, which may name things that a client
/// must not know.
pub(crate) const INTERNAL: &str = "internal server error";

impl From<&Error> for ErrorStatus {
    fn from(error: &Error) -> Self {
        let (status, line) = match error {
            Error::Overloaded { .. } => (503, "overloaded; try again later"),
            Error::TimedOut => (504, "this took too long and was given up"),
            Error::Closed => (503, "shutting down"),
            // A client that had gone would not be told anything. So the application cancelled, or
            // the pool shut down before the job's turn came. Another try may succeed.
            Error::Cancelled => (503, "cancelled before it began; try again"),
            Error::Panicked(panicked) => {
                // This is the last place that sees the panic.
                let message = panicked.message().unwrap_or("(not a text)");
                unwind::log(|| tracing::error!(panic = message, "a job panicked"));
                (500, INTERNAL)
            }
            // So are these.
            Error::Died(death) => {
                unwind::log(|| tracing::error!(%death, "the process of a job died"));
                (500, INTERNAL)
            }
            Error::Unportable(reason) => {
                unwind::log(|| tracing::error!(%reason, "a job could not be carried"));
                (500, INTERNAL)
            }
            Error::Unreachable { reason, .. } => {
                unwind::log(|| tracing::error!(reason, "no process takes a job"));
                (503, "out of order; try again later")
            }
        };
        let retry_after = match error {
            Error::Overloaded { retry_after } | Error::Unreachable { retry_after, .. } => {
                Some(*retry_after)
            }
            _ => None,
        };
        Self { status, line, retry_after }
    }
}

/// Returns the value of the header `Retry-After`: whole seconds, rounded up, and at least 1,
/// because trying again at once is what caused the trouble.
pub(crate) fn whole_seconds(time: Duration) -> u64 {
    time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0)).max(1)
}
