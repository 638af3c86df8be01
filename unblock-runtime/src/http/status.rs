//! What a client is told of a call that came to nothing: the one mapping that every answer is made by.

use std::time::Duration;

use crate::error::Error;

/// A status of HTTP, one line of text for people, and for programs when to come back.
pub(crate) struct Failure {
    pub(crate) status: u16,
    pub(crate) line: &'static str,
    pub(crate) retry_after: Option<Duration>,
}

/// The line of a fault of the server's: nothing of a panic or an error, which may name what a client must not know.
pub(crate) const INTERNAL: &str = "internal server error";

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        let (status, line) = match error {
            Error::Overloaded { .. } => (503, "overloaded; try again later"),
            Error::TimedOut => (504, "this took too long and was given up"),
            Error::Closed => (503, "shutting down"),
            // A client that had gone would not be told anything. So it was the application that cancelled, or a pool
            // that ended before the job's turn came; another try may find it otherwise.
            Error::Cancelled => (503, "cancelled before it began; try again"),
            Error::Panicked(panicked) => {
                // Here is the last who sees it.
                tracing::error!(
                    message = panicked.message().unwrap_or("(not a text)"),
                    "a job panicked"
                );
                (500, INTERNAL)
            }
        };
        let retry_after = match error {
            Error::Overloaded { retry_after } => Some(*retry_after),
            _ => None,
        };
        Self { status, line, retry_after }
    }
}

/// The value of the header `Retry-After`: whole seconds, rounded up. 0 would mean at once, which is what caused the trouble.
pub(crate) fn whole_seconds(time: Duration) -> u64 {
    time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0)).max(1)
}
