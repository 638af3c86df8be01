//! The time that one pool, at its defaults, takes for computing jobs, for blocking jobs, and for
//! both at once, compared with the ideal.
//!
//! ```text
//! cargo bench -p unblock-benches --bench sizing
//! ```
//!
//! Each case runs on a new pool, in a process of its own. The ideal is arithmetic: computing jobs
//! need the sum of their times divided by the cores, and blocking jobs that sleep need the time of
//! one. A job computes until its own thread has used the given CPU time, so a core that is taken
//! away counts against the pool as it does against its users. All cases run in turn in each round;
//! the table has the medians.
//!
//! A pool learns which jobs block. "From cold", no job of these types has run in the process; in
//! the other cases all have run once. In "both at once", the jobs that are timed were submitted
//! last. Boxed closures are all of one type, so the pool cannot tell those that compute from those
//! that sleep.
//!
//! Then callers make short calls that sleep, one after the other, on a pool and on tokio's threads
//! for blocking functions: there is no ideal for what the system takes to wake up so many threads.

mod callers;

use std::env;
use std::future::Future;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{available_parallelism, sleep};
use std::time::{Duration, Instant};

use clap::Parser;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use unblock_benches::figures::print_columns;
use unblock_benches::{print_heading, take_turns};
use unblock_runtime::{Pool, unblock};

#[derive(Parser)]
struct Args {
    /// Rounds, of which the table shows the medians
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Run the case of this number, once, and print its outcome: what runs in the processes
    #[arg(long, hide = true)]
    case: Option<usize>,
    /// Have callers make calls of this time, once, and print what they took: the same
    #[arg(long, hide = true)]
    callers: Option<usize>,
    /// Begin with tokio
    #[arg(long, hide = true)]
    tokio_first: bool,
    /// Passed by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

struct Case {
    name: &'static str,
    /// A warm case runs twice, and the second time counts.
    warm: bool,
    ideal: fn(cores: u32) -> Duration,
    run: fn(&Runtime) -> Outcome,
}

#[derive(Clone, Copy)]
struct Outcome {
    elapsed: Duration,
    /// Largest number of jobs that computed at a time.
    most_computing: usize,
    threads: usize,
}

const COMPUTE: Duration = Duration::from_millis(20);
const SLEEP: Duration = Duration::from_secs(1);
/// Of jobs that sleep first, and then compute.
const REST: Duration = Duration::from_millis(30);
const SHORT: Duration = Duration::from_millis(5);

const CASES: &[Case] = &[
    Case {
        name: "64 × compute 20 ms, from cold",
        warm: false,
        ideal: |cores| COMPUTE * 64 / cores,
        run: |runtime| measure(runtime, |jobs, tasks, _| jobs.spawn(64, tasks, Jobs::compute)),
    },
    Case {
        name: "64 × compute 20 ms",
        warm: true,
        ideal: |cores| COMPUTE * 64 / cores,
        run: |runtime| measure(runtime, |jobs, tasks, _| jobs.spawn(64, tasks, Jobs::compute)),
    },
    Case {
        name: "500 × sleep 1 s, from cold",
        warm: false,
        ideal: |_| SLEEP,
        run: |runtime| measure(runtime, |jobs, tasks, _| jobs.spawn(500, tasks, Jobs::sleep)),
    },
    Case {
        name: "500 × sleep 1 s",
        warm: true,
        ideal: |_| SLEEP,
        run: |runtime| measure(runtime, |jobs, tasks, _| jobs.spawn(500, tasks, Jobs::sleep)),
    },
    Case {
        name: "both at once: the last to compute, from cold",
        warm: false,
        ideal: |cores| COMPUTE * 64 / cores,
        run: compute_last,
    },
    Case {
        name: "both at once: the last to compute",
        warm: true,
        ideal: |cores| COMPUTE * 64 / cores,
        run: compute_last,
    },
    Case {
        name: "both at once: the last to sleep, from cold",
        warm: false,
        ideal: |_| SLEEP,
        run: sleep_last,
    },
    Case { name: "both at once: the last to sleep", warm: true, ideal: |_| SLEEP, run: sleep_last },
    Case {
        name: "64 × compute 10 ms, sleep 10 ms, compute 10 ms",
        warm: true,
        ideal: |cores| COMPUTE * 64 / cores,
        run: |runtime| measure(runtime, |jobs, tasks, _| jobs.spawn(64, tasks, Jobs::alternate)),
    },
    Case {
        name: "400 × sleep 30 ms, compute 5 ms, from cold",
        warm: false,
        ideal: |cores| REST + SHORT * 400 / cores,
        run: |runtime| {
            measure(runtime, |jobs, tasks, _| jobs.spawn(400, tasks, Jobs::compute_after_rest))
        },
    },
    Case {
        name: "448 × sleep 1 s, 64 × compute 20 ms in between, boxed, from cold",
        warm: false,
        ideal: |cores| SLEEP.max(COMPUTE * 64 / cores),
        run: |runtime| {
            measure(runtime, |jobs, tasks, _| {
                (0..512).for_each(|number| _ = tasks.spawn(jobs.boxed(number % 8 == 0)));
            })
        },
    },
];

fn compute_last(runtime: &Runtime) -> Outcome {
    measure(runtime, |jobs, tasks, others| {
        jobs.spawn(500, others, Jobs::sleep);
        jobs.spawn(64, tasks, Jobs::compute);
    })
}

fn sleep_last(runtime: &Runtime) -> Outcome {
    measure(runtime, |jobs, tasks, others| {
        jobs.spawn(64, others, Jobs::compute);
        jobs.spawn(500, tasks, Jobs::sleep);
    })
}

fn main() {
    let args = Args::parse();
    let cores =
        u32::try_from(available_parallelism().map_or(1, Into::into)).expect("a number of cores");
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    if let Some(number) = args.callers {
        return callers::run(&runtime, number, args.tokio_first);
    }
    if let Some(number) = args.case {
        let case = &CASES[number];
        if case.warm {
            (case.run)(&runtime);
        }
        return (case.run)(&runtime).print();
    }
    let names: Vec<_> = CASES.iter().map(|case| case.name).collect();
    let mut rows = take_turns(args.rounds, &names, |_, case| Outcome::of_process(case));
    let callers = callers::measure_all(args.rounds);
    print_heading();
    println!("\n{cores} cores, medians of {} rounds\n", args.rounds);
    print_columns(&[
        "jobs",
        "ideal ms",
        "took ms",
        "ratio",
        "worst",
        "most computing at once",
        "threads",
    ]);
    for (case, row) in CASES.iter().zip(&mut rows) {
        let outcomes = &mut row.rounds;
        outcomes.sort_by_key(|outcome| outcome.elapsed);
        let (ideal, took) = ((case.ideal)(cores), outcomes[outcomes.len() / 2].elapsed);
        let worst = outcomes[outcomes.len() - 1].elapsed;
        println!(
            "| {} | {} | {} | {:.3} | {:.3} | {} | {} |",
            case.name,
            ideal.as_millis(),
            took.as_millis(),
            took.as_secs_f64() / ideal.as_secs_f64(),
            worst.as_secs_f64() / ideal.as_secs_f64(),
            outcomes.iter().map(|outcome| outcome.most_computing).max().unwrap_or(0),
            outcomes.iter().map(|outcome| outcome.threads).max().unwrap_or(0),
        );
    }
    callers::print(&callers);
    println!("\n{}", retirement(&runtime));
}

impl Outcome {
    /// Runs the case of this number in a process of its own; returns its outcome.
    fn of_process(number: usize) -> Self {
        let [micros, most_computing, threads] = figures(&["--case", &number.to_string()]);
        Self {
            elapsed: Duration::from_micros(micros.into()),
            most_computing: most_computing as usize,
            threads: threads as usize,
        }
    }

