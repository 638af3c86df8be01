//! An open loop: clients that come by a schedule, however many wait already, and leave when they have waited too long.
//!
//! A latency counts from the time when its request was due. Whoever gives up closes his connection; the others leave theirs
//! to those who come after. One thread does it all, and looks at schedule and sockets at every [`TICK`]: figures are up to a
//! tick too long, in exchange for a load that takes little of the cores that the server is to have.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use mio::{Events, Poll};

use super::answer::request;
use super::connection::Connection;
use super::priority::go_first;

const TICK: Duration = Duration::from_millis(1);

/// A part of a schedule: for `time`, `rate` requests per second.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    pub(crate) rate: f64,
    pub(crate) time: Duration,
}

/// What became of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Waiting,
    Answered,
    Refused,
    GivenUp,
    Failed,
}

#[derive(Clone, Copy)]
pub(crate) struct Asked {
    /// Which of the paths.
    pub(crate) path: usize,
    /// After the beginning of the schedule.
    pub(crate) due: Duration,
    /// How much later than due it was put.
    pub(crate) late: Duration,
    pub(crate) fate: Fate,
    /// How long after it was due that was known.
    pub(crate) after: Duration,
}

/// Asks for the `paths` in turn, as scheduled, and gives each up that has no answer after `patience`. Blocks until all is known.
pub(crate) fn ask_on_schedule(
    address: SocketAddr,
    paths: &[&str],
    steps: &[Step],
    patience: Duration,
) -> Vec<Asked> {
    let ask = || {
        go_first();
        Clients::new(address, paths, patience).ask_all(steps)
    };
    thread::scope(|scope| scope.spawn(ask).join().expect("the clients' thread"))
}

/// When requests are due.
fn times(steps: &[Step]) -> impl Iterator<Item = Duration> {
    let mut begin = Duration::ZERO;
    steps.iter().flat_map(move |step| {
        let (from, every) = (begin, Duration::from_secs_f64(1.0 / step.rate));
        begin += step.time;
        let until = begin;
        (0..).map(move |number| from + every * number).take_while(move |&due| due < until)
    })
}

struct Clients {
    address: SocketAddr,
    requests: Vec<Vec<u8>>,
    poll: Poll,
    /// Connections by their tokens.
    seats: Vec<Option<Seat>>,
    /// Tokens without a connection.
    empty: Vec<usize>,
    /// Tokens of connections that nobody uses; the last to become so is the first to be used.
    idle: Vec<usize>,
    /// Requests, by number, and the tokens of their connections, as they came; some may have an answer by now.
    waiting: VecDeque<(usize, usize)>,
    asked: Vec<Asked>,
    patience: Duration,
    start: Instant,
}

struct Seat {
    connection: Connection,
    /// The number of the request that waits for its answer.
    number: Option<usize>,
}

impl Clients {
    fn new(address: SocketAddr, paths: &[&str], patience: Duration) -> Self {
        Self {
            address,
            requests: paths.iter().map(|path| request(path)).collect(),
            poll: Poll::new().expect("a way to wait for sockets"),
            seats: Vec::new(),
            empty: Vec::new(),
            idle: Vec::new(),
            waiting: VecDeque::new(),
            asked: Vec::new(),
            patience,
            start: Instant::now(),
        }
    }

    fn ask_all(mut self, steps: &[Step]) -> Vec<Asked> {
        let mut events = Events::with_capacity(1024);
        for due in times(steps) {
            while self.start.elapsed() < due {
                self.tick(&mut events);
            }
            self.ask(due);
        }
        while !self.waiting.is_empty() {
            self.tick(&mut events);
        }
        self.asked
    }

    fn ask(&mut self, due: Duration) {
        let number = self.asked.len();
        let (path, late) = (number % self.requests.len(), self.start.elapsed().saturating_sub(due));
        self.asked.push(Asked { path, due, late, fate: Fate::Waiting, after: Duration::ZERO });
        let Some(token) = self.connection() else { return self.ended(number, Fate::Failed) };
        let Some(seat) = &mut self.seats[token] else {
            unreachable!("an empty seat was given out")
        };
        seat.number = Some(number);
        self.waiting.push_back((number, token));
        if seat.connection.ask(&self.requests[path]).is_err() {
            self.close(token, Fate::Failed);
        }
    }

    /// A connection that nobody uses, or a new one.
    fn connection(&mut self) -> Option<usize> {
        if let Some(token) = self.idle.pop() {
            return Some(token);
        }
        let token = self.empty.pop().unwrap_or_else(|| {
            self.seats.push(None);
            self.seats.len() - 1
        });
        if let Ok(connection) = Connection::open(self.address, self.poll.registry(), token) {
            self.seats[token] = Some(Seat { connection, number: None });
            Some(token)
        } else {
            self.empty.push(token);
            None
        }
    }

    fn tick(&mut self, events: &mut Events) {
        thread::sleep(TICK);
        self.poll.poll(events, Some(Duration::ZERO)).expect("to look at the sockets");
        for event in events.iter() {
            self.go_on(event.token().0);
        }
        while let Some(&(number, token)) = self.waiting.front() {
            let asked = &self.asked[number];
            if asked.fate == Fate::Waiting {
                if asked.due + self.patience > self.start.elapsed() {
                    break;
                }
                self.close(token, Fate::GivenUp);
            }
            self.waiting.pop_front();
        }
    }

    /// Does what can be done on a connection.
    fn go_on(&mut self, token: usize) {
        let Some(seat) = &mut self.seats[token] else { return };
        let outcome = match seat.number {
            Some(number) if !seat.connection.is_connected() => {
                seat.connection.ask(&self.requests[self.asked[number].path]).map(|()| None)
            }
            _ => seat.connection.read(),
        };
        match (outcome, seat.number) {
            (Ok(None), _) => {}
            (Ok(Some(status)), Some(number)) => {
                seat.number = None;
                if seat.connection.is_over() {
                    self.seats[token] = None;
                    self.empty.push(token);
                } else {
                    self.idle.push(token);
                }
                let in_time = self.asked[number].due + self.patience >= self.start.elapsed();
                self.ended(
                    number,
                    match status {
                        200 if in_time => Fate::Answered,
                        200 => Fate::GivenUp,
                        503 => Fate::Refused,
                        _ => Fate::Failed,
                    },
                );
            }
            (Ok(Some(_)) | Err(_), _) => self.close(token, Fate::Failed),
        }
    }

    fn close(&mut self, token: usize, fate: Fate) {
        let Some(seat) = self.seats[token].take() else { return };
        self.empty.push(token);
        match seat.number {
            Some(number) => self.ended(number, fate),
            None => self.idle.retain(|&other| other != token),
        }
    }

    fn ended(&mut self, number: usize, fate: Fate) {
        let asked = &mut self.asked[number];
        asked.fate = fate;
        asked.after = self.start.elapsed().saturating_sub(asked.due);
    }
}
