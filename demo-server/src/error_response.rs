//! Responses to requests that fail: a status, and one line of plain text.

use std::fmt::Display;
use std::time::Duration;

use axum::http::StatusCode;

/// The library's type, so that the error of an `#[unblock]` call converts to it with the right
/// status.
pub(crate) use unblock_runtime::server::TextResponse;

/// 400, for a request that makes no sense.
pub(crate) fn bad_request(line: impl Into<String>) -> TextResponse {
    TextResponse::new(StatusCode::BAD_REQUEST, line)
}

/// 500, for a fault of the server. The error is logged, and the client does not see it.
pub(crate) fn internal(error: &dyn Display) -> TextResponse {
    tracing::error!(%error, "a request failed");
    TextResponse::new(StatusCode::INTERNAL_SERVER_ERROR, "internal server error")
}

/// 503, for a request that may succeed when it is sent again after some time.
pub(crate) fn busy(line: impl Into<String>, retry_after: Duration) -> TextResponse {
    TextResponse::new(StatusCode::SERVICE_UNAVAILABLE, line).retry_after(retry_after)
}
