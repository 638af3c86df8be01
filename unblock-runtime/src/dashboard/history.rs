//! The last two minutes, second by second, so that a page that is opened now shows them at once.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::distribution::{Distribution, Quantiles};
use super::micros;
use super::reading::{self, by_name};
use crate::stats::{FunctionStats, Outcomes};
use crate::watchdog;

/// The number of seconds that the curves show.
pub(super) const POINTS: usize = 120;

/// The windows of the table in seconds.
const WINDOWS: [usize; 2] = [10, 60];

/// The most functions that the table has.
const MAX_FUNCTIONS: usize = 200;

/// The most calls that a function's details have.
const SLOWEST: usize = 8;

pub(super) struct History {
    started: Instant,
    sampled: Instant,
    /// The last of them is the newest.
    points: VecDeque<Arc<Point>>,
    /// What each pool had done at the last sample, by its name.
    pools: HashMap<String, Outcomes>,
    functions: HashMap<Key, Function>,
}

/// The name of a pool and that of a function.
type Key = (String, String);

/// The numbers of one second, for the curves.
#[derive(Debug, Serialize)]
pub(super) struct Point {
    /// The end of the second, in microseconds since 1970.
    pub(super) time: u64,
    /// The length of the second, in microseconds: the sampler may have come late.
    length: u64,
    /// The largest lag of a loop. `None` if the process has no loop that is known.
    lag: Option<u64>,
    pools: Vec<PoolPoint>,
}

#[derive(Debug, Serialize)]
struct PoolPoint {
    name: String,
    /// The p99 of the waits that ended in this second. `None` if there were none.
    wait: Option<u64>,
    queued: u64,
    threads: usize,
    busy: usize,
    /// The jobs that ended in this second.
    #[serde(serialize_with = "by_name")]
    outcomes: Outcomes,
}

#[derive(Default)]
struct Function {
    pool: String,
    now: FunctionStats,
    /// What was new in each of the last seconds in which anything was.
    seconds: VecDeque<Second>,
}

struct Second {
    /// In microseconds since 1970.
    time: u64,
    at: Instant,
    new: Totals,
}

/// What a function did in some time.
#[derive(Default, PartialEq, Eq)]
struct Totals {
    submitted: u64,
    outcomes: Outcomes,
    wait: Distribution,
    run: Distribution,
}

/// A row of the table.
#[derive(Debug, Serialize)]
struct Row<'a> {
    pool: &'a str,
    name: &'a str,
    queued: u64,
    running: u64,
    abandoned: u64,
    /// One for each of [`WINDOWS`], then that since the start.
    windows: Vec<Window>,
}

#[derive(Debug, Serialize)]
struct Window {
    /// Calls in a second.
    rate: f64,
    #[serde(serialize_with = "by_name")]
    outcomes: Outcomes,
    wait: Quantiles,
    run: Quantiles,
}

/// The table.
#[derive(Debug, Serialize)]
pub(super) struct Table<'a> {
    rows: Vec<Row<'a>>,
    /// The number of functions for which there was no room.
    left_out: usize,
}

/// What the page shows of one function on request.
#[derive(Debug, Serialize)]
pub(super) struct Details {
    /// One for each of [`WINDOWS`], then that since the start.
    windows: Vec<Ranges>,
    /// The slowest call of each of the last seconds, the slowest first: when it ended, in
    /// microseconds since 1970, and how long it ran.
    slowest: Vec<(u64, u64)>,
}

#[derive(Debug, Serialize)]
struct Ranges {
    wait: Vec<(u64, u64)>,
    run: Vec<(u64, u64)>,
}

impl History {
    /// Creates the history of a process whose counts are what they are now.
    pub(super) fn new(at: Instant) -> Self {
        let mut history = Self {
            started: at,
            sampled: at,
            points: VecDeque::new(),
            pools: HashMap::new(),
            functions: HashMap::new(),
        };
        history.sample(at);
        history.points.clear();
        history.functions.values_mut().for_each(|function| function.seconds.clear());
        history
    }

