//! Handlers that sleep: threads are what there is not enough of.

use std::time::Duration;

use unblock_benches::figures::{print_columns, print_row, ratio};
use unblock_benches::load::{
    Arrivals, Connections, Load, LoadGenerator, Outcome, Precision, Results, Step,
};
use unblock_benches::servers::annotated::{UNBLOCK, UNBLOCK_ACTIX, UNBLOCK_AXUM};
use unblock_benches::servers::peers::{
    ACTIX, AXUM, DEFAULT_THREADS, DEMO, heavy_routes, serve_actix, serve_axum, unlimited,
};
use unblock_benches::servers::refusing::{LoadShed, Permits};
use unblock_benches::servers::{Contender, Program, Server};
use unblock_benches::{Beside, LIGHT, LIGHT_RATE, Row};

use crate::database::DATABASE;

/// Requests that sleep, and the servers that have so many threads for them.
pub(crate) struct Sleeping {
    path: &'static str,
    time: Duration,
    threads: usize,
    /// Time after which clients give up.
    patience: Duration,
    /// Loads, as multiples of what the threads can do.
    pub(crate) loads: [f64; 2],
    pub(crate) contenders: &'static [Contender],
}

pub(crate) const ALL: [Sleeping; 2] = [
    Sleeping {
        path: "/sleep/1",
        time: Duration::from_secs(1),
        threads: DEFAULT_THREADS,
        patience: Duration::from_secs(2),
        loads: [1.5, 10.0],
        contenders: &[
            UNBLOCK,
            UNBLOCK_AXUM,
            UNBLOCK_ACTIX,
            DEMO,
            AXUM,
            LOAD_SHED_512,
            PERMITS_512,
            ACTIX,
        ],
    },
    Sleeping {
        path: "/sleep/0.1",
        time: Duration::from_millis(100),
        threads: 8,
        patience: Duration::from_secs(1),
        loads: [2.0, 10.0],
        contenders: &[DATABASE, AXUM_8, LOAD_SHED_8, PERMITS_8, ACTIX_8],
    },
];

const LOAD_SHED_512: Contender = Contender {
    name: "axum, tower's load_shed: 512 at a time, 2 s",
    program: Program::This(|| {
        let timeout = Duration::from_secs(2);
        LoadShed { limit: DEFAULT_THREADS, timeout, threads: DEFAULT_THREADS }.serve();
    }),
};

const PERMITS_512: Contender = Contender {
    name: "axum, a semaphore with 512 permits, 0.9 s",
    program: Program::This(|| {
        Permits { permits: DEFAULT_THREADS, wait: Duration::from_millis(900) }.serve();
    }),
};

const AXUM_8: Contender = Contender {
    name: "axum, spawn_blocking with 8 threads",
    program: Program::This(|| serve_axum(8, heavy_routes(unlimited))),
};

/// Those that wait do so for 0.7 s at most.
const LOAD_SHED_8: Contender = Contender {
    name: "axum, tower's load_shed: 64 at a time, 1 s, 8 threads",
    program: Program::This(|| {
        LoadShed { limit: 64, timeout: Duration::from_secs(1), threads: 8 }.serve();
    }),
};

const PERMITS_8: Contender = Contender {
    name: "axum, a semaphore with 8 permits, 0.8 s",
    program: Program::This(|| {
        Permits { permits: 8, wait: Duration::from_millis(800) }.serve();
    }),
};

const ACTIX_8: Contender = Contender {
    name: "actix-web, web::block with 8 threads",
    program: Program::This(|| serve_actix(8)),
};

impl Sleeping {
    /// Requests per second that the threads can serve.
    fn capacity(&self) -> f64 {
        ratio(self.threads, 1) / self.time.as_secs_f64()
    }

    pub(crate) fn round(&self, server: &Server, load: f64, time: Duration) -> Beside {
        let settle = 2 * self.patience;
        let steps = [Step { rate: load * self.capacity(), time: settle + time }];
        let arrivals = Arrivals::Open { steps: &steps, precision: Precision::Millisecond };
        let (paths, connections) = (&[self.path][..], Connections::KeepAlive);
        let load = Load { paths, arrivals, patience: self.patience, connections };
        let address = server.address;
        Beside::measure(server, settle, time, || {
            LoadGenerator::new(address).run(&load).due_after(settle)
        })
    }

    pub(crate) fn print(&self, load: f64, time: Duration, rounds: usize, rows: &[Row<Beside>]) {
        println!(
            "\n{} at {load} x what {} threads can serve, clients wait {:?}; {} and {} {} times \
             per second each; medians of {rounds} rounds of {time:?}\n",
            self.path,
            self.threads,
            self.patience,
            LIGHT[0],
            LIGHT[1],
            LIGHT_RATE / 2.0,
        );
        print_columns(&[
            "server",
            "offered/s",
            "in time/s",
            "of capacity",
            "p99 ms",
            "refused/s",
            "refusals' p99 ms",
            "admitted in time",
            "/ p99 ms",
            "/healthz p99 ms",
            "generator's cores",
            "failed: heavy, light",
        ]);
        for row in rows {
            let heavy = |figure: fn(&Results) -> f64| row.median(|round| figure(&round.heavy));
            let succeeded = heavy(|heavy| heavy.rate(Outcome::Succeeded));
            print_row(&format!(
                "| {} | {:.0} | {succeeded:.0} | {:.3} | {:.0} | {:.0} | {:.1} | {:.3} | {:.2} | \
                 {:.2} | {:.2} | {}, {} |",
                row.name,
                heavy(Results::per_second),
                succeeded / self.capacity(),
                heavy(|heavy| heavy.latencies_of(Outcome::Succeeded).percentile(99)),
                heavy(|heavy| heavy.rate(Outcome::Refused)),
                heavy(|heavy| heavy.latencies_of(Outcome::Refused).percentile(99)),
                heavy(Results::admitted_in_time),
                row.median(|round| round.light_p99(0)),
                row.median(|round| round.light_p99(1)),
                row.median(|round| round.generator_cores),
                row.sum(|round| round.heavy.count(Outcome::Failed)),
                row.sum(Beside::light_unsuccessful),
            ));
        }
    }
}
