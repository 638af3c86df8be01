//! One request: the limits before the service sees it, its deadline, and what becomes of a service that fails.

pub(crate) mod body;
mod body_timeout;
pub(crate) mod service;
pub(crate) mod text_response;

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, Version, header};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::Service;
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep_until, timeout};

use crate::error::Error;
use crate::server::in_flight::InFlight;
use crate::server::timeouts::{ConnectionTimeouts, OpenResponse};
use crate::server::{Body, BoxError, Limits, ResponseBody, TextResponse};
use crate::{deadline, panic};
use body::{Unread, UnreadSlot};
use text_response::Source;

/// How long the server goes on reading a body that nobody wants, and throws away what comes. A client that is cut off while
/// it sends sees a broken connection and never the answer that says why. nginx has `lingering_close`.
const LINGER: Duration = Duration::from_secs(5);

/// What the requests of one connection have in common.
pub(crate) struct RequestContext {
    pub(crate) limits: Rc<Limits>,
    /// How long the head of an answer may take.
    pub(crate) timeout: Option<Duration>,
    pub(crate) in_flight: InFlight,
    pub(crate) timeouts: Arc<ConnectionTimeouts>,
}

impl RequestContext {
    /// Answers one request: never fails, and never panics because the service did.
    ///
    /// The service is called at once, so that what is returned need not hold it and the request: it is moved about.
    pub(crate) fn respond<S, B>(
        self: &Rc<Self>,
        service: &S,
        request: Request<Incoming>,
    ) -> ResponseFuture<S::Future>
    where
        S: Service<Request<Body>, Response = Response<B>, Error: Into<BoxError>>,
    {
        let running = Running::begin(self);
        let deadline = self.timeout.and_then(|longest| Instant::now().checked_add(longest));
        let (head, incoming) = request.into_parts();
        let version = head.version;
        let (open, number) = self.timeouts.begin(version, self.limits.requests);
        let line = RequestLine { method: head.method.clone(), uri: head.uri.clone() };
        let (called, unread) = if incoming.size_hint().lower() > self.limits.body_size {
            (Call::TooLarge { body: Some(incoming) }, None)
        } else {
            let (body, unread) = Body::new(incoming, &self.limits, &self.timeouts);
            let called = match guard(deadline, || service.call(Request::from_parts(head, body))) {
                Ok(future) => Call::Runs { future },
                Err(error) => Call::Failed { error },
            };
            (called, unread)
        };
        let alarm = deadline.map(|time| Box::pin(sleep_until(time.into())));
        let last = version <= Version::HTTP_11 && number >= self.limits.requests;
        ResponseFuture {
            called,
            deadline,
            alarm,
            unread,
            line,
            version,
            last,
            open: Some(open),
            running,
        }
    }
}

/// An open request in its loop's gauge.
struct Running(Rc<RequestContext>);

impl Running {
    fn begin(requests: &Rc<RequestContext>) -> Self {
        requests.in_flight.request_begins();
        Self(Rc::clone(requests))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.in_flight.request_ends();
    }
}

pin_project! {
    /// The answer to one request, on its way.
    pub(crate) struct ResponseFuture<F> {
        #[pin]
        called: Call<F>,
        deadline: Option<Instant>,
        alarm: Option<Pin<Box<Sleep>>>,
        // Where the service leaves what it does not read of the body.
        unread: Option<UnreadSlot>,
        line: RequestLine,
        version: Version,
        // The connection has brought as many requests as it may.
        last: bool,
        // Handed on to the body of the response.
        open: Option<OpenResponse>,
        running: Running,
    }
}

