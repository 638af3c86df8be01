//! One request, from hyper's head and body to the response: the limits before the service sees it,
//! its deadline, and the response in place of a service that fails.
//!
//! ```text
//! respond ─┬▶ Call::Refused    the head breaks a rule or a limit, or announces too large a body:
//!          │                   400, 431 or 413, and the service is not called
//!          ├▶ Call::Failed     the service panicked when it was called: 500
//!          └▶ Call::Running ──▶ poll_service: checks the deadline, polls, catches a panic
//!                                  │ ready
//!                                  ▼
//!    the service's response; or 504, 500; or 413, 408 if the body broke its limits meanwhile
//! ```

pub(crate) mod access_log;
pub(crate) mod body;
mod body_timeout;
mod head;
mod open;
mod response_body;
pub(crate) mod service;
pub(crate) mod text_response;

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, Version};
use http::{header, request, response};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::Service;
use pin_project_lite::pin_project;
use tokio::sync::Semaphore;
use tokio::time::{Sleep, sleep_until, timeout};

use crate::error::{Error, Panicked};
use crate::job::deadline;
use crate::server::config::RequestConfig;
use crate::server::error::BoxError;
use crate::server::in_flight::InFlight;
use crate::server::timeouts::{ConnectionTimeouts, OpenResponse};
use crate::unwind;
use crate::watchdog::{Name, Watch};
use access_log::Entry;
use body::{Body, Unread, UnreadSlot};
use open::Open;
use response_body::{ResponseBody, Source};
use text_response::TextResponse;

/// Time for which the server reads and discards a body that nobody wants. A client that is
/// disconnected while it sends sees a broken connection, and never the response that says why.
/// nginx calls this a lingering close.
const LINGER: Duration = Duration::from_secs(5);

/// The state that all requests of a connection share.
pub(super) struct RequestContext {
    pub(super) config: Rc<RequestConfig>,
    /// The permits for upgraded connections.
    pub(super) upgrades: Arc<Semaphore>,
    pub(super) in_flight: InFlight,
    pub(super) timeouts: Arc<ConnectionTimeouts>,
    /// Address of the client.
    pub(super) peer: Option<SocketAddr>,
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
        let RequestConfig { limits, timeout, access_log, long_poll } = &*self.config;
        let deadline = timeout.and_then(|longest| Instant::now().checked_add(longest));
        let (head, incoming) = self.introduce(request).into_parts();
        let (open, number) = self.timeouts.request(limits.requests);
        let entry = access_log.then(|| Entry::new(&head, self.peer));
        let watch = long_poll.map(|threshold| {
            let (method, uri) = (head.method.clone(), head.uri.clone());
            Watch::new(Name::Request { method, uri }, threshold)
        });
        let open = Open::new(open, self.in_flight.request(), head.version, entry, watch);
        let line = RequestLine::new(&head);
        let (call, unread) = if let Some(refusal) = self.refusal(&head, &incoming) {
            (Call::Refused { refusal: Some((refusal, incoming)) }, None)
        } else {
            let (body, unread) = Body::new(incoming, limits, &self.timeouts, self.peer);
            let call = || guard(deadline, || service.call(Request::from_parts(head, body)));
            let call = match open.watched(call) {
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
            last: number >= limits.requests,
            line,
            open,
            context: Rc::clone(self),
        }
    }

    /// Says whose request it is where handlers of axum look for that.
    #[cfg(feature = "connect-info")]
    fn introduce(&self, mut request: Request<Incoming>) -> Request<Incoming> {
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(axum::extract::ConnectInfo(peer));
        }
        request
    }

    #[cfg(not(feature = "connect-info"))]
    #[expect(clippy::unused_self, reason = "without the feature there is nothing to say")]
    fn introduce(&self, request: Request<Incoming>) -> Request<Incoming> {
        request
    }

    /// Returns the response to a request that the service does not get to see.
    fn refusal(&self, head: &request::Parts, incoming: &Incoming) -> Option<TextResponse> {
        if let Some(fault) = head::fault(head) {
            return Some(TextResponse::new(StatusCode::BAD_REQUEST, fault));
        }
        let limits = &self.config.limits;
        if head.headers.len() > limits.header_fields {
            return Some(TextResponse::too_many_fields(limits.header_fields));
        }
        (incoming.size_hint().lower() > limits.body_size)
            .then(|| TextResponse::body_too_large(limits.body_size))
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
        // Whether the connection has brought as many requests as it may.
        last: bool,
        // Passed on to the body of the response.
        open: Open,
        context: Rc<RequestContext>,
    }
}

