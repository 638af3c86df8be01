//! What the page shows, as it is read from the library. All times are whole microseconds.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Serialize, Serializer};

use super::micros;
use crate::pool::Pool;
use crate::stats::{Activity, FunctionStats, Outcomes, WorkerStats};
use crate::watchdog::{self, CurrentPoll, LongPoll, LoopStats};

/// The most workers of a pool that are shown one by one.
const MAX_WORKERS: usize = 256;

/// The process at one moment.
#[derive(Debug, Serialize)]
pub(super) struct Snapshot {
    pub(super) process: u32,
    /// Since 1970.
    pub(super) time: u64,
    pub(super) loops: Vec<LoopSnapshot>,
    pub(super) routes: Vec<RouteSnapshot>,
    pub(super) pools: Vec<PoolSnapshot>,
}

/// An event loop, or a thread of another runtime that polls what is watched.
#[derive(Debug, Serialize)]
pub(super) struct LoopSnapshot {
    /// `None` for a thread of another runtime.
    pub(super) number: Option<usize>,
    pub(super) thread: String,
    /// How late it is. `None` for a thread of another runtime.
    pub(super) lag: Option<u64>,
    pub(super) longest_lag: Option<u64>,
    pub(super) held_by: Option<Held>,
}

/// What has held a loop for too long and still does.
#[derive(Debug, Serialize)]
pub(super) struct Held {
    pub(super) name: String,
    /// For how long.
    pub(super) time: u64,
    /// What it does, such as `asleep in read(2) of notes.db`.
    pub(super) doing: Option<String>,
}

/// A route that has held a loop for too long.
#[derive(Debug, Serialize)]
pub(super) struct RouteSnapshot {
    pub(super) name: String,
    /// How often.
    pub(super) count: u64,
    pub(super) longest: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct PoolSnapshot {
    pub(super) name: String,
    #[serde(serialize_with = "by_name")]
    pub(super) outcomes: Outcomes,
    /// The jobs that have not begun, those that wait for room among them.
    pub(super) queued: u64,
    pub(super) waiting: usize,
    pub(super) queue_capacity: usize,
    pub(super) predicted_wait: Option<u64>,
    pub(super) running: u64,
    pub(super) asleep: usize,
    pub(super) abandoned: u64,
    pub(super) threads: usize,
    pub(super) idle: usize,
    pub(super) parallelism: usize,
    pub(super) max_threads: usize,
    pub(super) workers: Vec<WorkerSnapshot>,
}

#[derive(Debug, Serialize)]
pub(super) struct WorkerSnapshot {
    pub(super) number: usize,
    pub(super) state: WorkerState,
    /// The job that it runs, and for how long.
    pub(super) job: Option<(String, u64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum WorkerState {
    /// Its job runs for nobody any more.
    Abandoned,
    Running,
    /// Its job waits for something.
    Asleep,
    Idle,
}

impl Snapshot {
    pub(super) fn take() -> Self {
        Self {
            process: std::process::id(),
            time: now(),
            loops: loops(),
            routes: routes(),
            pools: pools().into_iter().map(|(name, pool)| PoolSnapshot::of(name, &pool)).collect(),
        }
    }
}

impl PoolSnapshot {
    fn of(name: String, pool: &Pool) -> Self {
        let stats = pool.stats();
        let mut workers: Vec<_> = pool.workers().iter().map(WorkerSnapshot::from).collect();
        let asleep = workers.iter().filter(|worker| worker.state == WorkerState::Asleep).count();
        workers.sort_by_key(|worker| (worker.state, worker.number));
        workers.truncate(MAX_WORKERS);
        workers.sort_by_key(|worker| worker.number);
        Self {
            name,
            outcomes: stats.outcomes(),
            queued: stats.queued,
            waiting: stats.waiting,
            queue_capacity: stats.queue_capacity,
            predicted_wait: stats.predicted_wait.map(micros),
            running: stats.running,
            asleep,
            abandoned: stats.abandoned,
            threads: stats.threads,
            idle: stats.idle,
            parallelism: stats.parallelism,
            max_threads: stats.max_threads,
            workers,
        }
    }
}

impl LoopSnapshot {
    /// `recent` are the last long polls, of which the present one may be one.
    fn of(stats: LoopStats, recent: &[LongPoll]) -> Self {
        let is_present = |poll: &&LongPoll| !poll.is_over && poll.thread_id == stats.thread_id;
        let doing = recent.iter().rev().find(is_present).and_then(|poll| poll.doing.clone());
        let held = |poll: CurrentPoll| Held { name: poll.name, time: micros(poll.age), doing };
        Self {
            number: stats.number,
            lag: stats.lag.map(micros),
            longest_lag: stats.longest_lag.map(micros),
            held_by: stats.current.map(held),
            thread: stats.thread,
        }
    }
}

impl From<&WorkerStats> for WorkerSnapshot {
    fn from(worker: &WorkerStats) -> Self {
        let is_abandoned = worker.job.as_ref().is_some_and(|job| job.abandoned);
        let state = match worker.activity {
            _ if is_abandoned => WorkerState::Abandoned,
            Activity::Running => WorkerState::Running,
            Activity::Asleep => WorkerState::Asleep,
            Activity::Idle => WorkerState::Idle,
        };
        let job = worker.job.as_ref();
        let job = job.map(|job| (job.name.to_owned(), micros(job.running_for)));
        Self { number: worker.number, state, job }
    }
}

/// Writes outcomes as an object, so that the library's own type is free of serde.
pub(super) fn by_name<S: Serializer>(
    outcomes: &Outcomes,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(outcomes.by_name())
}

/// Returns the microseconds since 1970.
pub(super) fn now() -> u64 {
    micros(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO))
}

/// Returns the pools of the process by names that differ: a second `db` is `db (2)`.
pub(super) fn pools() -> Vec<(String, Pool)> {
    let mut known: HashMap<String, usize> = HashMap::new();
    let named = Pool::all().into_iter().map(|pool| {
        let name = pool.shared.name.clone();
        let count = known.entry(name.clone()).or_default();
        *count += 1;
        (if *count == 1 { name } else { format!("{name} ({count})") }, pool)
    });
    named.collect()
}

/// Returns what the pools have counted of each function, with the name of the pool.
pub(super) fn functions() -> Vec<(String, FunctionStats)> {
    let of = |(name, pool): (String, Pool)| {
        let functions = pool.functions().into_iter();
        functions.map(move |function| (name.clone(), function))
    };
    pools().into_iter().flat_map(of).collect()
}

/// Returns the event loops of the process, and the threads of other runtimes that are watched.
fn loops() -> Vec<LoopSnapshot> {
    let recent = watchdog::recent();
    watchdog::loops().into_iter().map(|stats| LoopSnapshot::of(stats, &recent)).collect()
}

/// Returns the routes that have held a loop for too long, the most frequent first.
fn routes() -> Vec<RouteSnapshot> {
    let mut routes = watchdog::long_polls();
    routes.sort_by_key(|route| Reverse(route.count));
    let routes = routes.into_iter().map(|route| RouteSnapshot {
        name: route.name,
        count: route.count,
        longest: micros(route.longest),
    });
    routes.collect()
}
