//! Requests that were offered to a server, and what became of them.

use std::thread::available_parallelism;
use std::time::Duration;

use crate::load::figures::{Latencies, per_second, ratio};
use crate::load::open::{Asked, Fate, Step, ask_on_schedule};
use crate::load::server::Server;

/// How long a client waits. A load is counted after it has been there for as long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// What is asked for, in turn.
pub(crate) type Work = [Kind];

/// A path, and the CPU time of a request for it.
pub(crate) struct Kind {
    pub(crate) path: &'static str,
    pub(crate) cost: Duration,
}

/// Requests per second that `load` times the capacity are.
pub(crate) fn rate(work: &Work, load: f64) -> f64 {
    let total: Duration = work.iter().map(|kind| kind.cost).sum();
    load * cores() * ratio(work.len(), 1) / total.as_secs_f64()
}

fn cores() -> f64 {
    ratio(available_parallelism().map_or(1, usize::from), 1)
}

/// Some of what was asked for, all that was due in `time`.
pub(crate) struct Offer {
    asked: Vec<Asked>,
    time: Duration,
}

impl Offer {
    /// Offers `load` times the capacity for [`PATIENCE`] and then `time`, which is what counts. Blocks until all is known.
    pub(crate) fn make(server: &Server, work: &Work, load: f64, time: Duration) -> Self {
        let steps = [Step { rate: rate(work, load), time: PATIENCE + time }];
        let mut asked = Self::on_schedule(server, work, &steps);
        asked.retain(|asked| asked.due >= PATIENCE);
        Self { asked, time }
    }

    pub(crate) fn on_schedule(server: &Server, work: &Work, steps: &[Step]) -> Vec<Asked> {
        let paths: Vec<_> = work.iter().map(|kind| kind.path).collect();
        ask_on_schedule(server.address, &paths, steps, PATIENCE)
    }

    /// Those for the paths of one cost.
    pub(crate) fn of(&self, work: &Work, cost: Duration) -> Self {
        let asked =
            self.asked.iter().filter(|asked| work[asked.path].cost == cost).copied().collect();
        Self { asked, time: self.time }
    }

    pub(crate) fn per_second(&self) -> f64 {
        per_second(self.asked.len(), self.time)
    }

    pub(crate) fn in_time_per_second(&self) -> f64 {
        per_second(self.count(Fate::Answered), self.time)
    }

    pub(crate) fn refused_per_second(&self) -> f64 {
        per_second(self.count(Fate::Refused), self.time)
    }

    /// The CPU time of what was answered in time, as a part of all that there was.
    pub(crate) fn of_capacity(&self, work: &Work) -> f64 {
        let answered = self.asked.iter().filter(|asked| asked.fate == Fate::Answered);
        let used: Duration = answered.map(|asked| work[asked.path].cost).sum();
        used.as_secs_f64() / (cores() * self.time.as_secs_f64())
    }

    /// The part of those not refused that was answered in time.
    pub(crate) fn admitted_in_time(&self) -> f64 {
        ratio(self.count(Fate::Answered), self.asked.len() - self.count(Fate::Refused))
    }

    /// How many were neither answered, nor refused, nor given up: broken connections, other statuses.
    pub(crate) fn failed(&self) -> usize {
        self.count(Fate::Failed)
    }

    /// How long those who were refused waited for that, from when they were due.
    pub(crate) fn refusals(&self) -> Latencies {
        self.latencies(|asked| (asked.fate == Fate::Refused).then_some(asked.after))
    }

    /// How long those who were answered in time waited for that, from when they were due.
    pub(crate) fn answers(&self) -> Latencies {
        self.latencies(|asked| (asked.fate == Fate::Answered).then_some(asked.after))
    }

    /// How late the load generator itself was to ask.
    pub(crate) fn late(&self) -> Latencies {
        self.latencies(|asked| Some(asked.late))
    }

    fn latencies(&self, latency: impl Fn(&Asked) -> Option<Duration>) -> Latencies {
        Latencies::new(self.asked.iter().filter_map(latency).collect(), 0)
    }

    fn count(&self, fate: Fate) -> usize {
        self.asked.iter().filter(|asked| asked.fate == fate).count()
    }
}
