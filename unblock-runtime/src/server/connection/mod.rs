//! One connection, as a task of the loop that serves it.

mod poll_when_woken;
mod protocol;

use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::server::in_flight::InFlight;
use crate::server::race::{Race, race};
use crate::server::request::Requests;
use crate::server::request::service::IntoService;
use crate::server::shutdown::PhaseWatch;
use crate::server::socket::Stream;
use crate::server::timeouts::Overdue;
use crate::server::{BoxError, Limits};
use poll_when_woken::PollWhenWoken;
use protocol::{HttpConnection, Protocols};

/// How long a connection that has brought nothing yet may still bring its first request when the server stops: the client has a
/// connection, and its request may be on the way.
const FIRST_REQUEST: Duration = Duration::from_millis(100);

/// How long any other may: long enough for the runtime to look at the sockets, where the request may be that the client sent
/// before the stop.
const LAST_POLL: Duration = Duration::from_millis(1);

/// How the connections of one loop are served.
pub(crate) struct ConnectionContext {
    protocols: Protocols,
    limits: Rc<Limits>,
    request_timeout: Option<Duration>,
    in_flight: InFlight,
    phase: PhaseWatch,
}

impl ConnectionContext {
    pub(crate) fn new(
        limits: Limits,
        request_timeout: Option<Duration>,
        in_flight: InFlight,
        phase: PhaseWatch,
    ) -> Self {
        let protocols = Protocols::new(&limits);
        Self { protocols, limits: Rc::new(limits), request_timeout, in_flight, phase }
    }

    /// Serves one connection until it ends, by itself or because the server stops.
    pub(crate) async fn serve<K, S: IntoService<K>>(
        self: Rc<Self>,
        socket: TcpStream,
        service: S::Service,
    ) {
        let stream = Stream::new(socket);
        let mut phase = self.phase.clone();
        let activity = Arc::clone(stream.activity());
        let requests = Rc::new(Requests {
            limits: Rc::clone(&self.limits),
            timeout: self.request_timeout,
            in_flight: self.in_flight.clone(),
            activity: Arc::clone(&activity),
        });
        let service = service_fn(move |request| requests.answer(&service, request));
        let mut http = HttpConnection::new(&self.protocols, stream, service);

        loop {
            let watch = pin!(race(phase.stopping(), activity.overdue(&self.limits)));
            match race(&mut http, PollWhenWoken::new(watch)).await {
                Race::First(ended) => return end(ended),
                Race::Second(Race::First(())) => break,
                Race::Second(Race::Second(Overdue::Cut(why))) => {
                    tracing::debug!(why, "closing a connection");
                    return;
                }
                Race::Second(Race::Second(Overdue::Retire(why))) => {
                    tracing::debug!(why, "asking a client to leave its connection");
                    activity.leave();
                    http.graceful_shutdown();
                }
            }
        }
        let patience = if activity.requests() == 0 { FIRST_REQUEST } else { LAST_POLL };
        if let Race::First(ended) = race(&mut http, sleep(patience)).await {
            return end(ended);
        }
        http.graceful_shutdown();
        loop {
            match race(&mut http, race(phase.cut(), activity.overdue(&self.limits))).await {
                Race::First(ended) => return end(ended),
                Race::Second(Race::First(()) | Race::Second(Overdue::Cut(_))) => return,
                Race::Second(Race::Second(Overdue::Retire(_))) => activity.leave(),
            }
        }
    }
}

/// Most ends with an error are a client that has gone, or that does not speak HTTP.
fn end(ended: Result<(), BoxError>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
