//! The light routes, asked for by a schedule while another load is on the server.

use std::time::Duration;
use std::{process, thread};

use crate::load::{Arrivals, Connections, Load, LoadGenerator, PATIENCE, Precision, Results, Step};
use crate::servers::Server;
use crate::usage::{cpu_seconds, resident_bytes};

/// The light routes, which are asked for in turn.
pub const LIGHT: [&str; 2] = ["/", "/healthz"];

/// Requests per second for the light routes together.
pub const LIGHT_RATE: f64 = 200.0;

/// Connections of the light routes, enough for the requests of two seconds.
const CONNECTIONS: usize = 512;

/// A load, and what the light routes were like beside it.
pub struct Beside {
    /// Requests of the load.
    pub heavy: Results,
    /// Requests for each of the light routes.
    pub light: [Results; 2],
    /// Number of cores that the load generator, this process, kept busy.
    pub generator_cores: f64,
    /// Resident memory of the server in bytes: before the load, when it begins to count, and at its
    /// end.
    pub resident: [f64; 3],
}

impl Beside {
    /// Puts a load on the server, which `heavy` does on a thread of its own. After `settle` it asks
    /// for the light routes for `time`, on connections that were made before.
    pub fn measure(
        server: &Server,
        settle: Duration,
        time: Duration,
        heavy: impl FnOnce() -> Results + Send,
    ) -> Self {
        let mut light = LoadGenerator::with_connections(server.address, CONNECTIONS, LIGHT[0]);
        let steps = &[Step { rate: LIGHT_RATE, time }];
        let arrivals = Arrivals::Open { steps, precision: Precision::Microsecond };
        let connections = Connections::KeepAlive;
        let light_load = Load { paths: &LIGHT, arrivals, patience: PATIENCE, connections };

        let resident = || resident_bytes(server.id());
        let before = resident();
        thread::scope(|scope| {
            let heavy = scope.spawn(heavy);
            thread::sleep(settle);
            let (beginning, cpu_time) = (resident(), cpu_seconds(process::id()));
            let light = scope.spawn(|| light.run(&light_load));
            thread::sleep(time);
            let (end, cpu_time) = (resident(), cpu_seconds(process::id()) - cpu_time);
            let light = light.join().expect("the light load's thread");
            Self {
                heavy: heavy.join().expect("the heavy load's thread"),
                light: [0, 1].map(|wanted| light.of_paths(|path| path == wanted)),
                generator_cores: cpu_time / time.as_secs_f64(),
                resident: [before, beginning, end],
            }
        })
    }

    /// The 99th percentile of the latencies of a light route, from when its requests were sent, in
    /// milliseconds.
    pub fn light_p99(&self, route: usize) -> f64 {
        self.light[route].latencies_from_sent().percentile(99)
    }

    /// Number of requests for the light routes that did not succeed.
    pub fn light_unsuccessful(&self) -> usize {
        self.light.iter().map(Results::unsuccessful).sum()
    }
}
