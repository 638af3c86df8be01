//! What a client is told when something cannot be done: a status, and one line of plain text.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use unblock_runtime::Error;

/// A refusal or a failure, as the client gets it.
#[derive(Debug)]
pub(crate) struct Answer {
    status: StatusCode,
    line: String,
    retry_after: Option<Duration>,
}

impl Answer {
    pub(crate) fn new(status: StatusCode, line: impl Into<String>) -> Self {
        Self { status, line: line.into(), retry_after: None }
    }

    pub(crate) fn bad_request(line: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, line)
    }

    /// What went wrong is for the log; the client is only told that it was the server's fault.
    pub(crate) fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal server error")
    }

    pub(crate) fn busy(line: impl Into<String>, retry_after: Duration) -> Self {
        Self { retry_after: Some(retry_after), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, line) }
    }
}

/// Why a call of an `#[unblock]` function came to nothing.
impl From<Error> for Answer {
    fn from(error: Error) -> Self {
        match error {
            Error::Overloaded { retry_after } => Self::busy("overloaded; try again later", retry_after),
            Error::TimedOut => Self::new(StatusCode::GATEWAY_TIMEOUT, "this took too long and was given up"),
            Error::Closed | Error::Cancelled => Self::busy("shutting down", Duration::from_secs(1)),
            other => Self::internal(&other),
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.line + "\n").into_response();
        if let Some(time) = self.retry_after {
            // The header has whole seconds; 0 would mean at once, which is what caused the trouble.
            let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_of_a_pool_has_its_status() {
        let retry_after = Duration::from_millis(1200);
        let overloaded = Answer::from(Error::Overloaded { retry_after }).into_response();
        assert_eq!(overloaded.status(), 503);
        assert_eq!(overloaded.headers()[header::RETRY_AFTER], "2");
        assert_eq!(Answer::from(Error::TimedOut).into_response().status(), 504);
        let closed = Answer::from(Error::Closed).into_response();
        assert_eq!(
            (closed.status().as_u16(), &closed.headers()[header::RETRY_AFTER]),
            (503, &"1".parse().unwrap())
        );
    }
}