pin_project! {
    /// The call of the service for one request.
    #[project = CallProjection]
    enum Call<F> {
        Running { #[pin] future: F },
        // The service panicked before it returned a future.
        Failed { error: Error },
        // The service is not called.
        Refused { refusal: Option<(TextResponse, Incoming)> },
        // The service has responded.
        Done,
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: http_body::Body<Error: Into<BoxError>>,
    E: Into<BoxError>,
{
    /// The response, in the form that hyper expects.
    type Output = Result<Response<ResponseBody<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let (response, unread) = match this.call.as_mut().project() {
            CallProjection::Running { future } => {
                let poll = || poll_service(future, *this.deadline, this.alarm, cx);
                let response = match ready!(this.open.watched(poll)) {
                    Ok(Ok(response)) => Source::service(response),
                    Ok(Err(error)) => this.line.service_failed(&error.into()),
                    Err(error) => this.line.call_failed(&error),
                };
                // Dropping the future cancels the jobs that the service waits for.
                unwind::contain("dropping a service's future", || this.call.set(Call::Done));
                (response, this.unread.take().and_then(|unread| unread.take()))
            }
            CallProjection::Failed { error } => {
                let response = this.line.call_failed(error);
                (response, this.unread.take().and_then(|unread| unread.take()))
            }
            CallProjection::Refused { refusal } => {
                let (response, body) = refusal.take().unwrap_or_else(|| polled_after_its_end());
                (Source::text(response), Some(Unread::Refused(body)))
            }
            CallProjection::Done => polled_after_its_end(),
        };
        let RequestContext { config, timeouts, upgrades, .. } = &**this.context;
        let limits = &config.limits;
        // A client that broke a limit is told so, whatever the service has responded.
        let response = match &unread {
            Some(Unread::TooLarge(_)) => {
                Source::text(TextResponse::body_too_large(limits.body_size))
            }
            Some(Unread::TooSlow) => Source::text(TextResponse::body_too_slow()),
            _ => response,
        };
        let (response, upgrade) = if this.line.is_upgrade(response.status()) {
            match Arc::clone(upgrades).try_acquire_owned() {
                Ok(permit) => (response, Some(permit)),
                Err(_) => (Source::text(TextResponse::too_many_upgrades()), None),
            }
        } else {
            (response, None)
        };
        let (mut head, source) = response.into_parts();
        if let Some(entry) = this.open.entry() {
            entry.responds(head.status, this.line.length(&head, &source));
        }
        // HTTP/2 has frames for closing a connection and for a body that is not wanted.
        let source = if this.line.version > Version::HTTP_11 {
            if let Some(permit) = upgrade {
                timeouts.tunnel(permit);
            }
            this.line.strip(&mut head, source)
        } else {
            // Without a `100 Continue` the client may send its body or leave it out, so that nobody
            // can tell what comes next.
            let ends = match unread {
                Some(Unread::TooLarge(_) | Unread::TooSlow | Unread::Refused(_)) => true,
                Some(Unread::Unwanted { begun, .. }) => this.line.expects_continue && !begun,
                None => false,
            };
            if let Some(permit) = upgrade {
                timeouts.upgrade(permit, limits.upgraded_idle);
            } else if *this.last || ends {
                head.headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            if let Some(
                Unread::TooLarge(rest) | Unread::Refused(rest) | Unread::Unwanted { rest, .. },
            ) = unread
                && !(ends && this.line.expects_continue)
                && !rest.is_end_stream()
            {
                discard(rest, timeouts.hold());
            }
            source
        };
        Poll::Ready(Ok(Response::from_parts(head, ResponseBody::new(source, this.open.clone()))))
    }
}

fn polled_after_its_end() -> ! {
    unreachable!("a response was polled after its end")
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

/// What is still to be known of a request when the service has it.
struct RequestLine {
    method: Method,
    uri: Uri,
    version: Version,
    /// Whether the client may wait for `100 Continue` before it sends the body.
    expects_continue: bool,
}

impl RequestLine {
    fn new(head: &request::Parts) -> Self {
        Self {
            method: head.method.clone(),
            uri: head.uri.clone(),
            version: head.version,
            expects_continue: head.headers.contains_key(header::EXPECT),
        }
    }

    /// Returns whether a response makes something else of the connection, or in HTTP/2 of its
    /// stream.
    fn is_upgrade(&self, status: StatusCode) -> bool {
        (status == StatusCode::SWITCHING_PROTOCOLS && self.version <= Version::HTTP_11)
            || (self.method == Method::CONNECT && status.is_success())
    }

    /// Returns whether a response has no body, whatever the service says.
    fn forbids_body(&self, status: StatusCode) -> bool {
        self.method == Method::HEAD
            || status.is_informational()
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
    }

    /// Returns the length of the body of a response, if it is known.
    fn length(&self, head: &response::Parts, source: &impl http_body::Body) -> Option<u64> {
        if source.is_end_stream() || self.forbids_body(head.status) || self.is_upgrade(head.status)
        {
            return Some(0);
        }
        let announced = head.headers.get(header::CONTENT_LENGTH);
        let announced = announced.and_then(|length| length.to_str().ok()?.parse().ok());
        announced.or_else(|| source.size_hint().exact())
    }

    /// Takes the body from an HTTP/2 response that must not have one, and leaves its length to
    /// HEAD. In HTTP/1.1 hyper does so.
    fn strip<B: http_body::Body<Error: Into<BoxError>>>(
        &self,
        head: &mut response::Parts,
        source: Source<B>,
    ) -> Source<B> {
        let is_head = self.method == Method::HEAD;
        if source.is_end_stream() || !self.forbids_body(head.status) {
            return source;
        }
        if is_head && let Some(length) = source.size_hint().exact() {
            let length = HeaderValue::from(length);
            head.headers.entry(header::CONTENT_LENGTH).or_insert(length);
        }
        Source::empty()
    }

    /// Logs why the call of the service has no value, and returns the response that says so.
    fn call_failed<B>(&self, error: &Error) -> Response<Source<B>> {
        if let Error::Panicked(panicked) = error {
            let message = panicked.message().unwrap_or("(not a text)");
            unwind::log(
                || tracing::error!(method = %self.method, path = self.uri.path(), message, "a handler panicked"),
            );
            return Source::text(TextResponse::internal_error());
        }
        // This is a debug message because most of these come under overload, when there is the
        // least time for logging.
        unwind::log(
            || tracing::debug!(method = %self.method, path = self.uri.path(), %error, "a request failed"),
        );
        Source::text(TextResponse::from(error))
    }

    /// Logs the error that the service has returned, and returns the response in its place.
    fn service_failed<B>(&self, error: &BoxError) -> Response<Source<B>> {
        unwind::log(
            || tracing::error!(method = %self.method, path = self.uri.path(), %error, "the service failed"),
        );
        Source::text(TextResponse::internal_error())
    }
}
