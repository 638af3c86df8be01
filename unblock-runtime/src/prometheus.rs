//! The statistics of all pools as metrics for Prometheus. Needs the feature `prometheus`.
//!
//! They are read when Prometheus asks, so that jobs pay nothing for them. A program that has a
//! registry of [`prometheus_client`](https://docs.rs/prometheus-client) registers the
//! [`Collector`]; one that has none answers with [`text`].
//!
//! ```
//! use prometheus_client::encoding::prometheus_text::encode;
//! use prometheus_client::registry::Registry;
//! use unblock_runtime::Pool;
//!
//! let pool = Pool::builder().name("images").build()?;
//! pool.job("resize").submit(|| ()).wait()?;
//!
//! let mut registry = Registry::default();
//! registry.register_collector(Box::new(unblock_runtime::prometheus::Collector::new()));
//! let mut text = String::new();
//! encode(&mut text, &registry)?;
//! let line = r#"unblock_jobs_total{pool="images",function="resize",outcome="completed"} 1"#;
//! assert!(text.contains(line));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | metric | what it is |
//! | --- | --- |
//! | `unblock_jobs_submitted_total` | jobs handed to the pool |
//! | `unblock_jobs_total` | jobs that are over, by `outcome` |
//! | `unblock_jobs_queued` | jobs that have not begun |
//! | `unblock_jobs_running` | jobs that run |
//! | `unblock_jobs_abandoned` | jobs that still run after their deadline |
//! | `unblock_job_wait_seconds` | how long jobs waited until they began, or until their deadline |
//! | `unblock_job_run_seconds` | how long jobs ran |
//! | `unblock_job_run_seconds_max` | the longest run so far |
//! | `unblock_threads` | worker threads, by `state` |
//! | `unblock_threads_max` | worker threads that there may be |
//! | `unblock_parallelism` | workers that may compute at a time |
//! | `unblock_queue_capacity` | jobs that the queue holds |
//! | `unblock_queue_waiting` | jobs that wait for room in the queue |
//! | `unblock_predicted_wait_seconds` | how long a job that computes would wait, with `shed` |
//! | `unblock_loop_lag_seconds` | how long a task that was woken waits until its loop polls it |
//! | `unblock_loop_lag_seconds_max` | the longest lag of the last 10 to 20 seconds |
//! | `unblock_loop_busy_seconds_total` | time for which the loop was awake |
//! | `unblock_long_polls_total` | polls of requests that held their loop, by `route` |
//!
//! Those of loops have the label `loop`, all others before them `pool`, and those of jobs
//! `function`. An `outcome` is `completed`,
//! `panicked`, `failed`, `cancelled`, `timed_out` or `rejected`; a `state` is `running`, `asleep`
//! (in a job) or `idle`.
//!
//! The buckets of the histograms end at powers of two of nanoseconds, from 16 µs to 69 s, because
//! these are ends of buckets of [`Histogram`], so that no count is
//! estimated.
//!
//! Without a registry, a route of axum is:
//!
//! ```text
//! async fn metrics() -> impl IntoResponse {
//!     ([("content-type", prometheus::CONTENT_TYPE)], prometheus::text())
//! }
//! ```
//!
//! A pool is there from the moment when it is built, the global one with its first job, or from
//! `Pool::global()` in `main`.
//!
//! A question and its query: which function is slow?
//!
//! ```text
//! histogram_quantile(0.99, sum by (function, le) (rate(unblock_job_run_seconds_bucket[5m])))
//! ```

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use prometheus_client::collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeGaugeValue, MetricEncoder, NoLabelSet, prometheus_text,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use prometheus_client::registry::{Registry, Unit};

use crate::pool::Pool;
use crate::stats::{Activity, FunctionStats, Histogram, Stats, WorkerStats};
use crate::watchdog::{self, LoopStats};

/// The powers of two of nanoseconds at which buckets end: 16 µs to 69 s.
const POWERS: std::ops::RangeInclusive<u32> = 14..=36;

/// The content type of [`text`].
pub use prometheus_text::CONTENT_TYPE;

/// Returns the metrics of all pools of the process in the text format of Prometheus, 0.0.4. Does
/// not wait for jobs.
pub fn text() -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Collector::new()));
    let mut text = String::new();
    // Writing into a string does not fail.
    let _ = prometheus_text::encode(&mut text, &registry);
    text
}

