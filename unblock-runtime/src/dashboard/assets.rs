//! The files of the page, which are part of the program.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};

/// A file as it is sent.
#[derive(Clone, Copy)]
pub(super) struct Asset {
    pub(super) path: &'static str,
    content_type: &'static str,
    text: &'static str,
}

const ICON: &str = "image/svg+xml";
const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// What a browser may do with each file: load what comes from here, and nothing else.
const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    // The files change with the program.
    (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
];

macro_rules! asset {
    ($content_type:ident, $path:literal) => {
        Asset {
            path: concat!("/", $path),
            content_type: $content_type,
            text: include_str!(concat!("page/", $path)),
        }
    };
}

/// The page itself.
pub(super) const PAGE: Asset = asset!(HTML, "dashboard.html");

/// What the page loads.
pub(super) const ASSETS: [Asset; 18] = [
    asset!(ICON, "icon.svg"),
    asset!(STYLE, "dashboard.css"),
    asset!(STYLE, "uplot/uPlot.min.css"),
    asset!(SCRIPT, "uplot/uPlot.iife.min.js"),
    asset!(SCRIPT, "curves.js"),
    asset!(SCRIPT, "dashboard.js"),
    asset!(SCRIPT, "details.js"),
    asset!(SCRIPT, "element.js"),
    asset!(SCRIPT, "format.js"),
    asset!(SCRIPT, "histogram.js"),
    asset!(SCRIPT, "loops.js"),
    asset!(SCRIPT, "main.js"),
    asset!(SCRIPT, "outcomes.js"),
    asset!(SCRIPT, "queue.js"),
    asset!(SCRIPT, "stream.js"),
    asset!(SCRIPT, "table.js"),
    asset!(SCRIPT, "verdict.js"),
    asset!(SCRIPT, "workers.js"),
];

impl IntoResponse for Asset {
    fn into_response(self) -> Response {
        let content_type = [(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type))];
        (HEADERS, content_type, self.text).into_response()
    }
}
