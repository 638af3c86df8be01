//! What a client is told when something cannot be done: a status, and one line of plain text.

use std::fmt::Display;
use std::time::Duration;

use axum::http::StatusCode;

/// The library's, so that a call of an `#[unblock]` function that came to nothing converts to it, with the right status.
pub(crate) use unblock_runtime::server::TextResponse;

pub(crate) fn bad_request(line: impl Into<String>) -> TextResponse {
    TextResponse::new(StatusCode::BAD_REQUEST, line)
}

/// What went wrong is for the log; the client is only told that it was the server's fault.
pub(crate) fn internal(error: &dyn Display) -> TextResponse {
    tracing::error!(%error, "a request failed");
    TextResponse::new(StatusCode::INTERNAL_SERVER_ERROR, "internal server error")
}

pub(crate) fn busy(line: impl Into<String>, retry_after: Duration) -> TextResponse {
    TextResponse::new(StatusCode::SERVICE_UNAVAILABLE, line).retry_after(retry_after)
}
