//! Which loop serves a connection: the one that accepts it, unless another has clearly fewer.
//!
//! The kernel wakes whichever loop waits for the socket, so one loop can end up with most of the connections, which stay with
//! it for as long as they live. So a loop that has more than another hands what it accepts over to that one. A loop that has
//! not come to what it was last handed gets no more: it may be blocked, which is its handlers' fault and not to be these
//! clients'.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::net::TcpStream;
use tokio::sync::mpsc::error::SendError;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::gauge::{Gauge, OpenConnection};

/// An open connection's entries in the books: its share of the limit, and one more in the gauge of the loop that serves it.
pub(super) struct Open {
    permit: OwnedSemaphorePermit,
    _counted: OpenConnection,
}

impl Open {
    fn new(permit: OwnedSemaphorePermit, gauge: &Gauge) -> Self {
        Self { permit, _counted: gauge.connection() }
    }
}

/// A connection on its way from one loop to another.
type Arrival = (std::net::TcpStream, Open);

/// All loops of a process as one of them sees them.
pub(super) struct Spread {
    doors: Arc<[Door]>,
    own: usize,
}

/// Where a loop is handed what others have accepted for it.
struct Door {
    gauge: Gauge,
    sender: mpsc::UnboundedSender<Arrival>,
    /// Something was handed in and not taken yet.
    occupied: AtomicBool,
}

/// What a loop is handed by the others.
pub(super) struct Arrivals {
    receiver: mpsc::UnboundedReceiver<Arrival>,
    doors: Arc<[Door]>,
    own: usize,
}

/// A share in the accepting for each of the loops with these gauges.
pub(super) fn spread(gauges: impl IntoIterator<Item = Gauge>) -> Vec<(Spread, Arrivals)> {
    let (doors, receivers): (Vec<_>, Vec<_>) = gauges
        .into_iter()
        .map(|gauge| {
            let (sender, receiver) = mpsc::unbounded_channel();
            (Door { gauge, sender, occupied: AtomicBool::new(false) }, receiver)
        })
        .unzip();
    let doors: Arc<[Door]> = doors.into();
    let each = |(own, receiver)| {
        let spread = Spread { doors: Arc::clone(&doors), own };
        (spread, Arrivals { receiver, doors: Arc::clone(&doors), own })
    };
    receivers.into_iter().enumerate().map(each).collect()
}

impl Spread {
    /// Hands a connection to the loop that is to serve it; gives it back if that is this one. An error loses the connection.
    pub(super) fn assign(
        &self,
        stream: TcpStream,
        permit: OwnedSemaphorePermit,
    ) -> io::Result<Option<(TcpStream, Open)>> {
        let own = &self.doors[self.own].gauge;
        match self.emptier() {
            Some(other) if !other.occupied.load(Ordering::Acquire) => {
                // Counted before it is there, so that a loop with nothing else to do waits for it.
                let arrival = (stream.into_std()?, Open::new(permit, &other.gauge));
                other.occupied.store(true, Ordering::Release);
                match other.sender.send(arrival) {
                    Ok(()) => Ok(None),
                    // That loop has ended.
                    Err(SendError((stream, open))) => {
                        Ok(Some((TcpStream::from_std(stream)?, Open::new(open.permit, own))))
                    }
                }
            }
            _ => Ok(Some((stream, Open::new(permit, own)))),
        }
    }

    /// The loop with the fewest connections, if these are fewer than here by more than one: to hand over costs a wake-up.
    fn emptier(&self) -> Option<&Door> {
        let fewest = self.doors.iter().min_by_key(|door| door.gauge.connections())?;
        let here = self.doors[self.own].gauge.connections();
        (here > fewest.gauge.connections() + 1).then_some(fewest)
    }
}

impl Arrivals {
    /// The next connection that another loop has accepted for this one. Pending for ever when none can come.
    pub(super) async fn next(&mut self) -> (TcpStream, Open) {
        while let Some(arrival) = self.receiver.recv().await {
            if let Some(arrived) = self.admit(arrival) {
                return arrived;
            }
        }
        pending().await
    }

    /// From now on nothing is handed in; gives what was before.
    pub(super) fn close(&mut self) -> Option<(TcpStream, Open)> {
        self.receiver.close();
        while let Ok(arrival) = self.receiver.try_recv() {
            if let Some(arrived) = self.admit(arrival) {
                return Some(arrived);
            }
        }
        None
    }

    /// One that cannot be registered is closed.
    fn admit(&self, (stream, open): Arrival) -> Option<(TcpStream, Open)> {
        self.doors[self.own].occupied.store(false, Ordering::Release);
        Some((TcpStream::from_std(stream).ok()?, open))
    }
}