pin_project! {
    /// What came of calling the service.
    #[project = CallProjection]
    enum Call<F> {
        Runs { #[pin] future: F },
        /// It failed at once.
        Failed { error: Error },
        /// It was not called.
        TooLarge { body: Option<Incoming> },
        /// It has answered.
        Over,
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError>,
{
    /// What hyper wants.
    type Output = Result<Response<ResponseBody<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let (response, unread) = match this.called.as_mut().project() {
            CallProjection::Runs { future } => {
                let response = match ready!(poll_service(future, *this.deadline, this.alarm, cx)) {
                    Ok(Ok(response)) => Source::service(response),
                    Ok(Err(error)) => this.line.failed(&error.into()),
                    Err(error) => this.line.unanswered(&error),
                };
                // Cancels what the service waits for.
                panic::contain("dropping a service's future", || this.called.set(Call::Over));
                (Some(response), this.unread.take().and_then(|unread| unread.take()))
            }
            CallProjection::Failed { error } => (
                Some(this.line.unanswered(error)),
                this.unread.take().and_then(|unread| unread.take()),
            ),
            CallProjection::TooLarge { body } => (None, body.take().map(Unread::TooLarge)),
            CallProjection::Over => (None, None),
        };
        let RequestContext { limits, timeouts, .. } = &*this.running.0;
        // What the client has done wrong is the answer, whatever the service has made of it.
        let response = match (&unread, response) {
            (Some(Unread::TooLarge(_)), _) => {
                Source::own(TextResponse::body_too_large(limits.body_size))
            }
            (Some(Unread::TooSlow), _) => Source::own(TextResponse::body_too_slow()),
            (_, Some(response)) => response,
            (_, None) => unreachable!("an answer was polled after its end"),
        };
        let (mut head, source) = response.into_parts();

        // HTTP/2 has a frame of its own for it, and refuses this header.
        let one_at_a_time = *this.version <= Version::HTTP_11;
        let last = *this.last || matches!(unread, Some(Unread::TooLarge(_) | Unread::TooSlow));
        if one_at_a_time && last && head.status != StatusCode::SWITCHING_PROTOCOLS {
            head.headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        match unread {
            Some(Unread::TooLarge(unread)) => linger(unread, timeouts.hold()),
            // HTTP/2 can tell the client that its body is not wanted.
            Some(Unread::Unread(unread)) if one_at_a_time => linger(unread, timeouts.hold()),
            Some(Unread::TooSlow | Unread::Unread(_)) | None => {}
        }
        let body = ResponseBody::new(source, this.open.take());
        Poll::Ready(Ok(Response::from_parts(head, body)))
    }
}

/// Polls what the service returned, until `deadline`; what is submitted meanwhile inherits that. A panic becomes a value.
fn poll_service<F: Future>(
    future: Pin<&mut F>,
    deadline: Option<Instant>,
    alarm: &mut Option<Pin<Box<Sleep>>>,
    cx: &mut Context<'_>,
) -> Poll<Result<F::Output, Error>> {
    // The clock is asked first: at this time the answer is the server's, whatever the service would make of it.
    if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
        return Poll::Ready(Err(Error::TimedOut));
    }
    match guard(deadline, || future.poll(cx)) {
        Ok(Poll::Pending) => {}
        Ok(Poll::Ready(output)) => return Poll::Ready(Ok(output)),
        Err(error) => return Poll::Ready(Err(error)),
    }
    match alarm {
        Some(alarm) => alarm.as_mut().poll(cx).map(|()| Err(Error::TimedOut)),
        None => Poll::Pending,
    }
}

fn guard<T>(deadline: Option<Instant>, f: impl FnOnce() -> T) -> Result<T, Error> {
    panic::catch(|| deadline::within(deadline, f)).map_err(panic::Panicked::into_error)
}

/// Reads on for a while, so that the client gets to read its answer.
fn linger(mut unread: Incoming, open: OpenResponse) {
    tokio::task::spawn_local(timeout(LINGER, async move {
        let _open = open;
        while let Some(Ok(_)) = unread.frame().await {}
    }));
}

/// What was asked, for the log.
struct RequestLine {
    method: Method,
    uri: Uri,
}

impl RequestLine {
    fn unanswered<B>(&self, error: &Error) -> Response<Source<B>> {
        if let Error::Panicked(panicked) = error {
            let message = panicked.message().unwrap_or("(not a text)");
            tracing::error!(method = %self.method, path = self.uri.path(), message, "a handler panicked");
            return Source::own(TextResponse::internal_error());
        }
        // No louder than this: it happens most when there is the least time to write it down.
        tracing::debug!(method = %self.method, path = self.uri.path(), %error, "a request came to nothing");
        Source::own(TextResponse::from(error))
    }

    fn failed<B>(&self, error: &BoxError) -> Response<Source<B>> {
        tracing::error!(method = %self.method, path = self.uri.path(), %error, "the service failed");
        Source::own(TextResponse::internal_error())
    }
}
