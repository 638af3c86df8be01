//! What a light request waits for while handlers compute, or sleep.
//!
//! ```text
//! cargo bench -p demo-server --bench light_under_load
//! cargo bench -p demo-server --bench light_under_load -- --sleep
//! ```
//!
//! Each contender is a server in a process of its own, at what its users get. Clients in a closed loop keep the heavy route
//! busy. The light route `/` is asked at fixed times, and its latency counts from the time when a request was due, so a server
//! that answers late cannot slow the questions down. The load generator shares the cores with the server and runs at normal
//! priority for all contenders. They run in turn in each round; the table has the medians of the rounds.

mod client;
mod contender;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use clap::{Parser, Subcommand};
use client::{Heavy, Light};
use contender::CONTENDERS;

#[derive(Parser)]
struct Options {
    /// Sleeping handlers instead of computing ones.
    #[arg(long)]
    sleep: bool,
    /// Seconds of one round and contender.
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
    command: Option<Role>,
}

#[derive(Subcommand)]
enum Role {
    /// Be a contender: print the address and serve until killed.
    #[command(hide = true)]
    Serve { contender: usize },
}

/// The light route is asked so often.
const EVERY: Duration = Duration::from_millis(5);

struct Round {
    idle: Light,
    light: Light,
    heavy: Heavy,
}

fn main() {
    let options = Options::parse();
    if let Some(Role::Serve { contender }) = options.command {
        (CONTENDERS[contender].serve.expect("a contender of this program"))();
        return;
    }
    let (clients, path) = if options.sleep { (400, "/sleep/0.05") } else { (64, "/spin/5000") };
    let time = Duration::from_secs_f64(options.seconds);
    let contenders: Vec<usize> =
        (0..CONTENDERS.len()).filter(|&index| CONTENDERS[index].name.contains(&options.only)).collect();
    let mut rounds: Vec<Vec<Round>> = contenders.iter().map(|_| Vec::new()).collect();
    for _ in 0..options.rounds {
        for (&index, rounds) in contenders.iter().zip(&mut rounds) {
            let server = Server::start(index);
            let idle = client::light(&server.address, EVERY, time);
            let (heavy, light) = client::both(&server.address, clients, path, EVERY, time);
            rounds.push(Round { idle, light, heavy });
        }
    }
    println!(
        "\n{clients} clients on {path}, / every {EVERY:?}, medians of {} rounds of {time:?}\n",
        options.rounds
    );
    println!(
        "| server | heavy answers/s | light p50 ms | p99 ms | max ms | p99 when idle ms | p99 ratio | failed |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let ours = median(&rounds[0], |round| round.light.millis(99.0));
    for (&index, rounds) in contenders.iter().zip(&rounds) {
        println!(
            "| {} | {:.0} | {:.2} | {:.2} | {:.2} | {:.2} | {:.1} | {:.0} |",
            CONTENDERS[index].name,
            median(rounds, |round| round.heavy.per_second),
            median(rounds, |round| round.light.millis(50.0)),
            median(rounds, |round| round.light.millis(99.0)),
            median(rounds, |round| round.light.millis(100.0)),
            median(rounds, |round| round.idle.millis(99.0)),
            median(rounds, |round| round.light.millis(99.0)) / ours,
            median(rounds, Round::failed),
        );
    }
}

impl Round {
    #[expect(clippy::cast_precision_loss, reason = "a figure of a benchmark")]
    fn failed(&self) -> f64 {
        (self.idle.failed + self.light.failed + self.heavy.failed) as f64
    }
}

fn median(rounds: &[Round], figure: impl Fn(&Round) -> f64) -> f64 {
    let mut figures: Vec<f64> = rounds.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// A contender's process, killed when this is dropped.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(index: usize) -> Self {
        let mut command = if CONTENDERS[index].serve.is_some() {
            let mut command = Command::new(std::env::current_exe().expect("this program"));
            command.args(["serve", &index.to_string()]);
            command
        } else {
            let mut command = Command::new(env!("CARGO_BIN_EXE_demo-server"));
            command.args(["--addr", "127.0.0.1:0", "--db", ":memory:"]);
            command
        };
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a server's process");
        let mut line = String::new();
        let output = child.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("a ready line");
        let address = line.split("http://").nth(1).and_then(|rest| rest.split_whitespace().next());
        Self { child, address: address.expect("an address in the ready line").to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
