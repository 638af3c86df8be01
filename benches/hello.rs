//! What the server itself costs: the light route alone, by as many clients as ask for it.
//!
//! ```text
//! cargo bench -p unblock-benches --bench hello
//! ```
//!
//! Clients in a closed loop saturate the cores, which they share with the server; the load generator is one thread and the
//! same for all. Each contender is a process of its own, and they run in turn in each round; the table has the medians.
//! CPU time is of the server's process (Linux): unlike answers per second it says the same on a machine that has other
//! things to do as well.

#[path = "src/load/mod.rs"]
mod load;

use std::process;
use std::time::Duration;

use clap::{Parser, Subcommand};
use load::figures::{Latencies, median, per_second};
use load::same_router::{AXUM_SERVE, UNBLOCK, UNBLOCK_ONE_LOOP};
use load::server::{Contender, Server};
use load::{closed, usage};

/// The first is the one that the others are compared with.
const CONTENDERS: &[Contender] = &[UNBLOCK, UNBLOCK_ONE_LOOP, AXUM_SERVE];

#[derive(Parser)]
struct Options {
    /// How many clients at a time; several values make several tables.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 64])]
    clients: Vec<usize>,
    /// Seconds of a round for each contender.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Rounds, of which the medians are taken.
    #[arg(long, default_value_t = 5)]
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

/// How long the load goes on before anything is measured.
const SETTLE: Duration = Duration::from_millis(500);

struct Round {
    answers: Latencies,
    /// Microseconds of the server's CPU time for each answer.
    server_micros: f64,
    /// The cores that the load generator kept busy.
    generator_cores: f64,
}

fn main() {
    let options = Options::parse();
    if let Some(Role::Serve { number }) = options.role {
        return CONTENDERS[number].serve.expect("a contender of this program")();
    }
    let time = Duration::from_secs_f64(options.seconds);
    let contenders: Vec<usize> = (0..CONTENDERS.len())
        .filter(|&number| CONTENDERS[number].name.contains(&options.only))
        .collect();
    for &clients in &options.clients {
        let mut rounds: Vec<Vec<Round>> = contenders.iter().map(|_| Vec::new()).collect();
        for _ in 0..options.rounds {
            for (&number, rounds) in contenders.iter().zip(&mut rounds) {
                rounds.push(round(number, clients, time));
            }
        }
        print_table(clients, time, &contenders, &rounds);
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count of requests")]
fn round(number: usize, clients: usize, time: Duration) -> Round {
    let server = Server::start(CONTENDERS, number);
    // Its own first: it is to cover what is counted, and the server's to be for what is counted.
    closed::ask_again_and_again(server.address, clients, "/", Duration::ZERO, SETTLE);
    let (id, this) = (server.process.id(), process::id());
    let before = (usage::cpu_seconds(id), usage::cpu_seconds(this));
    let answers = closed::ask_again_and_again(server.address, clients, "/", Duration::ZERO, time);
    let used = (usage::cpu_seconds(id) - before.0, usage::cpu_seconds(this) - before.1);
    Round {
        server_micros: used.0 * 1e6 / answers.answered() as f64,
        generator_cores: used.1 / time.as_secs_f64(),
        answers,
    }
}

fn print_table(clients: usize, time: Duration, contenders: &[usize], rounds: &[Vec<Round>]) {
    println!(
        "\n/ alone, clients: {clients}, medians of {} rounds of {time:?}\n",
        rounds.first().map_or(0, Vec::len)
    );
    println!(
        "| server | answers/s | ratio | p50 ms | p99 ms | ratio | server CPU µs per answer | generator's cores | failed |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let answers =
        |rounds: &Vec<Round>| median(rounds, |round| per_second(round.answers.answered(), time));
    let p99 = |rounds: &Vec<Round>| median(rounds, |round| round.answers.percentile(99));
    let (our_answers, our_p99) =
        rounds.first().map_or((f64::NAN, f64::NAN), |rounds| (answers(rounds), p99(rounds)));
    for (&number, rounds) in contenders.iter().zip(rounds) {
        println!(
            "| {} | {:.0} | {:.2} | {:.2} | {:.2} | {:.2} | {:.1} | {:.2} | {} |",
            CONTENDERS[number].name,
            answers(rounds),
            our_answers / answers(rounds),
            median(rounds, |round| round.answers.percentile(50)),
            p99(rounds),
            p99(rounds) / our_p99,
            median(rounds, |round| round.server_micros),
            median(rounds, |round| round.generator_cores),
            rounds.iter().map(|round| round.answers.failed).sum::<usize>(),
        );
    }
}
