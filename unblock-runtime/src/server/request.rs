//! One request: the limits before the service sees it, its deadline, and what becomes of a service that fails.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

use http::{HeaderValue, Method, Request, Response, Uri, Version, header};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::Service;
use tokio::time::{sleep_until, timeout};

use super::gauge::Gauge;
use super::{Answer, Body, BoxError, ResponseBody};
use crate::error::Error;
use crate::{deadline, panic};

/// How long the server goes on reading a body that it has refused, and throws away what comes. A client that is cut
/// off while it sends sees a broken connection and never the answer that says why. nginx has `lingering_close`.
const LINGER: Duration = Duration::from_secs(5);

/// What the requests of one connection have in common.
#[derive(Clone)]
pub(super) struct Requests {
    pub(super) body_limit: u64,
    /// How long the head of an answer may take.
    pub(super) timeout: Option<Duration>,
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
    let deadline = requests.timeout.and_then(|longest| Instant::now().checked_add(longest));

    let limit = requests.body_limit;
    let (head, incoming) = request.into_parts();
    if incoming.size_hint().lower() > limit {
        return refuse(head.version, incoming, limit);
    }
    let (body, overflow) = Body::new(incoming, limit);
    let asked = Asked { method: head.method.clone(), uri: head.uri.clone() };
    let version = head.version;

    let response = match attend(deadline, || service.call(Request::from_parts(head, body))).await {
        Ok(Ok(response)) => ResponseBody::service(response),
        Ok(Err(error)) => asked.failed(&error.into()),
        Err(Error::Panicked(panicked)) => asked.panicked(&panicked),
        Err(error) => asked.unanswered(&error),
    };
    match overflow.and_then(|overflow| overflow.take()) {
        Some(rest) => refuse(version, rest, limit),
        None => response,
    }
}

/// Calls `call` and awaits what it returns, until `deadline`; what is submitted meanwhile inherits that. A panic in either
/// becomes a value.
async fn attend<F: Future>(deadline: Option<Instant>, call: impl FnOnce() -> F) -> Result<F::Output, Error> {
    let mut future = pin!(Some(guard(deadline, call)?));
    let mut alarm = pin!(deadline.map(|time| sleep_until(time.into())));
    let outcome = poll_fn(|cx| {
        let Some(running) = future.as_mut().as_pin_mut() else { return Poll::Pending };
        // The clock is asked first: at this time the answer is the server's, whatever the service would make of it.
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return Poll::Ready(Err(Error::TimedOut));
        }
        match guard(deadline, || running.poll(cx)) {
            Ok(Poll::Pending) => {}
            Ok(Poll::Ready(output)) => return Poll::Ready(Ok(output)),
            Err(error) => return Poll::Ready(Err(error)),
        }
        match alarm.as_mut().as_pin_mut() {
            Some(alarm) => alarm.poll(cx).map(|()| Err(Error::TimedOut)),
            None => Poll::Pending,
        }
    })
    .await;
    // Cancels what the service waits for.
    panic::contain("dropping a service's future", || future.set(None));
    outcome
}

fn guard<T>(deadline: Option<Instant>, f: impl FnOnce() -> T) -> Result<T, Error> {
    panic::catch(|| deadline::within(deadline, f)).map_err(panic::Panicked::into_error)
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

    fn unanswered<B>(&self, error: &Error) -> Response<ResponseBody<B>> {
        // No louder than this: it happens most when there is the least time to write it down.
        tracing::debug!(method = %self.method, path = self.uri.path(), %error, "a request came to nothing");
        ResponseBody::own(Answer::from(error))
    }

    fn failed<B>(&self, error: &BoxError) -> Response<ResponseBody<B>> {
        tracing::error!(method = %self.method, path = self.uri.path(), %error, "the service failed");
        ResponseBody::own(Answer::internal_error())
    }
}
