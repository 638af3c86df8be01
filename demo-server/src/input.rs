//! The arguments of requests. They are read and checked on the event loop, so that a job starts
//! with valid arguments.

use std::collections::HashMap;
use std::fmt::Display;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;

use crate::error_response::{TextResponse, bad_request};

/// Longest sleep that a request may ask for.
const LONGEST_SLEEP: Duration = Duration::from_hours(1);

/// Largest CPU time that a request may ask for.
const LONGEST_SPIN: Duration = Duration::from_mins(1);

/// Width of the widest thumbnail, in pixels.
pub(crate) const WIDEST: u32 = 4096;

/// Length of the longest note, in bytes.
const LONGEST_NOTE: usize = 4096;

/// The time to sleep: `{seconds}`, a decimal number.
pub(crate) struct Seconds(pub(crate) Duration);

impl<S: Send + Sync> FromRequestParts<S> for Seconds {
    type Rejection = TextResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, TextResponse> {
        let text = segment(parts, state).await?;
        let expected =
            || bad_request("seconds must be a decimal number from 0 to 3600, such as 0.5");
        let seconds: f64 = text.parse().map_err(|_| expected())?;
        // This also refuses a number that is negative, infinite or NaN.
        let time = Duration::try_from_secs_f64(seconds).map_err(|_| expected())?;
        if time > LONGEST_SLEEP {
            return Err(expected());
        }
        Ok(Self(time))
    }
}

/// The CPU time to use: `{micros}`, a whole number.
pub(crate) struct Micros(pub(crate) Duration);

impl<S: Send + Sync> FromRequestParts<S> for Micros {
    type Rejection = TextResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, TextResponse> {
        let text = segment(parts, state).await?;
        match text.parse().map(Duration::from_micros) {
            Ok(time) if time <= LONGEST_SPIN => Ok(Self(time)),
            _ => Err(bad_request("micros must be a whole number from 0 to 60000000")),
        }
    }
}

/// The width of a thumbnail: `?width=N`, in pixels.
pub(crate) struct Width(pub(crate) u32);

impl<S: Send + Sync> FromRequestParts<S> for Width {
    type Rejection = TextResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, TextResponse> {
        let query = Query::<HashMap<String, String>>::from_request_parts(parts, state).await.ok();
        let width = query.as_ref().and_then(|query| query.get("width")?.parse().ok());
        match width {
            Some(width) if (1..=WIDEST).contains(&width) => Ok(Self(width)),
            _ => Err(bad_request("the query must be width=N, a whole number from 1 to 4096")),
        }
    }
}

/// A body that is not empty.
pub(crate) struct Posted(pub(crate) Bytes);

impl<S: Send + Sync> FromRequest<S> for Posted {
    type Rejection = TextResponse;

    async fn from_request(request: Request<Body>, state: &S) -> Result<Self, TextResponse> {
        // The server limits the size of bodies. A body that is too large ends in an error, and the
        // server responds 413 instead of this function.
        let body = Bytes::from_request(request, state).await.map_err(unreadable)?;
        if body.is_empty() {
            return Err(bad_request("the body is empty"));
        }
        Ok(Self(body))
    }
}

/// A note, which is one line of text.
pub(crate) struct Note(pub(crate) String);

impl<S: Send + Sync> FromRequest<S> for Note {
    type Rejection = TextResponse;

    async fn from_request(request: Request<Body>, state: &S) -> Result<Self, TextResponse> {
        let Posted(body) = Posted::from_request(request, state).await?;
        if body.len() > LONGEST_NOTE {
            return Err(TextResponse::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "a note has at most 4096 bytes",
            ));
        }
        let text =
            std::str::from_utf8(&body).map_err(|_| bad_request("a note is text in UTF-8"))?;
        let text = text.trim();
        if text.is_empty() {
            return Err(bad_request("the note is empty"));
        }
        if text.contains(char::is_control) {
            return Err(bad_request("a note is one line, without control characters"));
        }
        Ok(Self(text.to_owned()))
    }
}

async fn segment<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<String, TextResponse> {
    let segment = Path::<String>::from_request_parts(parts, state).await;
    segment.map(|Path(text)| text).map_err(|_| bad_request("the path is not text in UTF-8"))
}

fn unreadable(error: impl Display) -> TextResponse {
    tracing::debug!(%error, "a body could not be read");
    bad_request("the body could not be read")
}
