//! Which loop serves a connection: the one that accepts it, unless another has clearly fewer; and later, one that has time.
//!
//! The kernel wakes whichever loop waits for the socket, so one loop can end up with most of the connections. So a loop that
//! has more than another hands what it accepts over to that one. What the connections will ask for nobody knows yet; when a
//! loop turns out to have too much to do, or too little of its core, while another has time, connections of HTTP/1.1 move
//! there, each between two of its requests. A loop that has not come to what it was last handed gets no more: it may be
//! blocked, which is its handlers' fault and not to be these clients'.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use crossbeam_utils::CachePadded;
use tokio::net::TcpStream;
use tokio::sync::mpsc::error::SendError;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::gauge::{Gauge, OpenConnection};
use super::load::{Load, Shown};
use super::stream::{Detached, Stream};

/// Of a loop's connections, one in so many is to leave at a time,
const PART: usize = 8;
/// and no more than this: each costs both loops some microseconds.
const MOST: usize = 16;

/// An open connection's entries in the books: its share of the limit, and one more in the gauge of the loop that serves it.
pub(super) struct Open {
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
pub(super) type Connection = (Stream, Open);

/// A connection on its way from one loop to another.
type Arrival = (Detached, Open);

/// All loops of a process as one of them sees them.
pub(super) struct Spread {
    doors: Arc<[Door]>,
    own: usize,
    /// How many connections are to leave, and for which loop. Written and read on the loop's own thread.
    leaving: AtomicUsize,
    to: AtomicUsize,
}

/// Where a loop is handed connections by others.
struct Door {
    gauge: Gauge,
    load: CachePadded<Shown>,
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

/// A share in the connections for each of the loops with these gauges.
pub(super) fn spread(gauges: impl IntoIterator<Item = Gauge>) -> Vec<(Spread, Arrivals)> {
    let (doors, receivers): (Vec<_>, Vec<_>) = gauges
        .into_iter()
        .map(|gauge| {
            let (sender, receiver) = mpsc::unbounded_channel();
            let door = Door {
                gauge,
                load: CachePadded::new(Shown::new()),
                sender,
                occupied: AtomicBool::new(false),
            };
            (door, receiver)
        })
        .unzip();
    let doors: Arc<[Door]> = doors.into();
    let each = |(own, receiver)| {
        let doors = || Arc::clone(&doors);
        let to = AtomicUsize::new((own + 1) % doors().len());
        let spread = Spread { doors: doors(), own, leaving: AtomicUsize::new(0), to };
        (spread, Arrivals { receiver, doors: doors(), own })
    };
    receivers.into_iter().enumerate().map(each).collect()
}

impl Spread {
    /// Hands a new connection to the loop that is to serve it; gives it back if that is this one. An error loses the connection.
    pub(super) fn assign(
        &self,
        socket: TcpStream,
        permit: OwnedSemaphorePermit,
    ) -> io::Result<Option<Connection>> {
        let connection = (Stream::new(socket), Open::new(permit, &self.doors[self.own].gauge));
        match self.emptier() {
            Some(other) => self.hand_over(connection, other),
            None => Ok(Some(connection)),
        }
    }

    /// The loop with the fewest connections, if these are fewer than here by more than one: to hand over costs a wake-up.
    fn emptier(&self) -> Option<&Door> {
        let fewest = self.doors.iter().min_by_key(|door| door.gauge.connections())?;
        let here = self.doors[self.own].gauge.connections();
        (here > fewest.gauge.connections() + 1).then_some(fewest)
    }

    /// Whether there are other loops.
    pub(super) fn is_among_others(&self) -> bool {
        self.doors.len() > 1
    }

    /// The load of the loop of this number.
    pub(super) fn load(&self, number: usize, now: Instant) -> Load {
        self.doors[number].load.get(now)
    }

    /// The loop has this load. What was to leave, and has not, stays for now.
    pub(super) fn show(&self, load: Load, now: Instant) {
        self.doors[self.own].load.set(load, now);
        self.leaving.store(0, Ordering::Relaxed);
    }

    pub(super) fn falls_asleep(&self, now: Instant) {
        self.doors[self.own].load.falls_asleep(now);
    }

    /// What was to leave stays if the loop has slept for long: the other may not have time any more.
    pub(super) fn wakes(&self, now: Instant) {
        if self.doors[self.own].load.wakes(now) {
            self.leaving.store(0, Ordering::Relaxed);
        }
    }

    /// From now on some of the connections are to leave, if another loop has more time for them than this one with its load.
    /// `several` have brought requests of late: the only one that does would take what there is to do along.
    pub(super) fn balance(&self, load: Load, several: bool, now: Instant) {
        let is_open =
            |number, door: &Door| number != self.own && !door.occupied.load(Ordering::Relaxed);
        let others = self.doors.iter().enumerate().filter(|(number, door)| is_open(*number, door));
        let Some((number, other)) = others.max_by_key(|(_, door)| door.load.get(now).idle) else {
            return;
        };
        let there = other.load.get(now);
        if load.has_a_worse_core_than(there)
            || several && load.is_too_much_beside(there, other.load.waited_of_late(now))
        {
            let connections = self.doors[self.own].gauge.connections();
            self.to.store(number, Ordering::Relaxed);
            self.leaving.store(connections.div_ceil(PART).min(MOST), Ordering::Relaxed);
        }
    }

