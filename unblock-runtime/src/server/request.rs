//! One request: the limits before the service sees it, its deadline, and what becomes of a service that fails.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, Version, header};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::Service;
use tokio::time::{sleep_until, timeout};

use super::activity::{Activity, OpenAnswer};
use super::answer::Source;
use super::body::Left;
use super::gauge::Gauge;
use super::{Answer, Body, BoxError, Limits, ResponseBody};
use crate::error::Error;
use crate::{deadline, panic};

/// How long the server goes on reading a body that nobody wants, and throws away what comes. A client that is cut off while
/// it sends sees a broken connection and never the answer that says why. nginx has `lingering_close`.
const LINGER: Duration = Duration::from_secs(5);

/// What the requests of one connection have in common.
#[derive(Clone)]
pub(super) struct Requests {
    pub(super) limits: Limits,
    /// How long the head of an answer may take.
    pub(super) timeout: Option<Duration>,
    pub(super) gauge: Gauge,
    pub(super) activity: Arc<Activity>,
}

/// Answers one request: never fails, and never panics because the service did. It returns what hyper wants, because a future
/// around this one would be twice its size.
pub(super) async fn answer<S, B>(
    service: S,
    requests: Requests,
    request: Request<Incoming>,
) -> Result<Response<ResponseBody<B>>, Infallible>
where
    S: Service<Request<Body>, Response = Response<B>, Error: Into<BoxError>>,
{
    let Requests { limits, timeout, gauge, activity } = requests;
    let _running = gauge.request();
    let version = request.version();
    let (open, number) = activity.begin(version, limits.requests);
    let (mut response, rest) = attend(service, &limits, timeout, request).await;

    // HTTP/2 has a frame of its own for it, and refuses this header.
    let one_at_a_time = version <= Version::HTTP_11;
    let last = matches!(rest, Some(Left::TooLarge(_) | Left::TooSlow)) || number >= limits.requests;
    if one_at_a_time && last && response.status() != StatusCode::SWITCHING_PROTOCOLS {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    match rest {
        Some(Left::TooLarge(rest)) => linger(rest, activity.hold()),
        // HTTP/2 can tell the client that its body is not wanted.
        Some(Left::Unread(rest)) if one_at_a_time => linger(rest, activity.hold()),
        Some(Left::TooSlow | Left::Unread(_)) | None => {}
    }
    Ok(response.map(|source| ResponseBody::new(source, open)))
}

/// The response to a request, and what is left of its body if that is not read any more.
async fn attend<S, B>(
    service: S,
    limits: &Limits,
    timeout: Option<Duration>,
    request: Request<Incoming>,
) -> (Response<Source<B>>, Option<Left>)
where
    S: Service<Request<Body>, Response = Response<B>, Error: Into<BoxError>>,
{
    let deadline = timeout.and_then(|longest| Instant::now().checked_add(longest));
    let limit = limits.body_size;
    let (head, incoming) = request.into_parts();
    if incoming.size_hint().lower() > limit {
        return (Source::own(Answer::body_too_large(limit)), Some(Left::TooLarge(incoming)));
    }
    let (body, rest) = Body::new(incoming, limits);
    let asked = Asked { method: head.method.clone(), uri: head.uri.clone() };
    let response = match call(deadline, || service.call(Request::from_parts(head, body))).await {
        Ok(Ok(response)) => Source::service(response),
        Ok(Err(error)) => asked.failed(&error.into()),
        Err(Error::Panicked(panicked)) => asked.panicked(&panicked),
        Err(error) => asked.unanswered(&error),
    };
    // What the client has done wrong is the answer, whatever the service has made of it.
    match rest.and_then(|rest| rest.take()) {
        Some(left @ Left::TooLarge(_)) => (Source::own(Answer::body_too_large(limit)), Some(left)),
        Some(left @ Left::TooSlow) => (Source::own(Answer::body_too_slow()), Some(left)),
        left => (response, left),
    }
}

/// Calls `call` and awaits what it returns, until `deadline`; what is submitted meanwhile inherits that. A panic in either
/// becomes a value.
async fn call<F: Future>(deadline: Option<Instant>, call: impl FnOnce() -> F) -> Result<F::Output, Error> {
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

/// Reads on for a while, so that the client gets to read its answer.
fn linger(mut rest: Incoming, open: OpenAnswer) {
    tokio::task::spawn_local(timeout(LINGER, async move {
        let _open = open;
        while let Some(Ok(_)) = rest.frame().await {}
    }));
}

/// What was asked, for the log.
struct Asked {
    method: Method,
    uri: Uri,
}

impl Asked {
    fn panicked<B>(&self, panicked: &panic::Panicked) -> Response<Source<B>> {
        let message = panicked.message().unwrap_or("(not a text)");
        tracing::error!(method = %self.method, path = self.uri.path(), message, "a handler panicked");
        Source::own(Answer::internal_error())
    }

    fn unanswered<B>(&self, error: &Error) -> Response<Source<B>> {
        // No louder than this: it happens most when there is the least time to write it down.
        tracing::debug!(method = %self.method, path = self.uri.path(), %error, "a request came to nothing");
        Source::own(Answer::from(error))
    }

    fn failed<B>(&self, error: &BoxError) -> Response<Source<B>> {
        tracing::error!(method = %self.method, path = self.uri.path(), %error, "the service failed");
        Source::own(Answer::internal_error())
    }
}
