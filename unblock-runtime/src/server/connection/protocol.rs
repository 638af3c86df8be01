//! The protocol of a connection: HTTP/1.1 or HTTP/2, detected by the first bytes, and spoken by
//! hyper.
//!
//! ```text
//!             poll: other bytes
//! Detecting ─┬─────────────────▶ Http1
//!            │ poll: the preface
//!            ├─────────────────▶ Http2
//!            │ graceful_shutdown
//!            └─────────────────▶ Closed
//! ```
//!
//! The `auto` connection of hyper-util does the same, and memory is why it is not used: an idle
//! connection takes 14.2 kB with this file and 21.0 kB with `auto`, whose connections all have room
//! for the state of HTTP/2 (`cargo bench --bench idle_connections`).

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::StatusCode;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::HttpService;
use hyper_util::rt::{TokioIo, TokioTimer};

use crate::server::error::BoxError;
use crate::server::limits::{DEFAULT_FIELDS, Limits};
use crate::server::socket::Socket;
use crate::server::timeouts::ConnectionTimeouts;

/// First bytes of every HTTP/2 connection (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How hyper speaks either version on the connections of a loop.
pub(super) struct Protocols {
    http1: http1::Builder,
    streams: u32,
    header_size: u32,
}

impl Protocols {
    pub(super) fn new(limits: &Limits) -> Self {
        let mut http1 = http1::Builder::new();
        http1
            .timer(TokioTimer::new())
            // The connection's own timeouts tell a slow head from an idle connection.
            .header_read_timeout(None)
            .max_buf_size(limits.header_size)
            .keep_alive(limits.keep_alive)
            .half_close(limits.half_close);
        if limits.header_fields != DEFAULT_FIELDS {
            http1.max_headers(limits.header_fields);
        }
        let header_size = u32::try_from(limits.header_size).unwrap_or(u32::MAX);
        Self { http1, streams: limits.streams, header_size }
    }

    fn http2(&self, executor: LocalExecutor) -> http2::Builder<LocalExecutor> {
        let mut http2 = http2::Builder::new(executor);
        http2
            .timer(TokioTimer::new())
            .max_concurrent_streams(self.streams)
            .max_header_list_size(self.header_size)
            // WebSockets over HTTP/2 (RFC 8441).
            .enable_connect_protocol();
        http2
    }
}

/// Returns the status with which hyper has refused a request whose head it cannot read, if that is
/// why a connection has ended. The texts of its errors tell more than their kinds.
pub(super) fn refusal(error: &BoxError) -> Option<StatusCode> {
    let error = error.downcast_ref::<hyper::Error>()?;
    if !error.is_parse() || error.is_parse_version_h2() {
        return None;
    }
    Some(match error.is_parse_too_large() {
        true if error.to_string() == "URI too long" => StatusCode::URI_TOO_LONG,
        true => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        false => StatusCode::BAD_REQUEST,
    })
}

/// An HTTP connection: a future that ends with it.
pub(super) struct HttpConnection<'a, S: HttpService<Incoming>> {
    protocols: &'a Protocols,
    state: State<S>,
}

#[expect(clippy::large_enum_variant, reason = "most connections speak HTTP/1.1")]
enum State<S: HttpService<Incoming>> {
    /// The version is not known yet.
    Detecting(Socket, S),
    Http1(Http1<S>),
    Http2(Pin<Box<Http2<S>>>),
    Closed,
}

type Http1<S> = http1::UpgradeableConnection<TokioIo<Socket>, S>;
type Http2<S> = http2::Connection<TokioIo<Socket>, S, LocalExecutor>;

impl<'a, S, B> HttpConnection<'a, S>
where
    S: HttpService<Incoming, ResBody = B, Error: Into<BoxError>, Future: 'static>,
    B: http_body::Body<Error: Into<BoxError>> + 'static,
{
    pub(super) fn new(protocols: &'a Protocols, socket: Socket, service: S) -> Self {
        Self { protocols, state: State::Detecting(socket, service) }
    }

    /// Ends the connection after the requests that have begun.
    pub(super) fn graceful_shutdown(&mut self) {
        match &mut self.state {
            State::Detecting(..) | State::Closed => self.state = State::Closed,
            State::Http1(connection) => Pin::new(connection).graceful_shutdown(),
            State::Http2(connection) => connection.as_mut().graceful_shutdown(),
        }
    }
}

impl<S, B> State<S>
where
    S: HttpService<Incoming, ResBody = B, Error: Into<BoxError>, Future: 'static>,
    B: http_body::Body<Error: Into<BoxError>> + 'static,
{
    fn http1(protocols: &Protocols, socket: Socket, service: S) -> Self {
        Self::Http1(protocols.http1.serve_connection(TokioIo::new(socket), service).with_upgrades())
    }

    fn http2(protocols: &Protocols, socket: Socket, service: S) -> Self {
        let timeouts = Arc::clone(socket.timeouts());
        timeouts.is_http2();
        let http2 = protocols.http2(LocalExecutor { timeouts });
        Self::Http2(Box::pin(http2.serve_connection(TokioIo::new(socket), service)))
    }
}

// The service is never pinned.
impl<S: HttpService<Incoming>> Unpin for HttpConnection<'_, S> {}

impl<S, B> Future for HttpConnection<'_, S>
where
    S: HttpService<Incoming, ResBody = B, Error: Into<BoxError>, Future: 'static>,
    B: http_body::Body<Error: Into<BoxError>> + 'static,
{
    type Output = Result<(), BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        loop {
            match &mut this.state {
                State::Detecting(socket, _) => {
                    let is_http2 = ready!(socket.poll_starts_with(PREFACE, cx))?;
                    let State::Detecting(socket, service) =
                        mem::replace(&mut this.state, State::Closed)
                    else {
                        unreachable!("the state was matched just now")
                    };
                    this.state = if is_http2 {
                        State::http2(this.protocols, socket, service)
                    } else {
                        State::http1(this.protocols, socket, service)
                    };
                }
                State::Http1(connection) => {
                    return Pin::new(connection).poll(cx).map_err(Into::into);
                }
                State::Http2(connection) => {
                    return connection.as_mut().poll(cx).map_err(Into::into);
                }
                State::Closed => return Poll::Ready(Ok(())),
            }
        }
    }
}

/// Runs the tasks that hyper spawns, the requests and tunnels of HTTP/2, on the loop of the
/// connection, which is not idle while one of them runs.
#[derive(Clone)]
struct LocalExecutor {
    timeouts: Arc<ConnectionTimeouts>,
}

impl<F: Future<Output: 'static> + 'static> hyper::rt::Executor<F> for LocalExecutor {
    fn execute(&self, future: F) {
        let guards = (self.timeouts.begin_tunnel(), self.timeouts.hold());
        tokio::task::spawn_local(async move {
            let _guards = guards;
            future.await
        });
    }
}
