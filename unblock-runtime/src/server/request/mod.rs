//! One request, from hyper's head and body to the response: the limits before the service sees it,
//! its deadline, and the response in place of a service that fails.
//!
//! ```text
//! respond ─┬▶ Call::TooLarge   the body announces too much: 413, and the service is not called
//!          ├▶ Call::Failed     the service panicked when it was called: 500
//!          └▶ Call::Running ──▶ poll_service: checks the deadline, polls, catches a panic
//!                                  │ ready
//!                                  ▼
//!    the service's response; or 504, 500; or 413, 408 if the body broke its limits meanwhile
//! ```

pub(crate) mod body;
mod body_timeout;
mod response_body;
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

use crate::error::{Error, Panicked};
use crate::job::deadline;
use crate::server::error::BoxError;
use crate::server::in_flight::{InFlight, OpenRequest};
use crate::server::limits::Limits;
use crate::server::timeouts::{ConnectionTimeouts, OpenResponse};
use crate::unwind;
use body::{Body, Unread, UnreadSlot};
use response_body::{ResponseBody, Source};
use text_response::TextResponse;

/// Time for which the server reads and discards a body that nobody wants. A client that is
/// disconnected while it sends sees a broken connection, and never the response that says why.
/// nginx calls this a lingering close.
const LINGER: Duration = Duration::from_secs(5);

/// The state that all requests of a connection share.
pub(super) struct RequestContext {
    pub(super) limits: Rc<Limits>,
    /// Time that the service has until the head of its response is there.
    pub(super) timeout: Option<Duration>,
    pub(super) in_flight: InFlight,
    pub(super) timeouts: Arc<ConnectionTimeouts>,
}

impl RequestContext {
    /// Responds to one request. The future never fails, and never panics because the service does.
    ///
    /// The service is called at once, so that the future need not hold the request.
    pub(super) fn respond<S, B>(
        self: &Rc<Self>,
        service: &S,
        request: Request<Incoming>,
    ) -> ResponseFuture<S::Future>
    where
        S: Service<Request<Body>, Response = Response<B>, Error: Into<BoxError>>,
    {
        let in_flight = self.in_flight.request();
        let deadline = self.timeout.and_then(|longest| Instant::now().checked_add(longest));
        let (head, incoming) = request.into_parts();
        let version = head.version;
        let (open, number) = self.timeouts.request(version, self.limits.requests);
        let line = RequestLine { method: head.method.clone(), uri: head.uri.clone() };
        let (call, unread) = if incoming.size_hint().lower() > self.limits.body_size {
            (Call::TooLarge { body: Some(incoming) }, None)
        } else {
            let (body, unread) = Body::new(incoming, &self.limits, &self.timeouts);
            let call = match guard(deadline, || service.call(Request::from_parts(head, body))) {
                Ok(future) => Call::Running { future },
                Err(error) => Call::Failed { error },
            };
            (call, unread)
        };
        ResponseFuture {
            call,
            deadline,
            alarm: deadline.map(|time| Box::pin(sleep_until(time.into()))),
            unread,
            line,
            version,
            last: version <= Version::HTTP_11 && number >= self.limits.requests,
            open: Some(open),
            context: Rc::clone(self),
            _in_flight: in_flight,
        }
    }
}

pin_project! {
    /// The response to one request, when the service has it.
    pub(super) struct ResponseFuture<F> {
        #[pin]
        call: Call<F>,
        deadline: Option<Instant>,
        // The timer of the deadline.
        alarm: Option<Pin<Box<Sleep>>>,
        // Receives the body if the service does not read it to its end.
        unread: Option<UnreadSlot>,
        line: RequestLine,
        version: Version,
        // Whether an HTTP/1.1 connection has brought as many requests as it may.
        last: bool,
        // Passed on to the body of the response.
        open: Option<OpenResponse>,
        context: Rc<RequestContext>,
        _in_flight: OpenRequest,
    }
}

