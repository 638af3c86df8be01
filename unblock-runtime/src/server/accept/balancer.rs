//! Balances new connections over the loops: a loop that has more than another hands what it accepts
//! over to it.
//!
//! The kernel wakes whichever loop waits for the socket, so that one loop could get most of the
//! connections. A connection is handed over before anything has been read from it, and stays with
//! the loop that receives it. A loop that has not taken the last connection that it was handed gets
//! no more: a handler may be blocking it, and the clients of other loops must not wait for that
//! handler.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::net::TcpStream;
use tokio::sync::mpsc::error::SendError;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::server::in_flight::{InFlight, OpenConnection};

/// A connection that this loop serves.
pub(crate) struct Accepted {
    pub(crate) socket: TcpStream,
    pub(crate) guard: ConnectionGuard,
}

/// Counts a connection while its socket is open: in the limit of the process, and for the loop that
/// serves it.
pub(crate) struct ConnectionGuard {
    permit: OwnedSemaphorePermit,
    _open: OpenConnection,
}

impl ConnectionGuard {
    fn new(permit: OwnedSemaphorePermit, in_flight: &InFlight) -> Self {
        Self { permit, _open: in_flight.connection() }
    }

    /// Counts the connection for another loop from now on, which will wait for it before it ends.
    fn moved_to(self, in_flight: &InFlight) -> Self {
        Self { permit: self.permit, _open: in_flight.connection() }
    }
}

/// A loop's view of all loops of the process.
pub(super) struct Balancer {
    inboxes: Arc<[Inbox]>,
    own: usize,
}

/// Where other loops hand connections over to a loop.
struct Inbox {
    in_flight: InFlight,
    sender: mpsc::UnboundedSender<Handoff>,
    /// Set by the loop that hands a connection over, and cleared by the loop that takes it.
    occupied: AtomicBool,
}

/// A connection on its way from one loop to another. No runtime knows its socket meanwhile.
struct Handoff {
    socket: std::net::TcpStream,
    guard: ConnectionGuard,
}

/// The connections that other loops hand over to this one.
pub(super) struct Handoffs {
    receiver: mpsc::UnboundedReceiver<Handoff>,
    inboxes: Arc<[Inbox]>,
    own: usize,
}

/// Creates a balancer, and the receiving end of an inbox, for each loop.
pub(super) fn balancers(loops: impl IntoIterator<Item = InFlight>) -> Vec<(Balancer, Handoffs)> {
    let (inboxes, receivers): (Vec<_>, Vec<_>) = loops
        .into_iter()
        .map(|in_flight| {
            let (sender, receiver) = mpsc::unbounded_channel();
            (Inbox { in_flight, sender, occupied: AtomicBool::new(false) }, receiver)
        })
        .unzip();
    let inboxes: Arc<[Inbox]> = inboxes.into();
    let each = |(own, receiver)| {
        let inboxes = || Arc::clone(&inboxes);
        (Balancer { inboxes: inboxes(), own }, Handoffs { receiver, inboxes: inboxes(), own })
    };
    receivers.into_iter().enumerate().map(each).collect()
}

impl Balancer {
    /// Hands a new connection over to the loop that should serve it, or returns it if that is this
    /// loop.
    ///
    /// # Errors
    ///
    /// The runtime cannot release or register the socket. The connection is closed then.
    pub(super) fn assign(
        &self,
        socket: TcpStream,
        permit: OwnedSemaphorePermit,
    ) -> io::Result<Option<Accepted>> {
        let guard = ConnectionGuard::new(permit, &self.inboxes[self.own].in_flight);
        let accepted = Accepted { socket, guard };
        match self.least_loaded() {
            Some(other) => self.hand_over(accepted, other),
            None => Ok(Some(accepted)),
        }
    }

    /// Returns the loop with the fewest connections if this loop has at least two more. A
    /// difference of one is not worth the wake-up that handing over costs.
    fn least_loaded(&self) -> Option<&Inbox> {
        let fewest = self.inboxes.iter().min_by_key(|inbox| inbox.in_flight.connections())?;
        let here = self.inboxes[self.own].in_flight.connections();
        (here > fewest.in_flight.connections() + 1).then_some(fewest)
    }

    /// Hands a connection over to another loop. Returns it if that loop is blocked or has ended.
    fn hand_over(&self, accepted: Accepted, other: &Inbox) -> io::Result<Option<Accepted>> {
        if other.occupied.load(Ordering::Acquire) {
            return Ok(Some(accepted));
        }
        let Accepted { socket, guard } = accepted;
        let handoff =
            Handoff { socket: socket.into_std()?, guard: guard.moved_to(&other.in_flight) };
        other.occupied.store(true, Ordering::Release);
        match other.sender.send(handoff) {
            Ok(()) => Ok(None),
            // The other loop has ended.
            Err(SendError(Handoff { socket, guard })) => {
                let guard = guard.moved_to(&self.inboxes[self.own].in_flight);
                Ok(Some(Accepted { socket: TcpStream::from_std(socket)?, guard }))
            }
        }
    }
}

impl Handoffs {
    /// Waits for the next connection that another loop hands over, for ever if there is none.
    pub(super) async fn next(&mut self) -> Accepted {
        match self.receive().await {
            Some(accepted) => accepted,
            None => pending().await,
        }
    }

    /// Lets no other loop hand over from now on, and returns the next of the connections that one
    /// did before.
    pub(super) async fn close(&mut self) -> Option<Accepted> {
        self.receiver.close();
        self.receive().await
    }

    async fn receive(&mut self) -> Option<Accepted> {
        loop {
            let Handoff { socket, guard } = self.receiver.recv().await?;
            self.inboxes[self.own].occupied.store(false, Ordering::Release);
            // A socket that cannot be registered with this loop is closed.
            if let Ok(socket) = TcpStream::from_std(socket) {
                return Some(Accepted { socket, guard });
            }
        }
    }
}
