//! The HTTP status of an [`Error`]: the one mapping from which every response to it is made, here
//! and in the frameworks of users.

use std::time::Duration;

use crate::error::Error;

impl Error {
    /// Returns the status code of an HTTP response to this error, whatever the framework:
    ///
    /// | the error | the status |
    /// | --- | --- |
    /// | `Overloaded` | 503, with [`Retry-After`](Self::retry_after_secs) |
    /// | `TimedOut` | 504 |
    /// | `Closed` | 503 |
    /// | `Cancelled` | 503: the client still waits, and did not cancel anything itself |
    /// | `Panicked`, `Died`, `Unportable` | 500 |
    /// | `Unreachable` | 503, with `Retry-After` |
    ///
    /// `Display` has a text to go with it, and it is fit for strangers.
    ///
    /// ```
    /// # use unblock_runtime::Error;
    /// use axum::http::{Response, StatusCode, header::RETRY_AFTER};
    ///
    /// fn respond(error: &Error) -> Response<String> {
    ///     let mut response = Response::new(error.to_string());
    ///     *response.status_mut() = StatusCode::from_u16(error.http_status()).unwrap();
    ///     if let Some(seconds) = error.retry_after_secs() {
    ///         response.headers_mut().insert(RETRY_AFTER, seconds.into());
    ///     }
    ///     response
    /// }
    /// # assert_eq!(respond(&Error::TimedOut).status(), 504);
    /// ```
    pub fn http_status(&self) -> u16 {
        match self {
            // A client that had gone would not be told anything. So the application cancelled, or
            // the pool shut down before the job's turn came. Another try may succeed.
            Self::Overloaded { .. } | Self::Unreachable { .. } | Self::Closed | Self::Cancelled => {
                503
            }
            Self::TimedOut => 504,
            Self::Panicked(_) | Self::Died(_) | Self::Unportable(_) => 500,
        }
    }

    /// Returns the value of the header `Retry-After` of that response, for `Overloaded` and
    /// `Unreachable`: whole seconds, rounded up, and at least 1. `None` for all others, of which
    /// nobody knows when another try would succeed.
    pub fn retry_after_secs(&self) -> Option<u64> {
        match self {
            Self::Overloaded { retry_after } | Self::Unreachable { retry_after, .. } => {
                Some(whole_seconds(*retry_after))
            }
            _ => None,
        }
    }
}

/// Rounds up to whole seconds, and to at least one, because trying again at once is what caused the
/// trouble.
pub(crate) fn whole_seconds(time: Duration) -> u64 {
    time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0)).max(1)
}