pin_project! {
    /// The call of the service for one request.
    #[project = CallProjection]
    enum Call<F> {
        Running { #[pin] future: F },
        // The service panicked before it returned a future.
        Failed { error: Error },
        // The service is not called because the body announces more bytes than allowed.
        TooLarge { body: Option<Incoming> },
        // The service has responded.
        Done,
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError>,
{
    /// The response, in the form that hyper expects.
    type Output = Result<Response<ResponseBody<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let (response, unread) = match this.call.as_mut().project() {
            CallProjection::Running { future } => {
                let response = match ready!(poll_service(future, *this.deadline, this.alarm, cx)) {
                    Ok(Ok(response)) => Source::service(response),
                    Ok(Err(error)) => this.line.service_failed(&error.into()),
                    Err(error) => this.line.call_failed(&error),
                };
                // Dropping the future cancels the jobs that the service waits for.
                unwind::contain("dropping a service's future", || this.call.set(Call::Done));
                (Some(response), this.unread.take().and_then(|unread| unread.take()))
            }
            CallProjection::Failed { error } => {
                let response = this.line.call_failed(error);
                (Some(response), this.unread.take().and_then(|unread| unread.take()))
            }
            CallProjection::TooLarge { body } => (None, body.take().map(Unread::TooLarge)),
            CallProjection::Done => (None, None),
        };
        let RequestContext { limits, timeouts, .. } = &**this.context;
        // A client that broke a limit is told so, whatever the service has responded.
        let response = match (&unread, response) {
            (Some(Unread::TooLarge(_)), _) => {
                Source::text(TextResponse::body_too_large(limits.body_size))
            }
            (Some(Unread::TooSlow), _) => Source::text(TextResponse::body_too_slow()),
            (_, Some(response)) => response,
            (_, None) => unreachable!("a response was polled after its end"),
        };
        let (mut head, source) = response.into_parts();

        // HTTP/2 has a frame for closing a connection, and forbids the header.
        let is_http1 = *this.version <= Version::HTTP_11;
        let last = *this.last || matches!(unread, Some(Unread::TooLarge(_) | Unread::TooSlow));
        if is_http1 && last && head.status != StatusCode::SWITCHING_PROTOCOLS {
            head.headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        match unread {
            Some(Unread::TooLarge(body)) => discard(body, timeouts.hold()),
            // HTTP/2 can tell the client that its body is not wanted.
            Some(Unread::Unwanted(body)) if is_http1 => discard(body, timeouts.hold()),
            Some(Unread::TooSlow | Unread::Unwanted(_)) | None => {}
        }
        let body = ResponseBody::new(source, this.open.take());
        Poll::Ready(Ok(Response::from_parts(head, body)))
    }
}

/// Polls the future of the service until `deadline`, which the jobs that it submits inherit. A
/// panic becomes an error.
fn poll_service<F: Future>(
    future: Pin<&mut F>,
    deadline: Option<Instant>,
    alarm: &mut Option<Pin<Box<Sleep>>>,
    cx: &mut Context<'_>,
) -> Poll<Result<F::Output, Error>> {
    // The clock is checked first: from the deadline on the server responds, even if the service is
    // ready by now.
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

/// Runs code of the service, with the deadline for the jobs that it submits. A panic becomes an
/// error.
fn guard<T>(deadline: Option<Instant>, f: impl FnOnce() -> T) -> Result<T, Error> {
    unwind::catch(|| deadline::in_request(deadline, f)).map_err(Panicked::into_error)
}

/// Reads the rest of a body for a while, so that the client gets to read the response.
fn discard(mut body: Incoming, open: OpenResponse) {
    tokio::task::spawn_local(timeout(LINGER, async move {
        let _open = open;
        while let Some(Ok(_)) = body.frame().await {}
    }));
}

/// The method and path of a request, for the log.
struct RequestLine {
    method: Method,
    uri: Uri,
}

impl RequestLine {
    /// Logs why the call of the service has no value, and returns the response that says so.
    fn call_failed<B>(&self, error: &Error) -> Response<Source<B>> {
        if let Error::Panicked(panicked) = error {
            let message = panicked.message().unwrap_or("(not a text)");
            tracing::error!(method = %self.method, path = self.uri.path(), message, "a handler panicked");
            return Source::text(TextResponse::internal_error());
        }
        // This is a debug message because most of these come under overload, when there is the
        // least time for logging.
        tracing::debug!(method = %self.method, path = self.uri.path(), %error, "a request failed");
        Source::text(TextResponse::from(error))
    }

    /// Logs the error that the service has returned, and returns the response in its place.
    fn service_failed<B>(&self, error: &BoxError) -> Response<Source<B>> {
        tracing::error!(method = %self.method, path = self.uri.path(), %error, "the service failed");
        Source::text(TextResponse::internal_error())
    }
}
