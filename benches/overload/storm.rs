//! Clients that ask again at once, whatever became of their last request: they take from the
//! server's cores what its refusals cost.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use unblock_benches::figures::{print_columns, print_row};
use unblock_benches::load::{
    Arrivals, Connections, Load, LoadGenerator, Outcome, Results, http2_clients,
};
use unblock_benches::servers::annotated::{UNBLOCK_ACTIX, UNBLOCK_AXUM};
use unblock_benches::servers::peers::{ACTIX, AXUM, AXUM_PER_CORE, DEMO, cores};
use unblock_benches::servers::refusing::{LoadShed, Permits};
use unblock_benches::servers::{Contender, Program, Server};
use unblock_benches::{Beside, LIGHT, LIGHT_RATE, Row};

use crate::spin::SPIN;
use crate::work::PATIENCE;

pub(crate) const CONTENDERS: &[Contender] = &[
    DEMO,
    UNBLOCK_AXUM,
    AXUM,
    AXUM_PER_CORE,
    LOAD_SHED_EXAMPLE,
    LOAD_SHED,
    PERMITS,
    UNBLOCK_ACTIX,
    ACTIX,
];

/// The contenders without the last two: actix-web speaks HTTP/2 over TLS, and otherwise with a
/// socket of another kind.
const OF_HTTP2: &[Contender] = CONTENDERS.split_at(7).0;

const LOAD_SHED_EXAMPLE: Contender = Contender {
    name: "axum, tower's load_shed as in axum's example: 1024 at a time, 10 s",
    program: Program::This(|| LoadShed::EXAMPLE.serve()),
};

/// Those that wait keep the cores busy, and have far less than the time of the clients to wait.
pub(crate) const LOAD_SHED: Contender = Contender {
    name: "axum, tower's load_shed: 64 at a time, 1 s, a thread per core",
    program: Program::This(|| {
        LoadShed { limit: 64, timeout: PATIENCE, threads: cores() }.serve();
    }),
};

pub(crate) const PERMITS: Contender = Contender {
    name: "axum, a semaphore with a permit per core, 0.8 s",
    program: Program::This(|| {
        Permits { permits: cores(), wait: Duration::from_millis(800) }.serve();
    }),
};

/// Numbers of clients.
pub(crate) const CLIENTS: [usize; 2] = [600, 5000];

/// Time for which the storm goes on before anything is measured.
const SETTLE: Duration = Duration::from_secs(2);

/// How clients send their requests.
#[derive(Clone, Copy)]
pub(crate) enum Transport {
    KeepAlive,
    PerRequest,
    Http2,
}

impl Transport {
    pub(crate) const ALL: [Self; 3] = [Self::KeepAlive, Self::PerRequest, Self::Http2];

    /// The contenders that speak it.
    pub(crate) fn contenders(self) -> &'static [Contender] {
        match self {
            Self::KeepAlive | Self::PerRequest => CONTENDERS,
            Self::Http2 => OF_HTTP2,
        }
    }

    fn send(self, server: SocketAddr, clients: usize, time: Duration) -> Results {
        let connections = match self {
            Self::KeepAlive => Connections::KeepAlive,
            Self::PerRequest => Connections::PerRequest,
            Self::Http2 => return http2_clients(server, SPIN.paths[0], clients, time, PATIENCE),
        };
        let arrivals = Arrivals::Closed { clients, time };
        let load = Load { paths: SPIN.paths, arrivals, patience: PATIENCE, connections };
        LoadGenerator::new(server).run(&load)
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeepAlive => "keep-alive",
            Self::PerRequest => "a connection for each request",
            Self::Http2 => "HTTP/2, 100 clients on each connection",
        })
    }
}

pub(crate) fn round(
    server: &Server,
    transport: Transport,
    clients: usize,
    time: Duration,
) -> Beside {
    let address = server.address;
    Beside::measure(server, SETTLE, time, || {
        transport.send(address, clients, SETTLE + time).ended_after(SETTLE)
    })
}

pub(crate) fn print(
    transport: Transport,
    clients: usize,
    cores: usize,
    time: Duration,
    rounds: usize,
    rows: &[Row<Beside>],
) {
    let capacity = SPIN.times_capacity(1.0, cores);
    println!(
        "\n{} from {clients} clients that ask again at once and wait {PATIENCE:?}, {transport}; \
         {:.0}/s are possible; {} and {} {} times per second each; medians of {rounds} rounds \
         of {time:?}\n",
        SPIN.paths[0],
        capacity.rate,
        LIGHT[0],
        LIGHT[1],
        LIGHT_RATE / 2.0,
    );
    print_columns(&[
        "server",
        "in time/s",
        "of capacity",
        "p99 ms",
        "refused/s",
        "refusals' p99 ms",
        "gave up/s",
        "/ p99 ms",
        "/healthz p99 ms",
        "generator's cores",
        "failed: heavy, light",
    ]);
    for row in rows {
        let heavy = |figure: fn(&Results) -> f64| row.median(|round| figure(&round.heavy));
        print_row(&format!(
            "| {} | {:.0} | {:.3} | {:.0} | {:.0} | {:.1} | {:.0} | {:.2} | {:.2} | {:.2} | {}, {} |",
            row.name,
            heavy(|heavy| heavy.rate(Outcome::Succeeded)),
            row.median(|round| capacity.of_capacity(&round.heavy)),
            heavy(|heavy| heavy.latencies_of(Outcome::Succeeded).percentile(99)),
            heavy(|heavy| heavy.rate(Outcome::Refused)),
            heavy(|heavy| heavy.latencies_of(Outcome::Refused).percentile(99)),
            heavy(|heavy| heavy.rate(Outcome::TimedOut)),
            row.median(|round| round.light_p99(0)),
            row.median(|round| round.light_p99(1)),
            row.median(|round| round.generator_cores),
            row.sum(|round| round.heavy.count(Outcome::Failed)),
            row.sum(Beside::light_unsuccessful),
        ));
    }
}
