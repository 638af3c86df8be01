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

use crate::server::in_flight::{Gauge, OpenConnection};

/// An open connection's entries in the books: its share of the limit, and one more in the gauge of the loop that serves it.
pub(crate) struct Open {
    permit: OwnedSemaphorePermit,
    _counted: OpenConnection,
}

impl Open {
    fn new(permit: OwnedSemaphorePermit, gauge: &Gauge) -> Self {
        Self { permit, _counted: gauge.connection() }
    }

    /// Counted before it is there, so that a loop with nothing else to do waits for it.
    fn moved_to(self, gauge: &Gauge) -> Self {
        Self { permit: self.permit, _counted: gauge.connection() }
    }
}

/// A connection, and its entries in the books.
pub(crate) type Connection = (TcpStream, Open);

/// A connection on its way from one loop to another.
type Arrival = (std::net::TcpStream, Open);

/// All loops of a process as one of them sees them.
pub(crate) struct Spread {
    doors: Arc<[Door]>,
    own: usize,
}

/// Where a loop is handed connections by others.
struct Door {
    gauge: Gauge,
    sender: mpsc::UnboundedSender<Arrival>,
    /// Something was handed in and not taken yet.
    occupied: AtomicBool,
}

/// What a loop is handed by the others.
pub(crate) struct Arrivals {
    receiver: mpsc::UnboundedReceiver<Arrival>,
    doors: Arc<[Door]>,
    own: usize,
}

/// A share in the connections for each of the loops with these gauges.
pub(crate) fn spread(gauges: impl IntoIterator<Item = Gauge>) -> Vec<(Spread, Arrivals)> {
    let (doors, receivers): (Vec<_>, Vec<_>) = gauges
        .into_iter()
        .map(|gauge| {
            let (sender, receiver) = mpsc::unbounded_channel();
            (Door { gauge, sender, occupied: AtomicBool::new(false) }, receiver)
        })
        .unzip();
    let doors: Arc<[Door]> = doors.into();
    let each = |(own, receiver)| {
        let doors = || Arc::clone(&doors);
        (Spread { doors: doors(), own }, Arrivals { receiver, doors: doors(), own })
    };
    receivers.into_iter().enumerate().map(each).collect()
}

impl Spread {
    /// Hands a new connection to the loop that is to serve it; gives it back if that is this one. An error loses the connection.
    pub(crate) fn assign(
        &self,
        socket: TcpStream,
        permit: OwnedSemaphorePermit,
    ) -> io::Result<Option<Connection>> {
        let open = Open::new(permit, &self.doors[self.own].gauge);
        match self.emptier() {
            Some(other) => self.hand_over((socket, open), other),
            None => Ok(Some((socket, open))),
        }
    }

    /// The loop with the fewest connections, if these are fewer than here by more than one: to hand over costs a wake-up.
    fn emptier(&self) -> Option<&Door> {
        let fewest = self.doors.iter().min_by_key(|door| door.gauge.connections())?;
        let here = self.doors[self.own].gauge.connections();
        (here > fewest.gauge.connections() + 1).then_some(fewest)
    }

    fn hand_over(
        &self,
        (socket, open): Connection,
        other: &Door,
    ) -> io::Result<Option<Connection>> {
        if other.occupied.load(Ordering::Acquire) {
            return Ok(Some((socket, open)));
        }
        let arrival = (socket.into_std()?, open.moved_to(&other.gauge));
        other.occupied.store(true, Ordering::Release);
        match other.sender.send(arrival) {
            Ok(()) => Ok(None),
            // That loop has ended.
            Err(SendError((socket, open))) => {
                let open = open.moved_to(&self.doors[self.own].gauge);
                Ok(Some((TcpStream::from_std(socket)?, open)))
            }
        }
    }
}

impl Arrivals {
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
            let (socket, open) = self.receiver.recv().await?;
            self.doors[self.own].occupied.store(false, Ordering::Release);
            // One that cannot be registered is closed.
            if let Ok(socket) = TcpStream::from_std(socket) {
                return Some((socket, open));
            }
        }
    }
}
