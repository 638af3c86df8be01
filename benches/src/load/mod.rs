//! The load generator.
//!
//! A [`LoadGenerator`] has keep-alive connections to one server. It puts a [`Load`] on them, in a
//! closed loop or in an open one, and gives the [`Results`].
//!
//! In an open loop a latency counts from the time when its request was due. A server that responds
//! late cannot slow the schedule down, and a load generator that is late itself cannot flatter it
//! (*coordinated omission*, in Gil Tene's words).

use std::time::Duration;

mod connection;
mod generator;
mod http2;
mod priority;
mod response;
mod results;
mod run;
mod socket;
mod timer;

pub use generator::LoadGenerator;
pub use http2::http2_clients;
pub use results::{Outcome, Request, Results};

/// The requests to send.
#[derive(Clone, Copy)]
pub struct Load<'a> {
    /// Paths to ask for, in turn.
    pub paths: &'a [&'a str],
    /// When to send a request.
    pub arrivals: Arrivals<'a>,
    /// Time after which a client gives up and closes its connection.
    pub patience: Duration,
    /// The connections that the requests are sent on.
    pub connections: Connections,
}

/// The connections that requests are sent on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Connections {
    /// Each is used for one request after the other.
    KeepAlive,
    /// Each request has a new one.
    PerRequest,
}

/// When requests are sent.
#[derive(Clone, Copy)]
pub enum Arrivals<'a> {
    /// Closed loop: each client sends its next request when it has the response to the last.
    Closed {
        /// Number of clients.
        clients: usize,
        /// Time after which no more requests are sent.
        time: Duration,
    },
    /// Open loop: requests are sent when they are due, however many wait for their responses.
    Open {
        /// The parts of the schedule, one after the other.
        steps: &'a [Step],
        /// The precision of the schedule.
        precision: Precision,
    },
}

/// Part of a schedule: a rate, kept for some time.
#[derive(Clone, Copy)]
pub struct Step {
    /// Requests per second.
    pub rate: f64,
    /// Time for which the rate is kept.
    pub time: Duration,
}

/// The precision with which the load generator keeps a schedule.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// It wakes up for each request and each response: for few of them.
    Microsecond,
    /// It wakes up every millisecond, and latencies are up to that too long: for thousands per
    /// second, which would cost the servers much of their cores otherwise.
    Millisecond,
}

/// Patience of clients that are there to measure latencies: a server that takes longer has failed.
pub const PATIENCE: Duration = Duration::from_secs(10);
