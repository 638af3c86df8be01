//! More requests than can be answered: who is answered in time, and what becomes of the others.
//!
//! ```text
//! cargo bench -p unblock-benches --bench overload
//! cargo bench -p unblock-benches --bench overload -- --only demo-server --tables spin --loads 10 --seconds 60
//! ```
//!
//! Requests come by a schedule, whatever became of those before, as those of many independent clients do; each gives up, and
//! closes the connection, a second after it was due. The handlers compute, so what can be answered is known: the cores divided
//! by the CPU time of a request. Loads are multiples of that.
//!
//! - `spin`: 5 ms of CPU time. Meanwhile the light routes `/` and `/healthz` are asked, on connections of their own.
//! - `mix`: ten requests of 1 ms for each of 50 ms.
//! - `recovery`: ten times the capacity, and then half of it.
//!
//! Each contender is a server in a process of its own, a new one for each load; they run in turn in each round, and the tables
//! have the medians. What is counted begins when the load has been there for as long as clients wait. The load generator shares
//! the cores with the server: what it needs of them lowers what can be answered, for all alike.

#[path = "../src/load/mod.rs"]
mod load;
mod mix;
mod offer;
mod recovery;
mod spin;
mod two_routes;

use std::fmt;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use load::peers::{ACTIX, AXUM, AXUM_PER_CORE, DEMO};
use load::server::{Contender, Server};
use two_routes::TWO_ROUTES;

#[derive(Parser)]
struct Options {
    /// What to show.
    #[arg(long, value_delimiter = ',', default_values_t = [Table::Spin, Table::Mix, Table::Recovery])]
    tables: Vec<Table>,
    /// Loads, as multiples of the capacity, for the tables spin and mix.
    #[arg(long, value_delimiter = ',', default_values_t = [1.0, 2.0, 10.0])]
    loads: Vec<f64>,
    /// Seconds of each load that count.
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

#[derive(Clone, Copy, ValueEnum)]
enum Table {
    Spin,
    Mix,
    Recovery,
}

#[derive(Subcommand)]
enum Role {
    /// Be the contender of this number.
    #[command(hide = true)]
    Serve { number: usize },
}

const CONTENDERS: &[Contender] = &[DEMO, AXUM, AXUM_PER_CORE, ACTIX, TWO_ROUTES];

/// With one cost, a handler for each makes no difference.
const OF_ONE_COST: &[Contender] = CONTENDERS.split_at(4).0;

fn main() {
    let options = Options::parse();
    if let Some(Role::Serve { number }) = options.role {
        return CONTENDERS[number].serve.expect("a contender of this program")();
    }
    let time = Duration::from_secs_f64(options.seconds);
    for table in &options.tables {
        match table {
            Table::Spin => {
                for &load in &options.loads {
                    spin::print(
                        load,
                        time,
                        &in_turn(&options, OF_ONE_COST, |server| spin::round(server, load, time)),
                    );
                }
            }
            Table::Mix => {
                for &load in &options.loads {
                    mix::print(
                        load,
                        time,
                        &in_turn(&options, CONTENDERS, |server| mix::round(server, load, time)),
                    );
                }
            }
            Table::Recovery => {
                recovery::print(
                    time,
                    &in_turn(&options, OF_ONE_COST, |server| recovery::round(server, time)),
                );
            }
        }
    }
}

/// A contender's rounds.
struct Row<R> {
    name: &'static str,
    rounds: Vec<R>,
}

fn in_turn<R>(
    options: &Options,
    contenders: &[Contender],
    round: impl Fn(&Server) -> R,
) -> Vec<Row<R>> {
    let chosen = |&number: &usize| contenders[number].name.contains(&options.only);
    let numbers: Vec<_> = (0..contenders.len()).filter(chosen).collect();
    let mut rows: Vec<_> = numbers
        .iter()
        .map(|&number| Row { name: contenders[number].name, rounds: Vec::new() })
        .collect();
    for _ in 0..options.rounds {
        for (&number, row) in numbers.iter().zip(&mut rows) {
            row.rounds.push(round(&Server::start(contenders, number)));
        }
    }
    rows
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Spin => "spin",
            Self::Mix => "mix",
            Self::Recovery => "recovery",
        })
    }
}
