//! Balances new connections over the loops: a loop that has more than another hands what it accepts over to that one.
//!
//! The kernel wakes whichever loop waits for the socket, so that one loop could end up with most of the connections. A connection
//! is handed over before anything has been read from it, and stays with the loop that receives it for its life. A loop that has
//! not taken the last connection that it was handed gets no more: a handler may be blocking it, and the clients of the other
//! loops must not wait for that handler.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::net::TcpStream;
use tokio::sync::mpsc::error::SendError;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::server::in_flight::{InFlight, OpenConnection};

/// An open connection's entries in the books: its share of the limit, and one more in the gauge of the loop that serves it.
pub(crate) struct ConnectionGuard {
    permit: OwnedSemaphorePermit,
    _counted: OpenConnection,
}

impl ConnectionGuard {
    fn new(permit: OwnedSemaphorePermit, in_flight: &InFlight) -> Self {
        Self { permit, _counted: in_flight.connection() }
    }

    /// Counted before it is there, so that a loop with nothing else to do waits for it.
    fn moved_to(self, in_flight: &InFlight) -> Self {
        Self { permit: self.permit, _counted: in_flight.connection() }
    }
}

/// A connection, and its entries in the books.
pub(crate) type Connection = (TcpStream, ConnectionGuard);

/// A connection on its way from one loop to another.
type Handoff = (std::net::TcpStream, ConnectionGuard);

/// All loops of a process as one of them sees them.
pub(crate) struct Balancer {
    inboxes: Arc<[Inbox]>,
    own: usize,
}

/// Where a loop is handed connections by others.
struct Inbox {
    in_flight: InFlight,
    sender: mpsc::UnboundedSender<Handoff>,
    /// Something was handed in and not taken yet.
    occupied: AtomicBool,
}

/// What a loop is handed by the others.
pub(crate) struct Handoffs {
    receiver: mpsc::UnboundedReceiver<Handoff>,
    inboxes: Arc<[Inbox]>,
    own: usize,
}

/// A share in the connections for each of the loops with these gauges.
pub(crate) fn balancers(
    in_flight: impl IntoIterator<Item = InFlight>,
) -> Vec<(Balancer, Handoffs)> {
    let (inboxes, receivers): (Vec<_>, Vec<_>) = in_flight
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
    /// Hands a new connection to the loop that is to serve it; gives it back if that is this one. An error loses the connection.
    pub(crate) fn assign(
        &self,
        socket: TcpStream,
        permit: OwnedSemaphorePermit,
    ) -> io::Result<Option<Connection>> {
        let guard = ConnectionGuard::new(permit, &self.inboxes[self.own].in_flight);
        match self.least_loaded() {
            Some(other) => self.hand_over((socket, guard), other),
            None => Ok(Some((socket, guard))),
        }
    }

    /// The loop with the fewest connections, if these are fewer than here by more than one: to hand over costs a wake-up.
    fn least_loaded(&self) -> Option<&Inbox> {
        let fewest = self.inboxes.iter().min_by_key(|inbox| inbox.in_flight.connections())?;
        let here = self.inboxes[self.own].in_flight.connections();
        (here > fewest.in_flight.connections() + 1).then_some(fewest)
    }

    fn hand_over(
        &self,
        (socket, guard): Connection,
        other: &Inbox,
    ) -> io::Result<Option<Connection>> {
        if other.occupied.load(Ordering::Acquire) {
            return Ok(Some((socket, guard)));
        }
        let handoff = (socket.into_std()?, guard.moved_to(&other.in_flight));
        other.occupied.store(true, Ordering::Release);
        match other.sender.send(handoff) {
            Ok(()) => Ok(None),
            // That loop has ended.
            Err(SendError((socket, guard))) => {
                let guard = guard.moved_to(&self.inboxes[self.own].in_flight);
                Ok(Some((TcpStream::from_std(socket)?, guard)))
            }
        }
    }
}

impl Handoffs {
    /// The next connection that another loop has handed to this one. Pending for ever when none can come.
    pub(crate) async fn next(&mut self) -> Connection {
        match self.receive().await {
            Some(arrived) => arrived,
            None => pending().await,
        }
    }

    /// From now on nothing is handed in; gives what was before, and waits for what is just being handed in.
    pub(crate) async fn close(&mut self) -> Option<Connection> {
        self.receiver.close();
        self.receive().await
    }

    async fn receive(&mut self) -> Option<Connection> {
        loop {
            let (socket, guard) = self.receiver.recv().await?;
            self.inboxes[self.own].occupied.store(false, Ordering::Release);
            // One that cannot be registered is closed.
            if let Ok(socket) = TcpStream::from_std(socket) {
                return Some((socket, guard));
            }
        }
    }
}