/// Reads the metrics of all pools of the process at each scrape.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Collector {}

impl Collector {
    /// Creates a collector, to be registered once.
    pub fn new() -> Self {
        Self::default()
    }
}

impl collector::Collector for Collector {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let pools: Vec<_> = Pool::all().iter().map(Reading::of).collect();
        let mut scrape = Scrape { encoder, pools };
        scrape.jobs()?;
        scrape.times()?;
        scrape.threads()?;
        scrape.pools()?;
        scrape.loops()?;
        scrape.long_polls()
    }
}

/// One reading of a pool, so that its metrics agree with each other.
struct Reading {
    stats: Stats,
    functions: Vec<FunctionStats>,
    workers: Vec<WorkerStats>,
}

impl Reading {
    fn of(pool: &Pool) -> Self {
        Self { functions: pool.functions(), stats: pool.stats(), workers: pool.workers() }
    }
}

struct Scrape<'a> {
    encoder: DescriptorEncoder<'a>,
    pools: Vec<Reading>,
}

impl Scrape<'_> {
    fn jobs(&mut self) -> fmt::Result {
        let (name, help) =
            ("unblock_jobs_submitted", "Jobs handed to the pool, refused ones included");
        let mut submitted =
            self.encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        each_function(&self.pools, |labels, function| {
            let counter = &mut submitted.encode_family(labels)?;
            counter.encode_counter::<NoLabelSet, _, u64>(&function.submitted, None)
        })?;
        let (name, help) = ("unblock_jobs", "Jobs that are over, by outcome");
        let mut ended = self.encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        each_function(&self.pools, |&[pool, name], function| {
            function.outcomes().by_name().iter().try_for_each(|&(outcome, count)| {
                let labels = [pool, name, ("outcome", outcome)];
                let counter = &mut ended.encode_family(&labels)?;
                counter.encode_counter::<NoLabelSet, _, u64>(&count, None)
            })
        })?;
        self.of_functions("unblock_jobs_queued", "Jobs that have not begun", |of| of.queued)?;
        self.of_functions("unblock_jobs_running", "Jobs that run", |of| of.running)?;
        let help = "Jobs that still run after their deadline";
        self.of_functions("unblock_jobs_abandoned", help, |of| of.abandoned)
    }

    fn times(&mut self) -> fmt::Result {
        let help = "How long jobs waited until they began, or until their deadline";
        self.histogram("unblock_job_wait", help, |function| &function.wait)?;
        self.histogram("unblock_job_run", "How long jobs ran", |function| &function.run)?;
        let (name, help) = ("unblock_job_run_seconds_max", "The longest run so far");
        self.of_functions(name, help, |function| function.run.max().as_secs_f64())
    }

    fn threads(&mut self) -> fmt::Result {
        let (name, help) = ("unblock_threads", "Worker threads, by what they do");
        let mut threads = self.encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for Reading { stats, workers, .. } in &self.pools {
            let states = [
                ("running", Activity::Running),
                ("asleep", Activity::Asleep),
                ("idle", Activity::Idle),
            ];
            for (state, activity) in states {
                let count = workers.iter().filter(|worker| worker.activity == activity).count();
                let labels = [("pool", stats.name.as_str()), ("state", state)];
                threads.encode_family(&labels)?.encode_gauge(&count)?;
            }
        }
        Ok(())
    }

    fn pools(&mut self) -> fmt::Result {
        let help = "Worker threads that there may be";
        self.of_pools("unblock_threads_max", help, |of| Some(of.max_threads))?;
        let help = "Workers that may compute at a time";
        self.of_pools("unblock_parallelism", help, |of| Some(of.parallelism))?;
        let help = "Jobs that the queue holds";
        self.of_pools("unblock_queue_capacity", help, |of| Some(of.queue_capacity))?;
        let help = "Jobs that wait for room in the queue";
        self.of_pools("unblock_queue_waiting", help, |of| Some(of.waiting))?;
        let help = "How long a job that computes would wait if it came now";
        self.of_pools("unblock_predicted_wait_seconds", help, |of| {
            of.predicted_wait.map(|wait| wait.as_secs_f64())
        })
    }

    fn loops(&mut self) -> fmt::Result {
        let loops: Vec<_> = watchdog::loops()
            .into_iter()
            .filter_map(|stats| Some((stats.number?.to_string(), stats)))
            .collect();
        let help = "How long a task that was woken waits until its event loop polls it";
        self.of_loops("unblock_loop_lag_seconds", help, &loops, |stats| stats.lag)?;
        let help = "The longest lag of the last 10 to 20 seconds";
        self.of_loops("unblock_loop_lag_seconds_max", help, &loops, |stats| stats.longest_lag)?;
        let (name, unit) = ("unblock_loop_busy", Some(&Unit::Seconds));
        let help = "Time for which event loops were awake";
        let mut busy = self.encoder.encode_descriptor(name, help, unit, MetricType::Counter)?;
        for (number, stats) in &loops {
            let labels = [("loop", number.as_str())];
            let counter = &mut busy.encode_family(&labels)?;
            counter.encode_counter::<NoLabelSet, _, u64>(&stats.busy.as_secs_f64(), None)?;
        }
        Ok(())
    }

    fn long_polls(&mut self) -> fmt::Result {
        let (name, help) = ("unblock_long_polls", "Polls of a request that held their loop");
        let mut polls = self.encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for route in watchdog::long_polls() {
            let labels = [("route", route.name.as_str())];
            let counter = &mut polls.encode_family(&labels)?;
            counter.encode_counter::<NoLabelSet, _, u64>(&route.count, None)?;
        }
        Ok(())
    }

    fn of_functions<V: EncodeGaugeValue>(
        &mut self,
        name: &str,
        help: &str,
        value: impl Fn(&FunctionStats) -> V,
    ) -> fmt::Result {
        let mut gauge = self.encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        each_function(&self.pools, |labels, function| {
            gauge.encode_family(labels)?.encode_gauge(&value(function))
        })
    }

    fn of_pools<V: EncodeGaugeValue>(
        &mut self,
        name: &str,
        help: &str,
        value: impl Fn(&Stats) -> Option<V>,
    ) -> fmt::Result {
        let mut gauge = self.encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for Reading { stats, .. } in &self.pools {
            let Some(value) = value(stats) else { continue };
            gauge.encode_family(&[("pool", stats.name.as_str())])?.encode_gauge(&value)?;
        }
        Ok(())
    }

    fn of_loops(
        &mut self,
        name: &str,
        help: &str,
        loops: &[(String, LoopStats)],
        value: impl Fn(&LoopStats) -> Option<Duration>,
    ) -> fmt::Result {
        let mut gauge = self.encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (number, stats) in loops {
            let value = value(stats).unwrap_or_default().as_secs_f64();
            gauge.encode_family(&[("loop", number.as_str())])?.encode_gauge(&value)?;
        }
        Ok(())
    }

    fn histogram(
        &mut self,
        name: &str,
        help: &str,
        of: impl Fn(&FunctionStats) -> &Histogram,
    ) -> fmt::Result {
        let (unit, kind) = (Some(&Unit::Seconds), MetricType::Histogram);
        let mut encoder = self.encoder.encode_descriptor(name, help, unit, kind)?;
        each_function(&self.pools, |labels, function| {
            encode_histogram(encoder.encode_family(labels)?, of(function))
        })
    }
}

/// The labels of a function in a pool.
type Labels<'a> = [(&'static str, &'a str); 2];

fn each_function(
    pools: &[Reading],
    mut encode: impl FnMut(&Labels<'_>, &FunctionStats) -> fmt::Result,
) -> fmt::Result {
    pools.iter().try_for_each(|Reading { stats, functions, .. }| {
        functions.iter().try_for_each(|function| {
            encode(&[("pool", &stats.name), ("function", function.name)], function)
        })
    })
}

fn encode_histogram(mut encoder: MetricEncoder<'_>, histogram: &Histogram) -> fmt::Result {
    let mut below = 0;
    let mut buckets: Vec<_> = POWERS
        .map(|power| {
            let end = Duration::from_nanos(1 << power);
            let count = histogram.count_below(end) - below;
            below += count;
            (end.as_secs_f64(), count)
        })
        .collect();
    buckets.push((f64::INFINITY, histogram.count() - below));
    let (sum, count) = (histogram.sum().as_secs_f64(), histogram.count());
    let none = None::<&HashMap<usize, Exemplar<NoLabelSet, f64>>>;
    encoder.encode_histogram(sum, count, &buckets, none)
}
