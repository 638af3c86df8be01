//! Accepts connections on one loop, within the limit that all loops of the process share.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::yield_now;
use tokio::time::sleep;

use super::balancer::{Accepted, Balancer, Handoffs};
use super::listener::{Listener, LoopListener};
use crate::server::select::select;
use crate::server::shutdown::ShutdownWatch;
use crate::unwind;

/// Pause after a failure to accept. It doubles with each failure that follows, up to
/// `LONGEST_PAUSE`.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The accepting half of a loop.
pub(super) struct Acceptor {
    listeners: Vec<LoopListener>,
    /// The listener that is asked first the next time.
    turn: usize,
    permits: Arc<Semaphore>,
    balancer: Balancer,
    /// Whether the present series of failures has been logged.
    warned: bool,
}

/// An event that an accepting loop waits for.
enum Event {
    Stopping,
    HandedOver(Accepted),
    Accepted(TcpStream, OwnedSemaphorePermit),
}

impl Acceptor {
    /// Registers the sockets with this loop.
    pub(super) fn new(
        listeners: Vec<Listener>,
        permits: Arc<Semaphore>,
        balancer: Balancer,
    ) -> io::Result<Self> {
        let listeners = listeners.into_iter().map(Listener::register);
        let listeners = listeners.collect::<io::Result<_>>()?;
        Ok(Self { listeners, turn: 0, permits, balancer, warned: false })
    }

    /// Accepts until the server stops, and passes the connections of this loop to `serve`.
    ///
    /// Closes the listening sockets in the end. Connections that the kernel has completed by then
    /// are still accepted, because their clients believe that they are connected.
    pub(super) async fn run(
        mut self,
        mut shutdown: ShutdownWatch,
        handoffs: &mut Handoffs,
        serve: impl Fn(Accepted),
    ) {
        loop {
            let accepted = match self.next_event(&mut shutdown, handoffs).await {
                Event::Stopping => break,
                Event::HandedOver(accepted) => Some(accepted),
                // A socket that cannot be handed over is closed.
                Event::Accepted(socket, permit) => {
                    self.balancer.assign(socket, permit).unwrap_or_default()
                }
            };
            if let Some(accepted) = accepted {
                serve(accepted);
            }
            // One connection a turn: its request is read soon, and other loops get their share of a
            // burst.
            yield_now().await;
        }
        // The runtime last polled the sockets before this turn of the loop, which a handler may
        // have blocked for long. Therefore the sockets themselves are asked once more.
        for listener in self.listeners {
            let Ok(listener) = listener.into_std() else { continue };
            while let Ok(permit) = self.permits.clone().try_acquire_owned()
                && let Ok(socket) = listener.accept_now()
            {
                if let Ok(Some(accepted)) = self.balancer.assign(socket, permit) {
                    serve(accepted);
                }
            }
        }
    }

    async fn next_event(&mut self, shutdown: &mut ShutdownWatch, handoffs: &mut Handoffs) -> Event {
        let stopping = async {
            shutdown.stopping().await;
            Event::Stopping
        };
        let handed_over = async { Event::HandedOver(handoffs.next().await) };
        let accepted = async {
            let (socket, permit) = self.accept().await;
            Event::Accepted(socket, permit)
        };
        select(stopping, select(handed_over, accepted)).await
    }

    /// Waits for the next connection, and its permit.
    ///
    /// The permit is acquired first, so that connections over the limit wait in the kernel's queue.
    async fn accept(&mut self) -> (TcpStream, OwnedSemaphorePermit) {
        let permit = self.permits.clone().acquire_owned().await.unwrap_or_else(|_| never_closed());
        let mut pause = FIRST_PAUSE;
        loop {
            match poll_fn(|cx| self.poll_accept(cx)).await {
                Ok(socket) => {
                    self.warned = false;
                    return (socket, permit);
                }
                Err(error) if concerns_one_connection(&error) => {}
                // The process is out of descriptors or memory. The connection stays in the kernel's
                // queue, so that accepting again at once would be a busy loop. There is room when
                // something has been closed.
                Err(error) => {
                    if !self.warned {
                        unwind::log(|| {
                            tracing::warn!(%error, "cannot accept connections; trying again");
                        });
                        self.warned = true;
                    }
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// Asks one listener after the other, so that a busy one leaves the others their turns.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        for _ in 0..self.listeners.len() {
            self.turn = (self.turn + 1) % self.listeners.len();
            let accepted = self.listeners[self.turn].poll_accept(cx);
            if accepted.is_ready() {
                return accepted;
            }
        }
        Poll::Pending
    }
}

/// Returns whether an error of `accept` concerns only the connection that would have been accepted,
/// which was closed while it was queued, and says nothing about the next one.
fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

fn never_closed() -> ! {
    unreachable!("the semaphore of connections is never closed")
}