    /// Prints the outcome for the process that has started this one.
    fn print(self) {
        println!("{} {} {}", self.elapsed.as_micros(), self.most_computing, self.threads);
    }
}

/// Runs this program with these arguments; returns the figures that it prints.
fn figures<const N: usize>(arguments: &[&str]) -> [u32; N] {
    let program = env::current_exe().expect("this program's path");
    let output = Command::new(program).args(arguments).output().expect("a process");
    let text = String::from_utf8(output.stdout).expect("a text");
    let figures = text.split_whitespace().map(|figure| figure.parse().expect("a figure"));
    figures.collect::<Vec<_>>().try_into().expect("so many figures")
}

/// Measures the time from the first submission to the end of the last job in the first set. The
/// jobs in the second set are not timed.
fn measure(
    runtime: &Runtime,
    submit: impl Fn(&Jobs, &mut JoinSet<()>, &mut JoinSet<()>),
) -> Outcome {
    let jobs = Jobs { pool: Pool::builder().build().expect("a pool"), computing: Arc::default() };
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
    Outcome { elapsed, most_computing: jobs.computing.most.load(Ordering::SeqCst), threads }
}

#[derive(Clone)]
struct Jobs {
    pool: Pool,
    computing: Arc<Computing>,
}

impl Jobs {
    /// Spawns a task for each call. The jobs are submitted in order, once all tasks are spawned.
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
        self.computing.compute(COMPUTE);
    }

    #[unblock(pool = self.pool)]
    fn sleep(self) {
        sleep(SLEEP);
    }

    #[unblock(pool = self.pool)]
    fn compute_after_rest(self) {
        sleep(REST);
        self.computing.compute(SHORT);
    }

    /// A job of the one type that all boxed closures have.
    fn boxed(&self, computes: bool) -> impl Future<Output = ()> + Send + use<> {
        let Self { pool, computing } = self.clone();
        let job: Box<dyn FnOnce() + Send> = if computes {
            Box::new(move || computing.compute(COMPUTE))
        } else {
            Box::new(|| sleep(SLEEP))
        };
        async move { pool.submit(job).await.expect("the job's value") }
    }

    #[unblock(pool = self.pool)]
    fn alternate(self) {
        self.computing.compute(COMPUTE / 2);
        sleep(COMPUTE / 2);
        self.computing.compute(COMPUTE / 2);
    }
}

/// Counts the jobs that compute.
#[derive(Default)]
struct Computing {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Computing {
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

/// CPU time that this thread has used.
fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("a time since the thread's start")
}

/// Measures how long after the last of many blocking jobs the pool is back at its parallelism.
fn retirement(runtime: &Runtime) -> String {
    let keep_alive = Duration::from_millis(500);
    let pool = Pool::builder().keep_alive(keep_alive).build().expect("a pool");
    let jobs: Vec<_> =
        (0..200).map(|_| pool.submit(|| sleep(Duration::from_millis(200)))).collect();
    runtime.block_on(async {
        for job in jobs {
            job.await.expect("a job's value");
        }
    });
    let (start, grown) = (Instant::now(), pool.stats().threads);
    while pool.stats().threads > pool.stats().parallelism
        && start.elapsed() < Duration::from_secs(30)
    {
        sleep(Duration::from_millis(1));
    }
    let (threads, parallelism) = (pool.stats().threads, pool.stats().parallelism);
    format!(
        "With keep_alive {keep_alive:?}: from {grown} threads to {threads} \
         (parallelism {parallelism}) in {:.0?}.",
        start.elapsed()
    )
}
