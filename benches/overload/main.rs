//! More requests than can be served: who has a response in time, and what becomes of the others.
//!
//! ```text
//! cargo bench -p unblock-benches --bench overload
//! cargo bench -p unblock-benches --bench overload -- --only demo-server --tables spin --loads 10
//! ```
//!
//! Requests come by a schedule, whatever became of those before, as those of many independent
//! clients do. Each client gives up, and closes its connection, a second after its request was due.
//! The handlers compute, so the capacity is known: the cores divided by the CPU time of a request.
//! Loads are multiples of the capacity.
//!
//! - `spin`: 5 ms of CPU time; beside it the light routes `/` and `/healthz`, on connections of
//!   their own.
//! - `mix`: ten requests of 1 ms for each of 50 ms.
//! - `recovery`: ten times the capacity, and then half of it.
//!
//! Each load has a new server. What counts begins when the load has been there for as long as
//! clients wait. The load generator shares the cores with the server, unless `--pin` is given: what
//! it needs of them lowers the number of responses of all servers alike.

mod mix;
mod recovery;
mod spin;
mod two_routes;
mod work;

use std::fmt;

use clap::{Args, ValueEnum};
use two_routes::TWO_ROUTES;
use unblock_benches::servers::Contender;
use unblock_benches::servers::peers::{ACTIX, AXUM, AXUM_PER_CORE, DEMO};
use unblock_benches::{Options, in_turn};

#[derive(Args)]
struct Own {
    /// Tables to print
    #[arg(
        long,
        value_delimiter = ',',
        default_values_t = [Table::Spin, Table::Mix, Table::Recovery]
    )]
    tables: Vec<Table>,
    /// Loads for the tables spin and mix, as multiples of the capacity
    #[arg(long, value_delimiter = ',', default_values_t = [1.0, 2.0, 10.0])]
    loads: Vec<f64>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Table {
    Spin,
    Mix,
    Recovery,
}

const CONTENDERS: &[Contender] = &[DEMO, AXUM, AXUM_PER_CORE, ACTIX, TWO_ROUTES];

/// The contenders without the last: where all requests cost the same, it is no different from the
/// first.
const OF_ONE_COST: &[Contender] = CONTENDERS.split_at(4).0;

fn main() {
    let options = Options::<Own>::read(CONTENDERS);
    let (time, rounds, cores) = (options.time(), options.rounds(), options.cores().of_server());
    for table in &options.own.tables {
        match table {
            Table::Spin => {
                for &load in &options.own.loads {
                    let work = spin::SPIN.times_capacity(load, cores);
                    let round = |server: &_| spin::round(server, &work, time);
                    spin::print(&work, time, rounds, &in_turn(&options, OF_ONE_COST, round));
                }
            }
            Table::Mix => {
                for &load in &options.own.loads {
                    let work = mix::MIX.times_capacity(load, cores);
                    let round = |server: &_| mix::round(server, &work, time);
                    mix::print(&work, time, rounds, &in_turn(&options, CONTENDERS, round));
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
            Self::Mix => "mix",
            Self::Recovery => "recovery",
        })
    }
}