    /// Adds the second that ends now.
    pub(super) fn sample(&mut self, at: Instant) {
        let length = micros(at.duration_since(self.sampled));
        self.sampled = at;
        let time = reading::now();
        let waits = self.sample_functions(reading::functions(), at, time);
        let pools = reading::pools().into_iter().map(|(name, pool)| {
            let stats = pool.stats();
            let outcomes = stats.outcomes();
            let before = self.pools.insert(name.clone(), outcomes);
            PoolPoint {
                wait: waits.get(&name).and_then(|wait| wait.quantile(0.99)).map(micros),
                queued: stats.queued,
                threads: stats.threads,
                busy: stats.threads.saturating_sub(stats.idle),
                outcomes: outcomes.zip(before.unwrap_or_default(), u64::saturating_sub),
                name,
            }
        });
        let pools = pools.collect();
        let lags = watchdog::loops().into_iter().filter_map(|event_loop| event_loop.lag);
        let lag = lags.max().map(micros);
        self.points.push_back(Arc::new(Point { time, length, lag, pools }));
        if self.points.len() > POINTS {
            self.points.pop_front();
        }
    }

    /// Returns the waits of this second, by the name of the pool.
    fn sample_functions(
        &mut self,
        readings: Vec<(String, FunctionStats)>,
        at: Instant,
        time: u64,
    ) -> HashMap<String, Distribution> {
        let mut waits: HashMap<String, Distribution> = HashMap::new();
        for (pool, now) in readings {
            let key = (pool.clone(), now.name.to_owned());
            let function = self.functions.entry(key).or_default();
            let new = Totals::between(&function.now, &now);
            if new != Totals::default() {
                waits.entry(pool.clone()).or_default().add(&new.wait);
                function.seconds.push_back(Second { time, at, new });
            }
            *function = Function { pool, now, seconds: std::mem::take(&mut function.seconds) };
        }
        let longest = Duration::from_secs(WINDOWS[WINDOWS.len() - 1] as u64);
        for function in self.functions.values_mut() {
            while function.seconds.front().is_some_and(|second| at - second.at >= longest) {
                function.seconds.pop_front();
            }
        }
        waits
    }

    /// Returns the last seconds. The last of them is the newest.
    pub(super) fn points(&self) -> &VecDeque<Arc<Point>> {
        &self.points
    }

    /// Returns the table: the functions that have most in flight, then those that are called most.
    pub(super) fn table(&self) -> Table<'_> {
        let mut functions: Vec<_> = self.functions.values().collect();
        functions.sort_by_key(|Function { now, .. }| {
            let in_flight = now.queued + now.running + now.abandoned;
            (std::cmp::Reverse((in_flight, now.submitted)), now.name)
        });
        let left_out = functions.len().saturating_sub(MAX_FUNCTIONS);
        functions.truncate(MAX_FUNCTIONS);
        Table { rows: functions.into_iter().map(|function| self.row(function)).collect(), left_out }
    }

    fn row<'a>(&self, function: &'a Function) -> Row<'a> {
        let Function { pool, now, .. } = function;
        let up = self.sampled - self.started;
        let windows = WINDOWS.map(|seconds| Duration::from_secs(seconds as u64).min(up));
        let windows = windows.into_iter().chain([up]).zip(self.totals(function));
        let windows = windows.map(|(length, totals)| Window {
            rate: rate(totals.submitted, length),
            outcomes: totals.outcomes,
            wait: Quantiles::from(&totals.wait),
            run: Quantiles::from(&totals.run),
        });
        let windows = windows.collect();
        let FunctionStats { name, queued, running, abandoned, .. } = *now;
        Row { pool, name, queued, running, abandoned, windows }
    }

    /// Returns what a function did in each of the [`WINDOWS`], then since the start.
    fn totals(&self, function: &Function) -> Vec<Totals> {
        let within = |seconds: usize| {
            let length = Duration::from_secs(seconds as u64);
            let mut totals = Totals::default();
            let is_within = |second: &&Second| self.sampled - second.at < length;
            for second in function.seconds.iter().filter(is_within) {
                totals.add(&second.new);
            }
            totals
        };
        WINDOWS.into_iter().map(within).chain([Totals::from(&function.now)]).collect()
    }

    /// Returns what the page shows of one function on request. `None` if there is no such function.
    pub(super) fn details(&self, pool: &str, name: &str) -> Option<Details> {
        let function = self.functions.get(&(pool.to_owned(), name.to_owned()))?;
        let totals = self.totals(function);
        let ranges =
            |totals: &Totals| Ranges { wait: totals.wait.ranges(), run: totals.run.ranges() };
        let slowest = |second: &Second| Some((second.time, micros(second.new.run.max()?)));
        let mut slowest: Vec<_> = function.seconds.iter().filter_map(slowest).collect();
        slowest.sort_by_key(|(_, run)| std::cmp::Reverse(*run));
        slowest.truncate(SLOWEST);
        Some(Details { windows: totals.iter().map(ranges).collect(), slowest })
    }
}

