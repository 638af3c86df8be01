//! What a light request waits for while other handlers compute, or sleep.
//!
//! ```text
//! cargo bench -p unblock-benches --bench light_under_load
//! cargo bench -p unblock-benches --bench light_under_load -- --sleep
//! ```
//!
//! Each contender is a server in a process of its own. First the light route `/` is asked by a schedule, with nothing else
//! to do; then again while clients in a closed loop keep the heavy route busy. They run in turn in each round, so that a
//! machine that changes its speed changes it for all; the table has the medians of the rounds.
//!
//! The load generator shares the cores with the server. What it needs of them is part of all figures; the clients of the light
//! route go before everybody else where the system allows it, and how late they were nevertheless is in the table.

#[path = "src/load/mod.rs"]
mod load;

use std::thread::{self, available_parallelism};
use std::time::Duration;

use clap::{Parser, Subcommand};
use load::closed;
use load::figures::{Latencies, median, per_second};
use load::peers::{ACTIX, AXUM, AXUM_PER_CORE, DEMO};
use load::precise::{Askers, Kept};
use load::server::{Contender, Server};

#[derive(Parser)]
struct Options {
    /// Handlers that sleep, instead of such that compute.
    #[arg(long)]
    sleep: bool,
    /// Seconds of a round for each contender; twice, idle and under load.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Rounds, of which the medians are taken.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Only contenders whose name contains this text.
    #[arg(long, default_value = "")]
    only: String,
    /// Passed by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Subcommand)]
enum Role {
    /// Be the contender of this number.
    #[command(hide = true)]
    Serve { number: usize },
}

/// The first is the one that the others are compared with.
const CONTENDERS: &[Contender] = &[DEMO, AXUM, AXUM_PER_CORE, ACTIX];

/// The light route is asked this often.
const EVERY: Duration = Duration::from_millis(5);

/// How long the heavy load goes on before anything is measured.
const SETTLE: Duration = Duration::from_secs(1);

/// The heavy load.
struct Load {
    clients: usize,
    path: &'static str,
    /// Answers per second that no server can exceed.
    ideal: f64,
}

struct Round {
    idle: Kept,
    light: Kept,
    heavy: Latencies,
}

fn main() {
    let options = Options::parse();
    if let Some(Role::Serve { number }) = options.role {
        return CONTENDERS[number].serve.expect("a contender of this program")();
    }
    let load = if options.sleep {
        Load { clients: 400, path: "/sleep/0.05", ideal: 400.0 / 0.05 }
    } else {
        let cores =
            u32::try_from(available_parallelism().map_or(1, usize::from)).unwrap_or(u32::MAX);
        Load { clients: 64, path: "/spin/5000", ideal: f64::from(cores) / 0.005 }
    };
    let time = Duration::from_secs_f64(options.seconds);
    let contenders: Vec<usize> = (0..CONTENDERS.len())
        .filter(|&number| CONTENDERS[number].name.contains(&options.only))
        .collect();
    let mut rounds: Vec<Vec<Round>> = contenders.iter().map(|_| Vec::new()).collect();
    for _ in 0..options.rounds {
        for (&number, rounds) in contenders.iter().zip(&mut rounds) {
            rounds.push(round(number, &load, time));
        }
    }
    print_table(&load, time, &contenders, &rounds);
}

fn round(number: usize, load: &Load, time: Duration) -> Round {
    let server = Server::start(CONTENDERS, number);
    let mut askers =
        Askers::connect(server.address, "/").expect("connections to a server that is idle");
    let idle = askers.ask(EVERY, time);
    thread::scope(|scope| {
        let heavy = scope.spawn(|| {
            closed::ask_again_and_again(server.address, load.clients, load.path, SETTLE, time)
        });
        thread::sleep(SETTLE);
        let light = askers.ask(EVERY, time);
        Round { idle, light, heavy: heavy.join().expect("the heavy load's thread") }
    })
}

fn print_table(load: &Load, time: Duration, contenders: &[usize], rounds: &[Vec<Round>]) {
    println!(
        "\n{} clients on {}, ideal {:.0}/s; / every {EVERY:?}; medians of {} rounds of {time:?}\n",
        load.clients,
        load.path,
        load.ideal,
        rounds.first().map_or(0, Vec::len),
    );
    println!(
        "| server | heavy answers/s | of ideal | of the best | light p50 ms | p99 ms | ÷ ours | max ms \
         | p99 when idle ms | p99 from when really asked ms | ÷ ours | when idle ms | failed: heavy, light |"
    );
    println!(
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    );
    let heavy =
        |rounds: &Vec<Round>| median(rounds, |round| per_second(round.heavy.answered(), time));
    let light = |rounds: &Vec<Round>, percent| {
        median(rounds, |round| round.light.latencies.percentile(percent))
    };
    let asked = |rounds: &Vec<Round>| median(rounds, |round| round.light.asked.percentile(99));
    let ours_asked = rounds.first().map_or(f64::NAN, asked);
    let best = rounds.iter().map(heavy).fold(f64::NAN, f64::max);
    let ours = rounds.first().map_or(f64::NAN, |rounds| light(rounds, 99));
    for (&number, rounds) in contenders.iter().zip(rounds) {
        println!(
            "| {} | {:.0} | {:.3} | {:.3} | {:.2} | {:.2} | {:.1} | {:.1} | {:.2} | {:.2} | {:.1} | {:.2} | {}, {} |",
            CONTENDERS[number].name,
            heavy(rounds),
            heavy(rounds) / load.ideal,
            heavy(rounds) / best,
            light(rounds, 50),
            light(rounds, 99),
            light(rounds, 99) / ours,
            light(rounds, 100),
            median(rounds, |round| round.idle.latencies.percentile(99)),
            asked(rounds),
            asked(rounds) / ours_asked,
            median(rounds, |round| round.idle.asked.percentile(99)),
            rounds.iter().map(|round| round.heavy.failed).sum::<usize>(),
            rounds
                .iter()
                .map(|round| round.idle.latencies.failed + round.light.latencies.failed)
                .sum::<usize>(),
        );
    }
}
