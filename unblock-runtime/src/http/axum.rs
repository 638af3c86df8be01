//! An [`Error`] as the response of an axum handler, under any server.

use axum_core::response::{IntoResponse, Response};
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};

use super::line;
use crate::error::Error;

/// The response is one line of plain text, with the status of [`Error::http_status`]. The text of a
/// panic is in the log and not in the response.
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.http_status());
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, format!("{}\n", line::for_client(&self))).into_response();
        if let Some(seconds) = self.retry_after_secs() {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
