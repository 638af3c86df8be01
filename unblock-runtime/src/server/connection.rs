//! One connection, from its acceptance to its end, as a task of the loop that accepted it.

use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use http::{Request, Response};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::activity::{Activity, Overdue};
use super::cores::Place;
use super::gauge::Gauge;
use super::race::{Race, race};
use super::request::Requests;
use super::spread::Open;
use super::stop::PhaseWatch;
use super::stream::Stream;
use super::{Body, BoxError, Limits};
use crate::quiet::Quiet;

/// How long a connection that has brought nothing yet may still bring its first request when the server stops:
/// the client has a connection, and its request may be on the way.
const FIRST_REQUEST: Duration = Duration::from_millis(100);

/// How the connections of one loop are served.
pub(super) struct Connections {
    protocol: auto::Builder<LocalExecutor>,
    limits: Rc<Limits>,
    request_timeout: Option<Duration>,
    gauge: Gauge,
    phase: PhaseWatch,
    place: Rc<Place>,
}

impl Connections {
    pub(super) fn new(
        limits: Limits,
        request_timeout: Option<Duration>,
        gauge: Gauge,
        phase: PhaseWatch,
        place: Place,
    ) -> Self {
        let mut protocol = auto::Builder::new(LocalExecutor);
        protocol
            .http1()
            .timer(TokioTimer::new())
            // The connection's activity is watched here, which tells a slow head from an idle connection.
            .header_read_timeout(None)
            .max_buf_size(limits.header_size)
            .keep_alive(limits.keep_alive);
        protocol
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(limits.streams)
            .max_header_list_size(u32::try_from(limits.header_size).unwrap_or(u32::MAX));
        Self { protocol, limits: Rc::new(limits), request_timeout, gauge, phase, place: Rc::new(place) }
    }

    /// Serves one connection until it ends, by itself or because the server stops.
    pub(super) async fn serve<S, B>(self: Rc<Self>, stream: TcpStream, service: S, open: Open)
    where
        S: hyper::service::Service<
                Request<Body>,
                Response = Response<B>,
                Error: Into<BoxError>,
                Future: 'static,
            > + Clone
            + 'static,
        B: http_body::Body<Error: Into<BoxError>> + 'static,
    {
        let _open = open;
        let mut phase = self.phase.clone();
        let activity = Activity::new();
        // Answers are written whole; waiting for more to send with them only delays them.
        let _ = stream.set_nodelay(true);

        let requests = Rc::new(Requests {
            limits: Rc::clone(&self.limits),
            timeout: self.request_timeout,
            gauge: self.gauge.clone(),
            place: Rc::clone(&self.place),
            activity: activity.clone(),
        });
        let service = service_fn(move |request| requests.answer(&service, request));
        let stream = TokioIo::new(Stream::new(stream, activity.clone()));
        let mut connection = pin!(self.protocol.serve_connection_with_upgrades(stream, service));

        loop {
            let watch = pin!(race(phase.stopping(), activity.overdue(&self.limits)));
            match race(connection.as_mut(), Quiet::new(watch)).await {
                Race::First(ended) => return log_end(ended),
                Race::Second(Race::First(())) => break,
                Race::Second(Race::Second(Overdue::Cut(why))) => {
                    return tracing::debug!(why, "closing a connection");
                }
                Race::Second(Race::Second(Overdue::Retire(why))) => {
                    tracing::debug!(why, "asking a client to leave its connection");
                    activity.leave();
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
        if activity.requests() == 0
            && let Race::First(ended) = race(connection.as_mut(), sleep(FIRST_REQUEST)).await
        {
            return log_end(ended);
        }
        connection.as_mut().graceful_shutdown();
        if let Race::First(ended) = race(connection.as_mut(), phase.cut()).await {
            log_end(ended);
        }
    }
}

/// Most ends with an error are a client that has gone, or that does not speak HTTP.
fn log_end(ended: Result<(), BoxError>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Runs what a connection spawns, the requests of HTTP/2, as tasks of the same loop.
#[derive(Clone)]
struct LocalExecutor;

impl<F: Future<Output: 'static> + 'static> hyper::rt::Executor<F> for LocalExecutor {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}
