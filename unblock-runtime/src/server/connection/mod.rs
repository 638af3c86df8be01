//! One connection, as a task of the loop that serves it.
//!
//! ```text
//!          the server stops           patience over: graceful_shutdown
//! serving ────────────────▶ last poll ──────────────────────▶ draining
//!  │ └─▶ Expired::GoAway: graceful_shutdown, and still serving    │
//!  ▼                          ▼                                   ▼
//! closed: hyper has ended it · Expired::Close · while draining, the grace period is over
//! ```

mod poll_when_woken;
mod protocol;

use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::server::accept::balancer::Accepted;
use crate::server::config::RequestConfig;
use crate::server::error::BoxError;
use crate::server::in_flight::InFlight;
use crate::server::request::service::IntoService;
use crate::server::request::{RequestContext, access_log};
use crate::server::select::select;
use crate::server::shutdown::ShutdownWatch;
use crate::server::socket::Socket;
use crate::server::timeouts::{ConnectionTimeouts, Expired};
use crate::unwind;
use poll_when_woken::PollWhenWoken;
use protocol::{HttpConnection, Protocols};

/// Time for the first request of a connection when the server stops: the client is connected, and
/// its request may be on the way.
const FIRST_REQUEST: Duration = Duration::from_millis(100);

/// Time for another request when the server stops: long enough for the runtime to poll the sockets
/// once more, where a request may be that the client sent before.
const LAST_POLL: Duration = Duration::from_millis(1);

/// The state that all connections of a loop share.
pub(super) struct ConnectionContext {
    protocols: Protocols,
    config: Rc<RequestConfig>,
    upgrades: Arc<Semaphore>,
    in_flight: InFlight,
    shutdown: ShutdownWatch,
}

/// An event that the task of a connection waits for.
enum Event {
    /// The connection has ended, by itself or by the client.
    Ended(Result<(), BoxError>),
    /// The server stops, or, while the connection drains, the grace period is over.
    Shutdown,
    /// A time limit was reached.
    Expired(Expired),
}

impl ConnectionContext {
    pub(super) fn new(
        config: RequestConfig,
        upgrades: Arc<Semaphore>,
        in_flight: InFlight,
        shutdown: ShutdownWatch,
    ) -> Self {
        let protocols = Protocols::new(&config.limits);
        Self { protocols, config: Rc::new(config), upgrades, in_flight, shutdown }
    }

    /// Serves one connection until it ends, by itself or because the server stops.
    pub(super) async fn serve<K, S: IntoService<K>>(
        &self,
        accepted: Accepted,
        service: S::Service,
    ) {
        let Accepted { socket, guard } = accepted;
        let timeouts = ConnectionTimeouts::new();
        let peer = socket.peer_addr().ok();
        let requests = Rc::new(RequestContext {
            config: Rc::clone(&self.config),
            upgrades: Arc::clone(&self.upgrades),
            in_flight: self.in_flight.clone(),
            timeouts: Arc::clone(&timeouts),
            peer,
        });
        let service = service_fn(move |request| requests.respond(&service, request));
        let socket = Socket::new(socket, guard, Arc::clone(&timeouts));
        let mut http = HttpConnection::new(&self.protocols, socket, service);
        let mut shutdown = self.shutdown.clone();

        loop {
            match self.next_event(&mut http, shutdown.stopping(), &timeouts).await {
                Event::Ended(ended) => return self.log(ended, peer),
                Event::Shutdown => break,
                Event::Expired(Expired::Close(why)) => {
                    unwind::log(|| tracing::debug!(why, "closing a connection"));
                    return;
                }
                Event::Expired(Expired::GoAway(why)) => {
                    unwind::log(|| tracing::debug!(why, "asking a client to leave its connection"));
                    timeouts.going_away();
                    http.graceful_shutdown();
                }
            }
        }
        let patience = if timeouts.requests() == 0 { FIRST_REQUEST } else { LAST_POLL };
        if let Ok(ended) = timeout(patience, &mut http).await {
            return self.log(ended, peer);
        }
        timeouts.going_away();
        http.graceful_shutdown();
        loop {
            match self.next_event(&mut http, shutdown.cut(), &timeouts).await {
                Event::Ended(ended) => return self.log(ended, peer),
                Event::Shutdown | Event::Expired(Expired::Close(_)) => return,
                // It has been told already.
                Event::Expired(Expired::GoAway(_)) => {}
            }
        }
    }

    async fn next_event(
        &self,
        http: &mut (impl Future<Output = Result<(), BoxError>> + Unpin),
        shutdown: impl Future<Output = ()>,
        timeouts: &ConnectionTimeouts,
    ) -> Event {
        let shutdown = async {
            shutdown.await;
            Event::Shutdown
        };
        let expired = async { Event::Expired(timeouts.expired(&self.config.limits).await) };
        // Neither of the two happens often. Polled with every request they would cost a tenth of
        // its instructions.
        let rare = pin!(select(shutdown, expired));
        select(async { Event::Ended(http.await) }, PollWhenWoken::new(rare)).await
    }

    /// Logs the end of a connection. Most errors mean that the client has gone, or that it does not
    /// speak HTTP, which hyper has told it then.
    fn log(&self, ended: Result<(), BoxError>, peer: Option<SocketAddr>) {
        let Err(error) = ended else { return };
        unwind::log(|| tracing::debug!(%error, "a connection ended early"));
        if self.config.access_log
            && let Some(status) = protocol::refusal(&error)
        {
            access_log::refused(status, peer);
        }
    }
}
