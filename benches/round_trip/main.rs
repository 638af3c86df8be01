//! A job's way to a worker and back: empty jobs, so that nothing but the way is measured.
//!
//! ```text
//! cargo bench -p unblock-benches --bench round_trip
//! cargo bench -p unblock-benches --bench round_trip -- --callers 64 --only unblock
//! ```
//!
//! A number of callers, tasks of one runtime, each submit an empty job, await it, and submit the next. All contenders run
//! in turn in each round, so that a machine that changes its speed changes it for all; the table has the median of the
//! rounds. Peers run at their defaults and at what their documentation recommends.

mod contender;

use clap::Parser;
use contender::{CONTENDERS, Contender, Round};

#[derive(Parser)]
struct Options {
    /// How many callers at a time; several values make several tables.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8, 64, 1024])]
    callers: Vec<usize>,
    /// Jobs of one round and contender; at one caller a fifth of it.
    #[arg(long, default_value_t = 100_000)]
    jobs: usize,
    /// Rounds, of which the medians are taken.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Only contenders whose name contains this text.
    #[arg(long, default_value = "")]
    only: String,
    /// Passed by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let options = Options::parse();
    let contenders: Vec<_> = CONTENDERS.iter().filter(|c| c.name.contains(&options.only)).collect();
    for &callers in &options.callers {
        let jobs = if callers == 1 { options.jobs / 5 } else { options.jobs };
        let mut rounds: Vec<Vec<Round>> = contenders.iter().map(|_| Vec::new()).collect();
        for _ in 0..options.rounds {
            for (contender, rounds) in contenders.iter().zip(&mut rounds) {
                rounds.push((contender.run)(callers, jobs / callers));
            }
        }
        print_table(callers, &contenders, &rounds);
    }
}

fn print_table(callers: usize, contenders: &[&Contender], rounds: &[Vec<Round>]) {
    println!("\n{callers} callers, medians of {} rounds\n", rounds.first().map_or(0, Vec::len));
    println!("| contender | jobs/s | ratio | p50 µs | p99 µs | loop wake-ups per job |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
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

fn median(rounds: &[Round], figure: impl Fn(&Round) -> f64) -> f64 {
    let mut figures: Vec<f64> = rounds.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
