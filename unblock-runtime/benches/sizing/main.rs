//! How well one pool, at its defaults, keeps the cores busy with jobs that compute, jobs that sleep, and both at once.
//!
//! ```text
//! cargo bench -p unblock-runtime --bench sizing
//! ```
//!
//! Each case runs on a new pool. The ideal is arithmetic: what computes needs its time divided by the cores, what sleeps
//! needs the time of one. A job computes until its own thread has used the given CPU time, so a core that is taken away
//! counts against the pool as it does against its users. All cases run in turn in each round; the table has medians.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{available_parallelism, sleep};
use std::time::{Duration, Instant};

use clap::Parser;
use tokio::runtime::{Builder, Runtime};
use unblock_runtime::{Pool, Submission};

#[derive(Parser)]
struct Options {
    /// Rounds, of which the medians are taken.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Passed by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

struct Case {
    name: &'static str,
    ideal: fn(cores: u32) -> Duration,
    run: fn(&Runtime) -> Outcome,
}

#[derive(Clone, Copy)]
struct Outcome {
    elapsed: Duration,
    /// The most jobs that computed at a time.
    most_computing: usize,
    threads: usize,
}

const COMPUTE: Duration = Duration::from_millis(20);
const SLEEP: Duration = Duration::from_secs(1);

const CASES: &[Case] = &[
    Case {
        name: "64 × compute 20 ms",
        ideal: |cores| COMPUTE * 64 / cores,
        run: |runtime| measure(runtime, |pool, gauge| submit_all(pool, 64, gauge, computing)),
    },
    Case {
        name: "500 × sleep 1 s, from cold",
        ideal: |_| SLEEP,
        run: |runtime| measure(runtime, |pool, gauge| submit_all(pool, 500, gauge, |_| sleep(SLEEP))),
    },
    Case {
        name: "both at once: the last to compute",
        ideal: |cores| COMPUTE * 64 / cores,
        run: |runtime| {
            measure(runtime, |pool, gauge| {
                submit_all(pool, 500, gauge, |_| sleep(SLEEP)).into_iter().for_each(Submission::detach);
                submit_all(pool, 64, gauge, computing)
            })
        },
    },
    Case {
        name: "both at once: the last to sleep",
        ideal: |_| SLEEP,
        run: |runtime| {
            measure(runtime, |pool, gauge| {
                submit_all(pool, 64, gauge, computing).into_iter().for_each(Submission::detach);
                submit_all(pool, 500, gauge, |_| sleep(SLEEP))
            })
        },
    },
    Case {
        name: "64 × compute 10 ms, sleep 10 ms, compute 10 ms",
        ideal: |cores| COMPUTE * 64 / cores,
        run: |runtime| {
            measure(runtime, |pool, gauge| {
                submit_all(pool, 64, gauge, |gauge| {
                    gauge.compute(COMPUTE / 2);
                    sleep(COMPUTE / 2);
                    gauge.compute(COMPUTE / 2);
                })
            })
        },
    },
];

fn main() {
    let options = Options::parse();
    let cores = u32::try_from(available_parallelism().map_or(1, Into::into)).expect("a number of cores");
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let mut outcomes: Vec<Vec<Outcome>> = CASES.iter().map(|_| Vec::new()).collect();
    for _ in 0..options.rounds {
        for (case, outcomes) in CASES.iter().zip(&mut outcomes) {
            outcomes.push((case.run)(&runtime));
        }
    }
    println!("\n{cores} cores, medians of {} rounds\n", options.rounds);
    println!("| jobs | ideal | took | ratio | most computing at once | threads |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    for (case, outcomes) in CASES.iter().zip(&mut outcomes) {
        outcomes.sort_by_key(|outcome| outcome.elapsed);
        let (ideal, took) = ((case.ideal)(cores), outcomes[outcomes.len() / 2].elapsed);
        println!(
            "| {} | {:.0?} | {:.0?} | {:.3} | {} | {} |",
            case.name,
            ideal,
            took,
            took.as_secs_f64() / ideal.as_secs_f64(),
            outcomes.iter().map(|outcome| outcome.most_computing).max().unwrap_or(0),
            outcomes.iter().map(|outcome| outcome.threads).max().unwrap_or(0),
        );
    }
    println!("\n{}", retirement(&runtime));
}

/// From the submission of the first to the end of the last of the jobs that `submit` returns.
fn measure(runtime: &Runtime, submit: impl Fn(&Pool, &Arc<Gauge>) -> Vec<Submission<()>>) -> Outcome {
    let pool = Pool::builder().build().expect("a pool");
    let gauge = Arc::new(Gauge::default());
    let start = Instant::now();
    let jobs = submit(&pool, &gauge);
    let elapsed = runtime.block_on(async {
        for job in jobs {
            job.await.expect("a job's value");
        }
        start.elapsed()
    });
    let threads = pool.stats().threads;
    runtime.block_on(pool.shutdown(Duration::from_secs(10)));
    Outcome { elapsed, most_computing: gauge.most.load(Ordering::SeqCst), threads }
}

fn submit_all(pool: &Pool, jobs: usize, gauge: &Arc<Gauge>, work: fn(&Gauge)) -> Vec<Submission<()>> {
    let submit = |_| {
        let gauge = Arc::clone(gauge);
        pool.submit(move || work(&gauge))
    };
    (0..jobs).map(submit).collect()
}

fn computing(gauge: &Gauge) {
    gauge.compute(COMPUTE);
}

/// How many jobs compute.
#[derive(Default)]
struct Gauge {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Gauge {
    fn compute(&self, time: Duration) {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        let until = thread_time() + time;
        while thread_time() < until {
            std::hint::spin_loop();
        }
        self.now.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The CPU time that this thread has used.
fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("a time since the thread's start")
}

/// How long after the last of many sleeping jobs the pool is back at its parallelism.
fn retirement(runtime: &Runtime) -> String {
    let keep_alive = Duration::from_millis(500);
    let pool = Pool::builder().keep_alive(keep_alive).build().expect("a pool");
    let jobs: Vec<_> = (0..200).map(|_| pool.submit(|| sleep(Duration::from_millis(200)))).collect();
    runtime.block_on(async {
        for job in jobs {
            job.await.expect("a job's value");
        }
    });
    let (start, grown) = (Instant::now(), pool.stats().threads);
    while pool.stats().threads > pool.stats().parallelism && start.elapsed() < Duration::from_secs(30) {
        sleep(Duration::from_millis(1));
    }
    let (threads, parallelism) = (pool.stats().threads, pool.stats().parallelism);
    format!(
        "With keep_alive {keep_alive:?}: from {grown} threads to {threads} (parallelism {parallelism}) in {:.0?}.",
        start.elapsed()
    )
}
