//! A job's way to a worker and back. The jobs are empty, so that nothing else is measured.
//!
//! ```text
//! cargo bench -p unblock-benches --bench round_trip
//! cargo bench -p unblock-benches --bench round_trip -- --callers 64 --only unblock
//! ```
//!
//! Callers are tasks of one runtime. Each submits an empty job, awaits it, and submits the next.
//! All contenders run in turn in each round, so that a machine that changes its speed changes it
//! for all; the table has the medians of the rounds. Peers run at their defaults, and as their
//! documentation recommends.

mod contender;

use clap::Parser;
use contender::{CONTENDERS, Round};
use unblock_benches::figures::{print_columns, print_row};
use unblock_benches::{Row, print_heading, take_turns};

#[derive(Parser)]
struct Args {
    /// Callers at a time; each value makes a table
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8, 64, 1024])]
    callers: Vec<usize>,
    /// Jobs of each round and contender; a fifth of it with one caller
    #[arg(long, default_value_t = 100_000)]
    jobs: usize,
    /// Rounds, of which the table shows the medians
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Measure only the contenders whose name contains this text
    #[arg(long, default_value = "")]
    only: String,
    /// Passed by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let args = Args::parse();
    print_heading();
    let contenders: Vec<_> = CONTENDERS.iter().filter(|c| c.name.contains(&args.only)).collect();
    let names: Vec<_> = contenders.iter().map(|contender| contender.name).collect();
    for &callers in &args.callers {
        let jobs = if callers == 1 { args.jobs / 5 } else { args.jobs };
        let rows = take_turns(args.rounds, &names, |_, contender| {
            (contenders[contender].run)(callers, jobs / callers)
        });
        print_table(callers, args.rounds, &rows);
    }
}

fn print_table(callers: usize, rounds: usize, rows: &[Row<Round>]) {
    println!("\n{callers} callers, medians of {rounds} rounds\n");
    print_columns(&["contender", "jobs/s", "ratio", "p50 µs", "p99 µs", "loop wake-ups per job"]);
    let jobs_per_second = |row: &Row<Round>| row.median(|round| round.jobs_per_second);
    let Some(first) = rows.first() else { return };
    for row in rows {
        print_row(&format!(
            "| {} | {:.0} | {:.2} | {:.1} | {:.1} | {:.3} |",
            row.name,
            jobs_per_second(row),
            jobs_per_second(first) / jobs_per_second(row),
            row.median(|round| round.p50_micros),
            row.median(|round| round.p99_micros),
            row.median(|round| round.wake_ups_per_job.unwrap_or(f64::NAN)),
        ));
    }
}
