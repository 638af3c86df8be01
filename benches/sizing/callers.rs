//! Callers that make short calls one after the other, each of which sleeps, on a new pool and on
//! tokio's threads for blocking functions.

use std::future::Future;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::task::{JoinSet, spawn_blocking};
use unblock_benches::figures::print_columns;
use unblock_benches::{Row, take_turns};
use unblock_runtime::{Pool, unblock};

use crate::figures;

const CALLERS: u32 = 256;

/// Calls, and the time that each sleeps.
const CALLS: [(&str, Duration); 3] = [
    ("sleep 300µs", Duration::from_micros(300)),
    ("sleep 1ms", Duration::from_millis(1)),
    ("sleep 3ms", Duration::from_millis(3)),
];

/// Time that the calls of one caller sleep in total.
const TOTAL: Duration = Duration::from_millis(100);

/// The microseconds that the calls took.
pub(crate) struct Round {
    ours: f64,
    tokio: f64,
}

/// Runs the calls of this number on both, and prints the microseconds that they took: ours first.
pub(crate) fn run(runtime: &Runtime, number: usize, tokio_first: bool) {
    let (_, time) = CALLS[number];
    let ours = || {
        let pool = Pool::builder().build().expect("a pool");
        measure(runtime, time, move || rest(pool.clone(), time))
    };
    let tokio = || {
        measure(runtime, time, move || async move {
            spawn_blocking(move || sleep(time)).await.expect("the job's value");
        })
    };
    let (ours, tokio) = if tokio_first {
        let tokio = tokio();
        (ours(), tokio)
    } else {
        (ours(), tokio())
    };
    println!("{} {}", ours.as_micros(), tokio.as_micros());
}

#[unblock(pool = pool)]
fn rest(pool: Pool, time: Duration) {
    sleep(time);
}

/// Measures the time until all callers have made their calls.
fn measure<F: Future<Output = ()> + Send + 'static>(
    runtime: &Runtime,
    time: Duration,
    call: impl Fn() -> F + Clone + Send + 'static,
) -> Duration {
    runtime.block_on(async {
        let (start, mut callers) = (Instant::now(), JoinSet::new());
        for _ in 0..CALLERS {
            let call = call.clone();
            callers.spawn(async move {
                for _ in 0..calls_of_each(time) {
                    call().await;
                }
            });
        }
        callers.join_all().await;
        start.elapsed()
    })
}

fn calls_of_each(time: Duration) -> u32 {
    u32::try_from(TOTAL.as_micros() / time.as_micros()).expect("a number of calls")
}

/// Measures all calls in each round, each in a process of its own. Who is first changes by the
/// round.
pub(crate) fn measure_all(rounds: usize) -> Vec<Row<Round>> {
    take_turns(rounds, &CALLS.map(|(name, _)| name), |round, number| {
        let number = number.to_string();
        let mut arguments = vec!["--callers", &number];
        if round % 2 == 1 {
            arguments.push("--tokio-first");
        }
        let [ours, tokio] = figures(&arguments).map(f64::from);
        Round { ours, tokio }
    })
}

pub(crate) fn print(rows: &[Row<Round>]) {
    println!("\n{CALLERS} callers, each of which sleeps for {TOTAL:?} in total, from cold\n");
    print_columns(&[
        "calls",
        "ideal calls/s",
        "ours calls/s",
        "tokio's calls/s",
        "ours ÷ tokio's",
        "worst",
    ]);
    for ((_, time), row) in CALLS.iter().zip(rows) {
        let calls = f64::from(CALLERS * calls_of_each(*time));
        let per_second = |micros: f64| calls / micros * 1e6;
        let ratio = |round: &Round| round.tokio / round.ours;
        println!(
            "| {} | {:.0} | {:.0} | {:.0} | {:.3} | {:.3} |",
            row.name,
            f64::from(CALLERS) / time.as_secs_f64(),
            row.median(|round| per_second(round.ours)),
            row.median(|round| per_second(round.tokio)),
            row.median(ratio),
            row.rounds.iter().map(ratio).fold(f64::INFINITY, f64::min),
        );
    }
}
