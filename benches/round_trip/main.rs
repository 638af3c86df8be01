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
use contender::{CONTENDERS, Contender, Round};
use unblock_benches::figures::{median, print_columns};
use unblock_benches::print_heading;

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
    for &callers in &args.callers {
        let jobs = if callers == 1 { args.jobs / 5 } else { args.jobs };
        let mut rounds: Vec<Vec<Round>> = contenders.iter().map(|_| Vec::new()).collect();
        for _ in 0..args.rounds {
            for (contender, rounds) in contenders.iter().zip(&mut rounds) {
                rounds.push((contender.run)(callers, jobs / callers));
            }
        }
        print_table(callers, &contenders, &rounds);
    }
}

fn print_table(callers: usize, contenders: &[&Contender], rounds: &[Vec<Round>]) {
    println!("\n{callers} callers, medians of {} rounds\n", rounds.first().map_or(0, Vec::len));
    print_columns(&["contender", "jobs/s", "ratio", "p50 µs", "p99 µs", "loop wake-ups per job"]);
    let ours =
        rounds.first().map_or(f64::NAN, |rounds| median(rounds, |round| round.jobs_per_second));
    for (contender, rounds) in contenders.iter().zip(rounds) {
        let jobs_per_second = median(rounds, |round| round.jobs_per_second);
        let wake_ups = match rounds[0].wake_ups_per_job {
            Some(_) => {
                format!("{:.3}", median(rounds, |round| round.wake_ups_per_job.unwrap_or(f64::NAN)))
            }
            None => "-".to_owned(),
        };
        println!(
            "| {} | {jobs_per_second:.0} | {:.2} | {:.1} | {:.1} | {wake_ups} |",
            contender.name,
            ours / jobs_per_second,
            median(rounds, |round| round.p50_micros),
            median(rounds, |round| round.p99_micros),
        );
    }
}
