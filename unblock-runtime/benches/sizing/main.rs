//! How well one pool, at its defaults, keeps the cores busy with jobs that compute, jobs that sleep, and both at once.
//!
//! ```text
//! cargo bench -p unblock-runtime --bench sizing
//! ```
//!
//! Each case runs on a new pool. The ideal is arithmetic: what computes needs its time divided by the cores, what sleeps
//! needs the time of one. A job computes until its own thread has used the given CPU time, so a core that is taken away
//! counts against the pool as it does against its users. All cases run in turn in each round; the table has medians.
//!
//! The jobs are calls of annotated functions, of which the pool knows whether they sleep when they have run before. "From
//! cold" they are closures, of which it never knows. In "both at once" those that are timed were submitted last.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{available_parallelism, sleep};
use std::time::{Duration, Instant};

use clap::Parser;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use unblock_runtime::{Pool, unblock};

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
        run: |runtime| measure(runtime, |jobs, tasks, _| jobs.spawn(64, tasks, Jobs::compute)),
    },
    Case {
        name: "500 × sleep 1 s, from cold",
        ideal: |_| SLEEP,
        run: |runtime| measure(runtime, |jobs, tasks, _| jobs.spawn(500, tasks, Jobs::sleep_unknown)),
    },
    Case {
        name: "500 × sleep 1 s",
        ideal: |_| SLEEP,
        run: |runtime| measure(runtime, |jobs, tasks, _| jobs.spawn(500, tasks, Jobs::sleep)),
    },
    Case {
        name: "both at once: the last to compute",
        ideal: |cores| COMPUTE * 64 / cores,
        run: |runtime| {
            measure(runtime, |jobs, tasks, others| {
                jobs.spawn(500, others, Jobs::sleep);
                jobs.spawn(64, tasks, Jobs::compute);
            })
        },
    },
    Case {
        name: "both at once: the last to sleep",
        ideal: |_| SLEEP,
        run: |runtime| {
            measure(runtime, |jobs, tasks, others| {
                jobs.spawn(64, others, Jobs::compute);
                jobs.spawn(500, tasks, Jobs::sleep);
            })
        },
    },
    Case {
        name: "both at once: the last to sleep, from cold",
        ideal: |_| SLEEP,
        run: |runtime| {
            measure(runtime, |jobs, tasks, others| {
                jobs.spawn(64, others, Jobs::compute);
                jobs.spawn(500, tasks, Jobs::sleep_unknown);
            })
        },
    },
    Case {
        name: "64 × compute 10 ms, sleep 10 ms, compute 10 ms",
        ideal: |cores| COMPUTE * 64 / cores,
        run: |runtime| measure(runtime, |jobs, tasks, _| jobs.spawn(64, tasks, Jobs::alternate)),
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

/// From the submission of the first to the end of the last of the jobs that `submit` puts into the first set.
fn measure(runtime: &Runtime, submit: impl Fn(&Jobs, &mut JoinSet<()>, &mut JoinSet<()>)) -> Outcome {
    let jobs = Jobs { pool: Pool::builder().build().expect("a pool"), gauge: Arc::default() };
    let elapsed = runtime.block_on(async {
        let (start, mut tasks, mut others) = (Instant::now(), JoinSet::new(), JoinSet::new());
        submit(&jobs, &mut tasks, &mut others);
        while let Some(ended) = tasks.join_next().await {
            ended.expect("a job's value");
        }
        let elapsed = start.elapsed();
        others.join_all().await;
        elapsed
    });
    let threads = jobs.pool.stats().threads;
    runtime.block_on(jobs.pool.shutdown(Duration::from_secs(10)));
    Outcome { elapsed, most_computing: jobs.gauge.most.load(Ordering::SeqCst), threads }
}

#[derive(Clone)]
struct Jobs {
    pool: Pool,
    gauge: Arc<Gauge>,
}

impl Jobs {
    /// Each call is a task, so they are submitted in order, when all have been spawned.
    fn spawn<F: Future<Output = ()> + Send + 'static>(
        &self,
        calls: usize,
        tasks: &mut JoinSet<()>,
        call: impl Fn(Self) -> F,
    ) {
        for _ in 0..calls {
            tasks.spawn(call(self.clone()));
        }
    }

    #[unblock(pool = self.pool)]
    fn compute(self) {
        self.gauge.compute(COMPUTE);
    }

    #[unblock(pool = self.pool)]
    fn sleep(self) {
        sleep(SLEEP);
    }

    async fn sleep_unknown(self) {
        self.pool.submit(|| sleep(SLEEP)).await.expect("a job's value");
    }

    #[unblock(pool = self.pool)]
    fn alternate(self) {
        self.gauge.compute(COMPUTE / 2);
        sleep(COMPUTE / 2);
        self.gauge.compute(COMPUTE / 2);
    }
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