impl Totals {
    fn between(earlier: &FunctionStats, later: &FunctionStats) -> Self {
        Self {
            submitted: later.submitted.saturating_sub(earlier.submitted),
            outcomes: later.outcomes().zip(earlier.outcomes(), u64::saturating_sub),
            wait: Distribution::from(&later.wait.since(&earlier.wait)),
            run: Distribution::from(&later.run.since(&earlier.run)),
        }
    }

    fn add(&mut self, other: &Self) {
        self.submitted += other.submitted;
        self.outcomes = self.outcomes.zip(other.outcomes, |sum, count| sum + count);
        self.wait.add(&other.wait);
        self.run.add(&other.run);
    }
}

impl From<&FunctionStats> for Totals {
    fn from(stats: &FunctionStats) -> Self {
        Self {
            submitted: stats.submitted,
            outcomes: stats.outcomes(),
            wait: Distribution::from(&stats.wait),
            run: Distribution::from(&stats.run),
        }
    }
}

/// Returns how many there were in a second, in hundredths.
fn rate(count: u64, time: Duration) -> f64 {
    // Counts are far below 2^52.
    #[allow(clippy::cast_precision_loss)]
    let rate = count as f64 / time.as_secs_f64().max(1e-3);
    (rate * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pool;

    const SECOND: Duration = Duration::from_secs(1);

    /// A history without what other tests of this process do.
    fn history(at: Instant) -> History {
        let mut history = History::new(at);
        history.functions.clear();
        history
    }

    impl History {
        /// Adds a second in which these functions have been counted as this.
        fn add(&mut self, readings: Vec<(String, FunctionStats)>) {
            self.sampled += SECOND;
            self.sample_functions(readings, self.sampled, 0);
        }
    }

    fn called(name: &'static str, submitted: u64) -> (String, FunctionStats) {
        let stats = FunctionStats { name, submitted, completed: submitted, ..Default::default() };
        ("pool".to_owned(), stats)
    }

    #[test]
    fn a_window_has_what_came_in_its_seconds() {
        let mut history = history(Instant::now());
        (1..=15).for_each(|second| history.add(vec![called("once a second", second)]));
        let counted = |history: &History| {
            let table = history.table();
            let windows = table.rows[0].windows.iter();
            windows.map(|window| (window.outcomes.completed, window.rate)).collect::<Vec<_>>()
        };
        assert_eq!(counted(&history), [(10, 1.0), (15, 1.0), (15, 1.0)]);
        (0..60).for_each(|_| history.add(vec![called("once a second", 15)]));
        assert_eq!(counted(&history), [(0, 0.0), (0, 0.0), (15, 0.2)]);
        assert!(history.functions.values().all(|function| function.seconds.is_empty()));
    }

    #[test]
    fn the_table_has_the_busiest_functions_and_says_how_many_it_leaves_out() {
        let mut history = history(Instant::now());
        let name = |number: u64| &*Box::leak(format!("function {number}").into_boxed_str());
        history.add((1..=250).map(|number| called(name(number), number)).collect());
        let table = history.table();
        assert_eq!((table.rows.len(), table.left_out), (200, 50));
        assert_eq!((table.rows[0].name, table.rows[199].name), ("function 250", "function 51"));
    }

    #[test]
    fn what_was_counted_before_the_history_began_is_in_no_window_but_the_last() {
        let pool = Pool::builder().name("before").build().unwrap();
        pool.job("early").submit(|| ()).wait().unwrap();
        let mut history = History::new(Instant::now());
        pool.job("early").submit(|| ()).wait().unwrap();
        history.sample(history.sampled + SECOND);
        let table = history.table();
        let row = table.rows.iter().find(|row| row.pool == "before").unwrap();
        let submitted: Vec<_> =
            row.windows.iter().map(|window| window.outcomes.completed).collect();
        assert_eq!((row.name, submitted), ("early", vec![1, 1, 2]));
        let details = history.details("before", "early").unwrap();
        let counts = details.windows.iter().map(|ranges| ranges.run.iter().map(|(_, n)| n).sum());
        assert_eq!(counts.collect::<Vec<u64>>(), [1, 1, 2]);
        assert_eq!(details.slowest.len(), 1);
        assert!(history.details("before", "late").is_none());
    }
}
