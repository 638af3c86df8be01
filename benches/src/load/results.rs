//! The outcomes of the requests of a load.

use std::time::Duration;

use crate::figures::{Latencies, per_second, ratio};

/// The requests of a load, or some of them.
pub struct Results {
    /// The requests, in the order in which they ended.
    pub requests: Vec<Request>,
    /// Time in which they were due.
    pub time: Duration,
}

/// A request that has ended.
#[derive(Clone, Copy)]
pub struct Request {
    /// Index of the path in [`Load::paths`](super::Load::paths).
    pub path: usize,
    /// When it was due, from the beginning of the load.
    pub due: Duration,
    /// Time from then until it was sent.
    pub late: Duration,
    /// The way in which it ended.
    pub outcome: Outcome,
    /// Time from when it was due until it ended.
    pub latency: Duration,
}

/// The way in which a request ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// 200, in time.
    Succeeded,
    /// 503, in time.
    Refused,
    /// The client gave up, or the server did: 504.
    TimedOut,
    /// The connection broke, or brought another status.
    Failed,
}

impl Results {
    /// Keeps the requests of an open loop that were due later than this after the beginning of the
    /// load, so that a server's first moments do not count.
    #[must_use]
    pub fn due_after(self, time: Duration) -> Self {
        self.leave_out(time, |request| request.due >= time)
    }

    /// Keeps the requests of a closed loop that ended later than this after the beginning of the
    /// load. Those of a slow server may all have been due before, and yet it serves them.
    #[must_use]
    pub fn ended_after(self, time: Duration) -> Self {
        self.leave_out(time, |request| request.due + request.latency >= time)
    }

    /// Returns the requests whose path, by its index, is wanted.
    #[must_use]
    pub fn of_paths(&self, wanted: impl Fn(usize) -> bool) -> Self {
        let requests = self.requests.iter().filter(|request| wanted(request.path));
        Self { requests: requests.copied().collect(), time: self.time }
    }

    /// Number of requests that ended in this way.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.requests.iter().filter(|request| request.outcome == outcome).count()
    }

    /// Number of requests that did not succeed.
    pub fn unsuccessful(&self) -> usize {
        self.requests.len() - self.count(Outcome::Succeeded)
    }

    /// Requests per second.
    pub fn per_second(&self) -> f64 {
        per_second(self.requests.len(), self.time)
    }

    /// Requests per second that ended in this way.
    pub fn rate(&self, outcome: Outcome) -> f64 {
        per_second(self.count(outcome), self.time)
    }

    /// Share of the requests that succeeded, among those that were not refused.
    pub fn admitted_in_time(&self) -> f64 {
        let admitted = self.requests.len() - self.count(Outcome::Refused);
        ratio(self.count(Outcome::Succeeded), admitted)
    }

    /// Latencies of all requests, from when they were due.
    pub fn latencies(&self) -> Latencies {
        self.all(|request| request.latency)
    }

    /// Latencies of all requests, from when they were sent. If the schedule was kept, this leaves
    /// out nothing but what the load generator waited for its core.
    pub fn latencies_from_sent(&self) -> Latencies {
        self.all(|request| request.latency.saturating_sub(request.late))
    }

    /// Latencies, from when they were due, of the requests that ended in this way.
    pub fn latencies_of(&self, outcome: Outcome) -> Latencies {
        Latencies::new(self.figures(outcome, |request| request.latency), 0)
    }

    /// Times by which the load generator itself was late.
    pub fn late(&self) -> Latencies {
        Latencies::new(self.requests.iter().map(|request| request.late).collect(), 0)
    }

    fn leave_out(mut self, time: Duration, kept: impl Fn(&Request) -> bool) -> Self {
        self.requests.retain(kept);
        Self { requests: self.requests, time: self.time.saturating_sub(time) }
    }

    fn all(&self, latency: fn(&Request) -> Duration) -> Latencies {
        Latencies::new(self.figures(Outcome::Succeeded, latency), self.unsuccessful())
    }

    fn figures(&self, outcome: Outcome, figure: fn(&Request) -> Duration) -> Vec<Duration> {
        let requests = self.requests.iter().filter(|request| request.outcome == outcome);
        requests.map(figure).collect()
    }
}
