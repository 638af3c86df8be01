//! This project's pool and its peers, each under the runtimes that its users have.

use std::future::Future;
use std::thread::available_parallelism;
use std::time::Instant;

use tokio::runtime::{Builder, LocalOptions, Runtime, RuntimeMetrics};
use tokio::task::LocalSet;
use unblock_runtime::{EventLoop, Pool};

pub(crate) struct Contender {
    pub(crate) name: &'static str,
    /// Runs this number of callers, each with this number of jobs.
    pub(crate) run: fn(callers: usize, jobs: usize) -> Round,
}

pub(crate) struct Round {
    pub(crate) jobs_per_second: f64,
    pub(crate) p50_micros: f64,
    pub(crate) p99_micros: f64,
    /// Wake-ups of the loop's thread, divided by the number of jobs; `None` with several loops.
    pub(crate) wake_ups_per_job: Option<f64>,
}

/// The others are compared with the first.
pub(crate) const CONTENDERS: &[Contender] = &[
    Contender {
        name: "unblock, on an event loop",
        run: |callers, jobs| {
            let runtime = current_thread().build_local(LocalOptions::default()).expect("a runtime");
            let pool = Pool::global();
            let measured =
                runtime.block_on(
                    EventLoop::new().run(measure_local(callers, jobs, || pool.submit(|| ()))),
                );
            measured.with_wake_ups(&runtime.metrics(), callers * jobs)
        },
    },
    Contender {
        name: "unblock, tokio multi-thread",
        run: |callers, jobs| {
            let pool = Pool::global();
            multi_thread()
                .build()
                .expect("a runtime")
                .block_on(measure(callers, jobs, || pool.submit(|| ())))
        },
    },
    Contender {
        name: "tokio spawn_blocking, default (multi-thread)",
        run: |callers, jobs| {
            let runtime = multi_thread().build().expect("a runtime");
            runtime.block_on(measure(callers, jobs, || tokio::task::spawn_blocking(|| ())))
        },
    },
    Contender {
        name: "tokio spawn_blocking, multi-thread, a thread per core",
        run: |callers, jobs| {
            let runtime = multi_thread().max_blocking_threads(cores()).build().expect("a runtime");
            runtime.block_on(measure(callers, jobs, || tokio::task::spawn_blocking(|| ())))
        },
    },
    Contender {
        name: "tokio spawn_blocking, current-thread, a thread per core",
        run: |callers, jobs| {
            let runtime =
                current_thread().max_blocking_threads(cores()).build().expect("a runtime");
            on_current_thread(&runtime, callers, jobs, || tokio::task::spawn_blocking(|| ()))
        },
    },
    Contender {
        name: "blocking::unblock, current-thread",
        run: |callers, jobs| {
            let runtime = current_thread().build().expect("a runtime");
            on_current_thread(&runtime, callers, jobs, || blocking::unblock(|| ()))
        },
    },
    Contender {
        name: "blocking::unblock, multi-thread",
        run: |callers, jobs| {
            let runtime = multi_thread().build().expect("a runtime");
            runtime.block_on(measure(callers, jobs, || blocking::unblock(|| ())))
        },
    },
    Contender {
        name: "rayon + oneshot, current-thread",
        run: |callers, jobs| {
            let runtime = current_thread().build().expect("a runtime");
            on_current_thread(&runtime, callers, jobs, rayon_job)
        },
    },
    Contender {
        name: "rayon + oneshot, local runtime",
        run: |callers, jobs| {
            let runtime = current_thread().build_local(LocalOptions::default()).expect("a runtime");
            let measured = runtime.block_on(measure_local(callers, jobs, rayon_job));
            measured.with_wake_ups(&runtime.metrics(), callers * jobs)
        },
    },
    Contender {
        name: "rayon + oneshot, multi-thread",
        run: |callers, jobs| {
            let runtime = multi_thread().build().expect("a runtime");
            runtime.block_on(measure(callers, jobs, rayon_job))
        },
    },
];

fn rayon_job() -> tokio::sync::oneshot::Receiver<()> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    rayon::spawn(move || {
        let _ = sender.send(());
    });
    receiver
}

fn current_thread() -> Builder {
    let mut builder = Builder::new_current_thread();
    builder.enable_all();
    builder
}

fn multi_thread() -> Builder {
    let mut builder = Builder::new_multi_thread();
    builder.enable_all();
    builder
}

fn cores() -> usize {
    available_parallelism().map_or(1, Into::into)
}

fn on_current_thread<J: Future + 'static>(
    runtime: &Runtime,
    callers: usize,
    jobs: usize,
    submit: impl Fn() -> J + Copy + 'static,
) -> Round {
    let measured = LocalSet::new().block_on(runtime, measure_local(callers, jobs, submit));
    measured.with_wake_ups(&runtime.metrics(), callers * jobs)
}

/// Runs the callers as tasks of the one thread.
async fn measure_local<J: Future + 'static>(
    callers: usize,
    jobs: usize,
    submit: impl Fn() -> J + Copy + 'static,
) -> Round {
    let start = Instant::now();
    let callers: Vec<_> =
        (0..callers).map(|_| tokio::task::spawn_local(call(jobs, submit))).collect();
    let mut latencies = Vec::new();
    for caller in callers {
        latencies.extend(caller.await.expect("a caller"));
    }
    Round::new(start, latencies)
}

/// Runs the callers as tasks that move between threads.
async fn measure<J: Future + Send + 'static>(
    callers: usize,
    jobs: usize,
    submit: impl Fn() -> J + Copy + Send + 'static,
) -> Round {
    let start = Instant::now();
    let callers: Vec<_> = (0..callers).map(|_| tokio::spawn(call(jobs, submit))).collect();
    let mut latencies = Vec::new();
    for caller in callers {
        latencies.extend(caller.await.expect("a caller"));
    }
    Round::new(start, latencies)
}

async fn call<J: Future>(jobs: usize, submit: impl Fn() -> J) -> Vec<u64> {
    let mut latencies = Vec::with_capacity(jobs);
    for _ in 0..jobs {
        let start = Instant::now();
        submit().await;
        latencies.push(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
    latencies
}

#[expect(clippy::cast_precision_loss, reason = "figures of a benchmark")]
impl Round {
    fn new(start: Instant, mut latencies: Vec<u64>) -> Self {
        let elapsed = start.elapsed();
        latencies.sort_unstable();
        let percentile =
            |percent: usize| latencies[(latencies.len() - 1) * percent / 100] as f64 / 1000.0;
        Self {
            jobs_per_second: latencies.len() as f64 / elapsed.as_secs_f64(),
            p50_micros: percentile(50),
            p99_micros: percentile(99),
            wake_ups_per_job: None,
        }
    }

    fn with_wake_ups(mut self, metrics: &RuntimeMetrics, jobs: usize) -> Self {
        let parked = metrics.worker_park_count(0);
        self.wake_ups_per_job = Some(parked as f64 / jobs as f64);
        self
    }
}
