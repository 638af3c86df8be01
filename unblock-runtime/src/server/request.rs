//! One request: the limits before the service sees it, and what becomes of a service that fails.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use http::{HeaderValue, Method, Request, Response, Uri, Version, header};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::Service;
use tokio::time::timeout;

use super::gauge::Gauge;
use super::{Answer, Body, BoxError, ResponseBody};
use crate::panic;

/// How long the server goes on reading a body that it has refused, and throws away what comes. A client that is cut
/// off while it sends sees a broken connection and never the answer that says why. nginx has `lingering_close`.
const LINGER: Duration = Duration::from_secs(5);

/// What the requests of one connection have in common.
#[derive(Clone)]
pub(super) struct Requests {
    pub(super) body_limit: u64,
    pub(super) gauge: Gauge,
    /// Whether the connection has brought a request yet.
    pub(super) seen: Rc<Cell<bool>>,
}

/// Answers one request: never fails, and never panics because the service did.
pub(super) async fn answer<S, B>(
    service: S,
    requests: Requests,
    request: Request<Incoming>,
) -> Response<ResponseBody<B>>
where
    S: Service<Request<Body>, Response = Response<B>, Error: Into<BoxError>>,
{
    requests.seen.set(true);
    let _running = requests.gauge.request();

    let limit = requests.body_limit;
    let (head, incoming) = request.into_parts();
    if incoming.size_hint().lower() > limit {
        return refuse(head.version, incoming, limit);
    }
    let (body, overflow) = Body::new(incoming, limit);
    let asked = Asked { method: head.method.clone(), uri: head.uri.clone() };
    let version = head.version;

    let response = match caught(|| service.call(Request::from_parts(head, body))).await {
        Ok(Ok(response)) => ResponseBody::service(response),
        Ok(Err(error)) => asked.failed(&error.into()),
        Err(panicked) => asked.panicked(&panicked),
    };
    match overflow.and_then(|overflow| overflow.take()) {
        Some(rest) => refuse(version, rest, limit),
        None => response,
    }
}

/// Calls `call` and awaits what it returns; a panic in either becomes a value.
async fn caught<F: Future>(call: impl FnOnce() -> F) -> Result<F::Output, panic::Panicked> {
    let mut future = pin!(panic::catch(call)?);
    poll_fn(|cx| match panic::catch(|| future.as_mut().poll(cx)) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Err(panicked) => Poll::Ready(Err(panicked)),
    })
    .await
}

/// Answers 413, and reads on for a while so that the client gets to read it.
fn refuse<B>(version: Version, rest: Incoming, limit: u64) -> Response<ResponseBody<B>> {
    tokio::task::spawn_local(timeout(LINGER, drain(rest)));
    let mut response = ResponseBody::own(Answer::body_too_large(limit));
    if version <= Version::HTTP_11 {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

async fn drain(mut rest: Incoming) {
    while let Some(Ok(_)) = rest.frame().await {}
}

/// What was asked, for the log.
struct Asked {
    method: Method,
    uri: Uri,
}

impl Asked {
    fn panicked<B>(&self, panicked: &panic::Panicked) -> Response<ResponseBody<B>> {
        let message = panicked.message().unwrap_or("(not a text)");
        tracing::error!(method = %self.method, path = self.uri.path(), message, "a handler panicked");
        ResponseBody::own(Answer::internal_error())
    }

    fn failed<B>(&self, error: &BoxError) -> Response<ResponseBody<B>> {
        tracing::error!(method = %self.method, path = self.uri.path(), %error, "the service failed");
        ResponseBody::own(Answer::internal_error())
    }
}
