//! The connections of the load generator, and the loads that it puts on them.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::thread;

use mio::{Poll, Token};

use super::connection::Connection;
use super::priority::run_first;
use super::results::{Outcome, Results};
use super::run::Run;
use super::timer::Timer;
use super::{Arrivals, Connections, Load, PATIENCE};

/// Token of the timer; no connection has it.
const TIMER: Token = Token(usize::MAX);

/// Clients of one server. Idle connections stay open from one load to the next.
pub struct LoadGenerator {
    address: SocketAddr,
    pub(super) poll: Poll,
    pub(super) timer: Timer,
    /// Connections by token.
    connections: Vec<Option<Connection>>,
    /// Tokens that have no connection.
    vacant: Vec<usize>,
    /// Tokens of connections that have no request. The one that has been idle longest is used next,
    /// so that all are, and with them all loops of the server.
    idle: VecDeque<usize>,
}

impl LoadGenerator {
    /// Makes a load generator that has no connections yet.
    pub fn new(address: SocketAddr) -> Self {
        let poll = Poll::new().expect("a poll");
        let timer = Timer::new(poll.registry(), TIMER).expect("a timer");
        let (connections, vacant, idle) = Default::default();
        Self { address, poll, timer, connections, vacant, idle }
    }

    /// Makes a load generator with idle connections, each of which has had a response to `path`, so
    /// that loads do not measure how a connection is made.
    pub fn with_connections(address: SocketAddr, connections: usize, path: &str) -> Self {
        let mut generator = Self::new(address);
        for _ in 0..connections {
            let token = generator.connect().expect("a connection");
            generator.idle.push_front(token);
            assert_eq!(generator.ask(1, path), 1, "an idle server has to respond");
        }
        generator
    }

    /// Sends one request on each idle connection, one after the other. Returns the number of those
    /// that succeeded.
    pub fn ask_each(&mut self, path: &str) -> usize {
        self.ask(self.idle.len(), path)
    }

    /// Puts the load on the server. Blocks until the outcome of each request is known.
    pub fn run(&mut self, load: &Load<'_>) -> Results {
        let &Load { paths, arrivals, patience, connections } = load;
        match arrivals {
            Arrivals::Closed { clients, time } => {
                Run::new(self, paths, patience, connections).closed(clients, time)
            }
            Arrivals::Open { steps, precision } => thread::scope(|scope| {
                let run = scope.spawn(|| {
                    run_first();
                    Run::new(self, paths, patience, connections).open(steps, precision)
                });
                run.join().expect("the load generator's thread")
            }),
        }
    }

    /// Sends `count` requests one after the other; returns the number of those that succeeded.
    fn ask(&mut self, count: usize, path: &str) -> usize {
        let run = Run::new(self, &[path], PATIENCE, Connections::KeepAlive);
        run.one_by_one(count).count(Outcome::Succeeded)
    }

    /// Takes an idle connection, or opens one; returns its token.
    pub(super) fn take(&mut self) -> io::Result<usize> {
        match self.idle.pop_front() {
            Some(token) => Ok(token),
            None => self.connect(),
        }
    }

    /// Returns the connection of this token, if there is one.
    pub(super) fn connection(&mut self, token: usize) -> Option<&mut Connection> {
        self.connections.get_mut(token)?.as_mut()
    }

    /// Puts a connection that has had its response back: to the idle ones, unless the server closes
    /// it.
    pub(super) fn put_back(&mut self, token: usize) {
        match self.connection(token) {
            Some(connection) if !connection.closes() => self.idle.push_back(token),
            _ => self.close(token),
        }
    }

    /// Closes a connection.
    pub(super) fn close(&mut self, token: usize) {
        if let Some(connection) = self.connections[token].take() {
            self.vacant.push(token);
            if connection.request.is_none() {
                self.idle.retain(|&other| other != token);
            }
        }
    }

    fn connect(&mut self) -> io::Result<usize> {
        let token = self.vacant.last().copied().unwrap_or(self.connections.len());
        let connection = Connection::open(self.address, self.poll.registry(), token)?;
        if self.vacant.pop().is_none() {
            self.connections.push(None);
        }
        self.connections[token] = Some(connection);
        Ok(token)
    }
}
