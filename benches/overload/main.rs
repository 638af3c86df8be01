//! More requests than can be served: who has a response in time, and what becomes of the others.
//!
//! ```text
//! cargo bench -p unblock-benches --bench overload
//! cargo bench -p unblock-benches --bench overload -- --only demo-server --tables spin --loads 10
//! ```
//!
//! Requests come by a schedule, whatever became of those before, as those of many independent
//! clients do. Each client gives up, and closes its connection, a second after its request was due,
//! or two seconds if the handler sleeps for one. The handlers compute, so the capacity is known:
//! the cores divided by the CPU time of a request. Loads are multiples of the capacity.
//!
//! - `spin`: 5 ms of CPU time; beside it the light routes `/` and `/healthz`, on connections of
//!   their own.
//! - `storm`: the same route, and clients that ask again at once, whatever became of their last
//!   request; this one is a closed loop.
//! - `sleep`: handlers that sleep, so the capacity is in threads; clients wait longer than the work
//!   takes.
//! - `mix`: ten requests of 1 ms for each of 50 ms.
//! - `recovery`: ten times the capacity, and then half of it.
//!
//! Each load has a new server. What counts begins when the load has been there for as long as
//! clients wait, and twice as long in `storm` and `sleep`. The load generator shares the cores with
//! the server, unless `--pin` is given: what it needs of them lowers the number of responses of all
//! servers alike.

mod database;
mod mix;
mod recovery;
mod sleep;
mod spin;
mod storm;
mod two_routes;
mod work;

use std::fmt;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use two_routes::TWO_ROUTES;
use unblock_benches::charts;
use unblock_benches::servers::Contender;
use unblock_benches::servers::peers::{ACTIX, AXUM, AXUM_PER_CORE, DEMO};
use unblock_benches::{Options, in_turn};

#[derive(Args)]
struct Own {
    /// Tables to print
    #[arg(
        long,
        value_delimiter = ',',
        default_values_t = [Table::Spin, Table::Storm, Table::Sleep, Table::Mix, Table::Recovery]
    )]
    tables: Vec<Table>,
    /// Loads for the tables spin and mix, as multiples of the capacity
    #[arg(long, value_delimiter = ',', default_values_t = [1.0, 2.0, 10.0])]
    loads: Vec<f64>,
    /// Draw into this SVG how much of the table spin is in time at each load
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Table {
    Spin,
    Storm,
    Sleep,
    Mix,
    Recovery,
}

/// The contenders of the table mix.
const OF_TWO_COSTS: &[Contender] = &[DEMO, AXUM, AXUM_PER_CORE, ACTIX, TWO_ROUTES];

/// Those contenders without the last: where all requests cost the same, it is no different from the
/// first.
const OF_ONE_COST: &[Contender] = OF_TWO_COSTS.split_at(4).0;

fn main() {
    let mut contenders = [OF_TWO_COSTS, storm::CONTENDERS].concat();
    contenders.extend(sleep::ALL.iter().flat_map(|sleeping| sleeping.contenders));
    let options = Options::<Own>::read(&contenders);
    let (time, rounds, cores) = (options.time(), options.rounds(), options.cores().of_server());
    for table in &options.own.tables {
        match table {
            Table::Spin => {
                let measured = options.own.loads.iter().map(|&load| {
                    let work = spin::SPIN.times_capacity(load, cores);
                    let round = |server: &_| spin::round(server, &work, time);
                    let rows = in_turn(&options, spin::CONTENDERS, round);
                    spin::print(&work, time, rounds, &rows);
                    (work, rows)
                });
                let measured: Vec<_> = measured.collect();
                if let Some(file) = &options.own.svg {
                    charts::write(file, &spin::chart(time, rounds, &measured).draw());
                }
            }
            Table::Storm => {
                for transport in storm::Transport::ALL {
                    for clients in storm::CLIENTS {
                        let round = |server: &_| storm::round(server, transport, clients, time);
                        let rows = in_turn(&options, transport.contenders(), round);
                        storm::print(transport, clients, cores, time, rounds, &rows);
                    }
                }
            }
            Table::Sleep => {
                for sleeping in &sleep::ALL {
                    for load in sleeping.loads {
                        let round = |server: &_| sleeping.round(server, load, time);
                        let rows = in_turn(&options, sleeping.contenders, round);
                        sleeping.print(load, time, rounds, &rows);
                    }
                }
            }
            Table::Mix => {
                for &load in &options.own.loads {
                    let work = mix::MIX.times_capacity(load, cores);
                    let round = |server: &_| mix::round(server, &work, time);
                    mix::print(&work, time, rounds, &in_turn(&options, OF_TWO_COSTS, round));
                }
            }
            Table::Recovery => {
                let round = |server: &_| recovery::round(server, cores, time);
                let rows = in_turn(&options, OF_ONE_COST, round);
                recovery::print(cores, time, rounds, &rows);
            }
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Spin => "spin",
            Self::Storm => "storm",
            Self::Sleep => "sleep",
            Self::Mix => "mix",
            Self::Recovery => "recovery",
        })
    }
}
