//! Requests of a known cost, and their rate.

use std::net::SocketAddr;
use std::time::Duration;

use unblock_benches::figures::ratio;
use unblock_benches::load::{
    Arrivals, Connections, Load, LoadGenerator, Outcome, Precision, Results, Step,
};

/// Time after which a client gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// Requests for some paths, in turn.
#[derive(Clone, Copy)]
pub(crate) struct Work {
    pub(crate) paths: &'static [&'static str],
    /// CPU time of a request for each path.
    pub(crate) costs: &'static [Duration],
}

/// Work at a multiple of what the cores can do.
pub(crate) struct Offered {
    work: Work,
    cores: usize,
    /// The load, as a multiple of the capacity.
    pub(crate) load: f64,
    /// Requests per second.
    pub(crate) rate: f64,
}

impl Work {
    pub(crate) fn times_capacity(self, load: f64, cores: usize) -> Offered {
        let total: Duration = self.costs.iter().sum();
        let rate = load * ratio(cores * self.costs.len(), 1) / total.as_secs_f64();
        Offered { work: self, cores, load, rate }
    }

    /// Sends requests by the schedule. Blocks until the outcome of each is known.
    pub(crate) fn send(self, server: SocketAddr, steps: &[Step]) -> Results {
        let arrivals = Arrivals::Open { steps, precision: Precision::Millisecond };
        let connections = Connections::KeepAlive;
        let load = Load { paths: self.paths, arrivals, patience: PATIENCE, connections };
        LoadGenerator::new(server).run(&load)
    }
}

impl Offered {
    /// The work as part of a schedule.
    pub(crate) fn step(&self, time: Duration) -> Step {
        Step { rate: self.rate, time }
    }

    /// Puts the load on the server for as long as clients wait, and then for `time`, which is what
    /// counts.
    pub(crate) fn send(&self, server: SocketAddr, time: Duration) -> Results {
        self.work.send(server, &[self.step(PATIENCE + time)]).due_after(PATIENCE)
    }

    /// Returns the requests of one cost.
    pub(crate) fn of_cost(&self, results: &Results, cost: Duration) -> Results {
        results.of_paths(|path| self.work.costs[path] == cost)
    }

    /// CPU time of the requests that succeeded, as a share of all CPU time that there was.
    pub(crate) fn of_capacity(&self, results: &Results) -> f64 {
        let succeeded =
            results.requests.iter().filter(|request| request.outcome == Outcome::Succeeded);
        let used: Duration = succeeded.map(|request| self.work.costs[request.path]).sum();
        used.as_secs_f64() / (ratio(self.cores, 1) * results.time.as_secs_f64())
    }
}
