//! An [`Error`] as the response of an axum handler, under any server.

use axum_core::response::{IntoResponse, Response};
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};

use super::status::{ErrorStatus, whole_seconds};
use crate::error::Error;

/// The response is one line of plain text, with the status of the table at
/// [`server::TextResponse`](crate::server::TextResponse). The text of a panic is in the log and not
/// in the response.
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let ErrorStatus { status, line, retry_after } = ErrorStatus::from(&self);
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, format!("{line}\n")).into_response();
        if let Some(time) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(whole_seconds(time)));
        }
        response
    }
}
