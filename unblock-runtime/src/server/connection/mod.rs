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
use crate::server::request::RequestContext;
use crate::server::request::service::IntoService;
use crate::server::shutdown::ShutdownWatch;
use crate::server::socket::Socket;
use crate::server::timeouts::Expired;
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
    phase: ShutdownWatch,
}

impl ConnectionContext {
    pub(crate) fn new(
        limits: Limits,
        request_timeout: Option<Duration>,
        in_flight: InFlight,
        phase: ShutdownWatch,
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
        let socket = Socket::new(socket);
        let mut phase = self.phase.clone();
        let timeouts = Arc::clone(socket.timeouts());
        let requests = Rc::new(RequestContext {
            limits: Rc::clone(&self.limits),
            timeout: self.request_timeout,
            in_flight: self.in_flight.clone(),
            timeouts: Arc::clone(&timeouts),
        });
        let service = service_fn(move |request| requests.respond(&service, request));
        let mut http = HttpConnection::new(&self.protocols, socket, service);

        loop {
            let watch = pin!(race(phase.stopping(), timeouts.expired(&self.limits)));
            match race(&mut http, PollWhenWoken::new(watch)).await {
                Race::First(ended) => return end(ended),
                Race::Second(Race::First(())) => break,
                Race::Second(Race::Second(Expired::Close(why))) => {
                    tracing::debug!(why, "closing a connection");
                    return;
                }
                Race::Second(Race::Second(Expired::GoAway(why))) => {
                    tracing::debug!(why, "asking a client to leave its connection");
                    timeouts.leave();
                    http.graceful_shutdown();
                }
            }
        }
        let patience = if timeouts.requests() == 0 { FIRST_REQUEST } else { LAST_POLL };
        if let Race::First(ended) = race(&mut http, sleep(patience)).await {
            return end(ended);
        }
        http.graceful_shutdown();
        loop {
            match race(&mut http, race(phase.cut(), timeouts.expired(&self.limits))).await {
                Race::First(ended) => return end(ended),
                Race::Second(Race::First(()) | Race::Second(Expired::Close(_))) => return,
                Race::Second(Race::Second(Expired::GoAway(_))) => timeouts.leave(),
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