    /// Whether a connection that is between two requests is to leave.
    pub(super) fn is_one_to_leave(&self) -> bool {
        (self.leaving.load(Ordering::Relaxed) > 0 || cfg!(unblock_restless))
            && !self.doors[self.to.load(Ordering::Relaxed)].occupied.load(Ordering::Relaxed)
    }

    /// Hands a connection that leaves to the loop with more time; gives it back if that takes none. An error loses it.
    pub(super) fn leave(&self, connection: Connection) -> io::Result<Option<Connection>> {
        let leaving = self.leaving.load(Ordering::Relaxed);
        self.leaving.store(leaving.saturating_sub(1), Ordering::Relaxed);
        self.hand_over(connection, &self.doors[self.to.load(Ordering::Relaxed)])
    }

    fn hand_over(
        &self,
        (stream, open): Connection,
        other: &Door,
    ) -> io::Result<Option<Connection>> {
        if other.occupied.load(Ordering::Acquire) {
            return Ok(Some((stream, open)));
        }
        let arrival = (stream.detach()?, open.moved_to(&other.gauge));
        other.occupied.store(true, Ordering::Release);
        match other.sender.send(arrival) {
            Ok(()) => Ok(None),
            // That loop has ended.
            Err(SendError((stream, open))) => {
                Ok(Some((stream.attach()?, open.moved_to(&self.doors[self.own].gauge))))
            }
        }
    }
}

impl Arrivals {
    /// The next connection that another loop has handed to this one. Pending for ever when none can come.
    pub(super) async fn next(&mut self) -> Connection {
        match self.receive().await {
            Some(arrived) => arrived,
            None => pending().await,
        }
    }

    /// From now on nothing is handed in; gives what was before, and waits for what is just being handed in.
    pub(super) async fn close(&mut self) -> Option<Connection> {
        self.receiver.close();
        self.receive().await
    }

    async fn receive(&mut self) -> Option<Connection> {
        loop {
            let (stream, open) = self.receiver.recv().await?;
            self.doors[self.own].occupied.store(false, Ordering::Release);
            // One that cannot be registered is closed.
            if let Ok(stream) = stream.attach() {
                return Some((stream, open));
            }
        }
    }
}

#[cfg(all(test, not(any(loom, unblock_restless))))]
mod tests {
    use super::*;

    const FULL: Load = Load { idle: 0, waiting: 0 };
    const LATE: Load = Load { idle: 500, waiting: 300 };
    const IDLE: Load = Load { idle: 900, waiting: 0 };

    /// The loops of a server with these loads, and so many connections each.
    fn loops(
        loads: &[Load],
        connections: usize,
        now: Instant,
    ) -> (Vec<Spread>, Vec<OpenConnection>) {
        let gauges: Vec<_> = loads.iter().map(|_| Gauge::default()).collect();
        let open =
            gauges.iter().flat_map(|gauge| (0..connections).map(|_| gauge.connection())).collect();
        let loops: Vec<_> = spread(gauges).into_iter().map(|(spread, _)| spread).collect();
        for (one, load) in loops.iter().zip(loads) {
            one.wakes(now);
            one.show(*load, now);
        }
        (loops, open)
    }

    fn leaving(one: &Spread) -> (usize, usize) {
        (one.leaving.load(Ordering::Relaxed), one.to.load(Ordering::Relaxed))
    }

    #[test]
    fn what_is_too_much_leaves_for_the_loop_with_most_time() {
        let now = Instant::now();
        let (loops, _open) = loops(&[FULL, FULL, IDLE, LATE], 20, now);
        loops[0].balance(FULL, true, now);
        assert_eq!(leaving(&loops[0]), (3, 2));
        assert!(loops[0].is_one_to_leave());
        loops[0].show(FULL, now);
        assert!(!loops[0].is_one_to_leave(), "until the next look");
    }

    #[test]
    fn the_only_connection_that_is_used_does_not_leave_for_being_too_much() {
        let now = Instant::now();
        let (loops, _open) = loops(&[FULL, IDLE], 20, now);
        loops[0].balance(FULL, false, now);
        assert!(!loops[0].is_one_to_leave());
        loops[0].balance(LATE, false, now);
        assert!(loops[0].is_one_to_leave(), "a core of its own is better for it");
    }

    #[test]
    fn nothing_leaves_for_a_loop_that_has_not_taken_the_last_or_is_silent() {
        let now = Instant::now();
        let (loops, _open) = loops(&[FULL, IDLE, Load { idle: 800, ..IDLE }], 20, now);
        loops[0].doors[1].occupied.store(true, Ordering::Relaxed);
        loops[0].balance(FULL, true, now);
        assert_eq!(leaving(&loops[0]), (3, 2));
        let later = now + std::time::Duration::from_secs(1);
        loops[0].show(FULL, later);
        loops[0].balance(FULL, true, later);
        assert!(!loops[0].is_one_to_leave());
    }

    #[test]
    fn nothing_is_to_leave_after_a_long_sleep() {
        let now = Instant::now();
        let (loops, _open) = loops(&[FULL, IDLE], 20, now);
        loops[0].balance(FULL, true, now);
        loops[0].falls_asleep(now);
        loops[0].wakes(now);
        assert!(loops[0].is_one_to_leave());
        loops[0].falls_asleep(now);
        loops[0].wakes(now + std::time::Duration::from_secs(1));
        assert!(!loops[0].is_one_to_leave());
    }
}
