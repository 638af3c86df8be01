//! A load while it runs.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::time::{Duration, Instant};
use std::{mem, thread};

use mio::Events;

use super::generator::LoadGenerator;
use super::response::request;
use super::results::{Outcome, Request, Results};
use super::{Connections, Precision, Step};

/// Time between two wake-ups at [`Precision::Millisecond`].
const TICK: Duration = Duration::from_millis(1);

pub(super) struct Run<'a> {
    generator: &'a mut LoadGenerator,
    precision: Precision,
    events: Events,
    /// Tokens of the events.
    ready: Vec<usize>,
    /// Requests as they are sent, by the number of their path.
    bytes: Vec<Vec<u8>>,
    patience: Duration,
    connections: Connections,
    start: Instant,
    /// Number of requests that have been sent.
    sent: usize,
    /// Number of requests that wait for their response.
    pending: usize,
    /// When each request was due and the token of its connection, in the order in which they were
    /// sent. Those at the front that are not pending any more are removed.
    in_order: VecDeque<(Duration, usize)>,
    /// Number of clients that send a request whenever they have none pending.
    clients: usize,
    ended: Vec<Request>,
}

/// A request that waits for its response.
pub(super) struct Pending {
    path: usize,
    due: Duration,
    late: Duration,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        generator: &'a mut LoadGenerator,
        paths: &[&str],
        patience: Duration,
        connections: Connections,
    ) -> Self {
        Self {
            generator,
            precision: Precision::Microsecond,
            events: Events::with_capacity(1024),
            ready: Vec::new(),
            bytes: paths.iter().map(|path| request(path, connections)).collect(),
            patience,
            connections,
            start: Instant::now(),
            sent: 0,
            pending: 0,
            in_order: VecDeque::new(),
            clients: 0,
            ended: Vec::new(),
        }
    }

    /// Runs a closed loop. When the time is over, the requests that have no response do not count,
    /// and their connections are closed.
    pub(super) fn closed(mut self, clients: usize, time: Duration) -> Results {
        self.clients = clients;
        self.send_for_clients();
        while let Some(left) = time.checked_sub(self.start.elapsed()) {
            self.wait(left);
            self.send_for_clients();
        }
        for (due, token) in mem::take(&mut self.in_order) {
            if self.is_pending(due, token) {
                self.generator.close(token);
            }
        }
        Results { requests: self.ended, time }
    }

    /// Runs an open loop.
    pub(super) fn open(mut self, steps: &[Step], precision: Precision) -> Results {
        self.precision = precision;
        for due in due_times(steps) {
            if precision == Precision::Microsecond {
                let left = due.saturating_sub(self.start.elapsed());
                self.generator.timer.set(left).expect("a timer");
            }
            while let Some(left) = due.checked_sub(self.start.elapsed()) {
                self.wait(left);
            }
            self.send(due);
        }
        self.wait_for_pending();
        Results { requests: self.ended, time: steps.iter().map(|step| step.time).sum() }
    }

    /// Sends `count` requests one after the other.
    pub(super) fn one_by_one(mut self, count: usize) -> Results {
        for _ in 0..count {
            self.send(self.start.elapsed());
            self.wait_for_pending();
        }
        Results { requests: self.ended, time: self.start.elapsed() }
    }

    fn send_for_clients(&mut self) {
        for _ in self.pending..self.clients {
            self.send(self.start.elapsed());
        }
    }

    /// Sends a request that is due now, or was.
    fn send(&mut self, due: Duration) {
        let path = self.sent % self.bytes.len();
        let request = Pending { path, due, late: self.start.elapsed().saturating_sub(due) };
        self.sent += 1;
        self.pending += 1;
        let Ok(token) = self.generator.take() else { return self.end(&request, Outcome::Failed) };
        let connection = self.generator.connection(token).expect("the connection just taken");
        connection.request = Some(request);
        self.in_order.push_back((due, token));
        if connection.send(&self.bytes[path]).is_err() {
            self.give_up(token, Outcome::Failed);
        }
    }

    fn wait_for_pending(&mut self) {
        while self.pending > 0 {
            self.wait(self.patience);
        }
    }

    /// Waits for this time at most, and goes on with the connections that have events.
    fn wait(&mut self, time: Duration) {
        let timeout = match self.precision {
            Precision::Microsecond => time.min(self.until_next_gives_up()),
            Precision::Millisecond => {
                thread::sleep(TICK);
                Duration::ZERO
            }
        };
        match self.generator.poll.poll(&mut self.events, Some(timeout)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return,
            outcome => outcome.expect("to wait for sockets"),
        }
        let mut ready = mem::take(&mut self.ready);
        ready.extend(self.events.iter().map(|event| event.token().0));
        for token in ready.drain(..) {
            self.go_on(token);
            self.send_for_clients();
        }
        self.ready = ready;
        self.give_up_late();
    }

    /// Does what can be done on a connection.
    fn go_on(&mut self, token: usize) {
        let Some(connection) = self.generator.connection(token) else { return };
        let progress = match &connection.request {
            Some(request) if !connection.is_connected() => {
                let bytes = &self.bytes[request.path];
                connection.send(bytes).map(|()| None)
            }
            _ => connection.receive(),
        };
        let status = match progress {
            Ok(None) => return,
            Ok(Some(status)) => status,
            Err(_) => return self.give_up(token, Outcome::Failed),
        };
        match connection.request.take() {
            Some(request) => {
                match self.connections {
                    Connections::KeepAlive => self.generator.put_back(token),
                    Connections::PerRequest => self.generator.close(token),
                }
                let in_time = request.due + self.patience >= self.start.elapsed();
                let outcome = match status {
                    // The client would have gone, if it had been in time itself.
                    _ if !in_time => Outcome::TimedOut,
                    200 => Outcome::Succeeded,
                    503 => Outcome::Refused,
                    504 => Outcome::TimedOut,
                    _ => Outcome::Failed,
                };
                self.end(&request, outcome);
            }
            // A response that nobody has asked for.
            None => self.generator.close(token),
        }
    }

    /// Time until the client that has waited longest gives up.
    fn until_next_gives_up(&self) -> Duration {
        self.in_order.front().map_or(Duration::MAX, |&(due, _)| {
            (due + self.patience).saturating_sub(self.start.elapsed())
        })
    }

    fn give_up_late(&mut self) {
        while let Some(&(due, token)) = self.in_order.front() {
            if self.is_pending(due, token) {
                if due + self.patience > self.start.elapsed() {
                    return;
                }
                self.give_up(token, Outcome::TimedOut);
            }
            self.in_order.pop_front();
        }
    }

    /// Returns true if the request that was sent on this connection still waits for its response.
    fn is_pending(&mut self, due: Duration, token: usize) -> bool {
        let connection = self.generator.connection(token);
        let request = connection.and_then(|connection| connection.request.as_ref());
        request.is_some_and(|request| request.due == due)
    }

    /// Closes a connection, and ends its request if it has one.
    fn give_up(&mut self, token: usize, outcome: Outcome) {
        let connection = self.generator.connection(token);
        let request = connection.and_then(|connection| connection.request.take());
        self.generator.close(token);
        if let Some(request) = request {
            self.end(&request, outcome);
        }
    }

    fn end(&mut self, request: &Pending, outcome: Outcome) {
        let &Pending { path, due, late } = request;
        let latency = self.start.elapsed().saturating_sub(due);
        self.ended.push(Request { path, due, late, outcome, latency });
        self.pending -= 1;
    }
}

/// When requests are due, from the beginning of the schedule.
fn due_times(steps: &[Step]) -> impl Iterator<Item = Duration> {
    let mut begin = Duration::ZERO;
    steps.iter().flat_map(move |step| {
        let (from, every) = (begin, Duration::from_secs_f64(1.0 / step.rate));
        begin += step.time;
        let until = begin;
        (0..).map(move |number| from + every * number).take_while(move |&due| due < until)
    })
}
