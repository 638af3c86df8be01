//! The line of text in a response to an [`Error`].

use crate::error::Error;
use crate::unwind;

/// The text of an internal error. It says nothing of a panic, which may name things that a client
/// must not know.
pub(crate) const INTERNAL: &str = "internal server error";

/// Returns the line for a response that is about to be sent. What is not for clients is logged,
/// because this is the last place that sees it.
pub(crate) fn for_client(error: &Error) -> &'static str {
    match error {
        Error::Overloaded { .. } => "overloaded; try again later",
        Error::TimedOut => "this took too long and was given up",
        Error::Closed => "shutting down",
        Error::Cancelled => "cancelled before it began; try again",
        Error::Panicked(panicked) => {
            let message = panicked.message().unwrap_or("(not a text)");
            unwind::log(|| tracing::error!(panic = message, "a job panicked"));
            INTERNAL
        }
        Error::Died(death) => {
            unwind::log(|| tracing::error!(%death, "the process of a job died"));
            INTERNAL
        }
        Error::Unportable(reason) => {
            unwind::log(|| tracing::error!(%reason, "a job could not be carried"));
            INTERNAL
        }
        Error::Unreachable { reason, .. } => {
            unwind::log(|| tracing::error!(reason, "no process takes a job"));
            "out of order; try again later"
        }
    }
}
