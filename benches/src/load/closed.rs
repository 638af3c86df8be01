//! A closed loop: each client asks, waits for the answer, and asks again.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::{Events, Poll};

use super::answer::request;
use super::connection::Connection;
use super::figures::Latencies;

/// Keeps `clients` busy for `settle` and then `time`, and gives the latencies of the answers of the latter; failures count
/// from the beginning. Blocks this thread, the one for all clients.
pub(crate) fn ask_again_and_again(
    address: SocketAddr,
    clients: usize,
    path: &str,
    settle: Duration,
    time: Duration,
) -> Latencies {
    let mut poll = Poll::new().expect("a way to wait for sockets");
    let mut events = Events::with_capacity(clients);
    let (request, mut latencies, mut failed) = (request(path), Vec::new(), 0);
    let start = Instant::now() + settle;
    let end = start + time;
    let mut clients: Vec<_> =
        (0..clients).map(|token| Client::begin(address, &poll, token, &request)).collect();
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Latencies::new(latencies, failed);
        }
        match poll.poll(&mut events, Some(left)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            outcome => outcome.expect("to wait for sockets"),
        }
        for event in &events {
            let token = event.token().0;
            if let Ok(outcome) = clients[token].go_on(&request) {
                if let Some(took) = outcome.filter(|_| (start..end).contains(&clients[token].asked))
                {
                    latencies.push(took);
                }
                if clients[token].connection.is_over() {
                    clients[token] = Client::begin(address, &poll, token, &request);
                }
            } else {
                failed += 1;
                clients[token] = Client::begin(address, &poll, token, &request);
            }
        }
    }
}

struct Client {
    connection: Connection,
    asked: Instant,
}

impl Client {
    fn begin(address: SocketAddr, poll: &Poll, token: usize, request: &[u8]) -> Self {
        let mut connection =
            Connection::open(address, poll.registry(), token).expect("a connection");
        connection.ask(request).expect("a server that listens");
        Self { connection, asked: Instant::now() }
    }

    /// Does what can be done; gives the time that an answer took, after which the next is asked for.
    fn go_on(&mut self, request: &[u8]) -> io::Result<Option<Duration>> {
        if !self.connection.is_connected() {
            self.connection.ask(request)?;
            return Ok(None);
        }
        let Some(status) = self.connection.read()? else { return Ok(None) };
        if status != 200 {
            return Err(ErrorKind::InvalidData.into());
        }
        let answered = Instant::now();
        let took = answered - self.asked;
        self.asked = answered;
        if !self.connection.is_over() {
            self.connection.ask(request)?;
        }
        Ok(Some(took))
    }
}
