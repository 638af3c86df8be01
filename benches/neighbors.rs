//! A server beside others that compute: threads of other processes, and a rayon pool in its own.
//!
//! ```text
//! cargo bench -p unblock-benches --bench neighbors
//! ```
//!
//! The neighbors never sleep, and have the priority of the process. Those of other processes are
//! threads of the bench, whose scheduling group the servers share (`sched(7)`, autogroups); rayon
//! has a thread per core. Clients in a closed loop ask for a route that computes, and others come
//! to the light routes by a schedule.
//!
//! A pool whose workers are nice all the time has a tenth of a core beside such a neighbor. The
//! pool at niceness 0 has the share that any pool of normal priority has.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use clap::Args;
use unblock_benches::figures::{print_columns, print_row};
use unblock_benches::load::{Arrivals, Connections, Load, LoadGenerator, Outcome, PATIENCE};
use unblock_benches::servers::annotated;
use unblock_benches::servers::peers::{
    AXUM_PER_CORE, DEMO, cores, heavy_routes, serve_axum, unlimited,
};
use unblock_benches::servers::work::thread_time;
use unblock_benches::servers::{Contender, Program, Server};
use unblock_benches::{Beside, LIGHT, LIGHT_RATE, Options, Row, in_turn};
use unblock_runtime::Pool;

#[derive(Args)]
struct Own {
    /// Busy threads of other processes; each value makes a table
    #[arg(long, value_delimiter = ',', default_values_t = [0, 1, 2, 8])]
    threads: Vec<usize>,
}

/// The last is what the others are compared with.
const ALONE: &[Contender] = &[DEMO, AXUM_PER_CORE, DEMO_OF_NORMAL_PRIORITY];

const DEMO_OF_NORMAL_PRIORITY: Contender = Contender {
    name: "unblock (demo-server, niceness 0)",
    program: Program::Demo(&["--niceness", "0"]),
};

/// The last is what the others are compared with.
const WITH_RAYON: &[Contender] = &[
    Contender {
        name: "unblock, defaults, and rayon",
        program: Program::This(|| {
            keep_rayon_busy();
            annotated::serve();
        }),
    },
    Contender {
        name: "axum, spawn_blocking with a thread per core, and rayon",
        program: Program::This(|| {
            keep_rayon_busy();
            serve_axum(cores(), heavy_routes(unlimited));
        }),
    },
    Contender {
        name: "unblock, niceness 0, and rayon",
        program: Program::This(|| {
            keep_rayon_busy();
            Pool::builder().niceness(0).install_global().expect("the first pool");
            annotated::serve();
        }),
    },
];

const PATH: &str = "/spin/5000";

const CLIENTS: usize = 16;

/// Time for which clients and neighbors are there before anything is measured.
const SETTLE: Duration = Duration::from_secs(2);

struct Round {
    beside: Beside,
    /// Number of cores that the neighbors had.
    neighbors_cores: f64,
}

fn main() {
    let options = Options::<Own>::read(&[ALONE, WITH_RAYON].concat());
    let time = options.time();
    for &threads in &options.own.threads {
        let rows = in_turn(&options, ALONE, |server| round(server, threads, time));
        let neighbors = format!("{threads} busy threads of other processes");
        print_table(&neighbors, time, options.rounds(), &rows);
    }
    let rows = in_turn(&options, WITH_RAYON, |server| round(server, 0, time));
    print_table("a rayon pool in the same process that computes", time, options.rounds(), &rows);
}

fn round(server: &Server, neighbors: usize, time: Duration) -> Round {
    let over = AtomicBool::new(false);
    let compute = || {
        while !over.load(Ordering::Relaxed) {
            std::hint::spin_loop();
        }
        thread_time()
    };
    let arrivals = Arrivals::Closed { clients: CLIENTS, time: SETTLE + time };
    let connections = Connections::KeepAlive;
    let load = Load { paths: &[PATH], arrivals, patience: PATIENCE, connections };
    thread::scope(|scope| {
        let neighbors: Vec<_> = (0..neighbors).map(|_| scope.spawn(compute)).collect();
        let beside = Beside::measure(server, SETTLE, time, || {
            LoadGenerator::new(server.address).run(&load).ended_after(SETTLE)
        });
        over.store(true, Ordering::Relaxed);
        let computed = neighbors.into_iter().map(|thread| thread.join().expect("a neighbor"));
        let computed: Duration = computed.sum();
        Round { beside, neighbors_cores: computed.as_secs_f64() / (SETTLE + time).as_secs_f64() }
    })
}

/// Has each thread of rayon's pool compute for ever.
fn keep_rayon_busy() {
    for _ in 0..rayon::current_num_threads() {
        rayon::spawn(|| {
            loop {
                std::hint::spin_loop();
            }
        });
    }
}

fn print_table(neighbors: &str, time: Duration, rounds: usize, rows: &[Row<Round>]) {
    println!(
        "\n{CLIENTS} clients on {PATH} beside {neighbors}; {} and {} {} times per second each; \
         medians of {rounds} rounds of {time:?}\n",
        LIGHT[0],
        LIGHT[1],
        LIGHT_RATE / 2.0,
    );
    print_columns(&[
        "server",
        "responses/s",
        "÷ ours at niceness 0",
        "/ p99 ms",
        "/healthz p99 ms",
        "neighbors' cores",
        "failed: heavy, light",
    ]);
    let responses =
        |row: &Row<Round>| row.median(|round| round.beside.heavy.rate(Outcome::Succeeded));
    let Some(last) = rows.last() else { return };
    for row in rows {
        print_row(&format!(
            "| {} | {:.0} | {:.2} | {:.2} | {:.2} | {:.2} | {}, {} |",
            row.name,
            responses(row),
            responses(row) / responses(last),
            row.median(|round| round.beside.light_p99(0)),
            row.median(|round| round.beside.light_p99(1)),
            row.median(|round| round.neighbors_cores),
            row.sum(|round| round.beside.heavy.unsuccessful()),
            row.sum(|round| round.beside.light_unsuccessful()),
        ));
    }
}
