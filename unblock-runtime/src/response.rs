//! A failed call as the response of an axum handler, whoever serves it.

use axum_core::response::{IntoResponse, Response};
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};

use crate::error::Error;
use crate::failure::{Failure, whole_seconds};

/// One line of plain text; the statuses are those of the table at [`server::TextResponse`](crate::server::TextResponse). What a job
/// panicked with is in the log and not in the response.
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let Failure { status, line, retry_after } = Failure::from(&self);
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, format!("{line}\n")).into_response();
        if let Some(time) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(whole_seconds(time)));
        }
        response
    }
}
