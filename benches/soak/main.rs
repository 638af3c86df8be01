//! Minutes of clients of all kinds, good and bad, and what is left of them in the server.
//!
//! ```text
//! cargo bench -p unblock-benches --bench soak -- --rounds 1 --seconds 600
//! cargo bench -p unblock-benches --bench soak -- --rounds 1 --seconds 60 --seed 7 --only two
//! ```
//!
//! Clients keep connections alive, pipeline, send half a head or a slow body, vanish, speak HTTP/2
//! and take requests back, upgrade connections, come in floods, and read late, as dice from a seed
//! decide. With two processes, one of them is killed every few seconds. The light routes are asked
//! for by a schedule beside them.
//!
//! After the first minute, and at the end, all clients go, and a few seconds later the server's
//! descriptors, threads and resident memory are counted. Each whole request whose client stayed
//! must have had exactly one response of its own: what is lost without a kill, or wrong, fails the
//! bench.

mod clients;
mod connection;
mod dice;
mod http2;
mod server;

use std::cell::RefCell;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use tokio::runtime::Builder;
use tokio::task::LocalSet;
use unblock_benches::figures::{print_columns, print_row};
use unblock_benches::load::{
    Arrivals, Connections, Load, LoadGenerator, Outcome, PATIENCE, Precision, Results, Step,
};
use unblock_benches::servers::{Contender, Program, Server};
use unblock_benches::usage::{children, descriptors, resident_bytes, threads};
use unblock_benches::{LIGHT, LIGHT_RATE, Options, in_turn};

use clients::{Tally, Visitor};
use dice::Dice;

const CONTENDERS: &[Contender] = &[ONE, TWO];

const ONE: Contender =
    Contender { name: "one process", program: Program::This(|| server::serve(1)) };

const TWO: Contender = Contender {
    name: "two processes, one killed every 5 s",
    program: Program::This(|| server::serve(2)),
};

#[derive(Args)]
struct Own {
    /// Seed of the clients' dice
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Clients at a time, each of which comes again as another
    #[arg(long, default_value_t = 48)]
    clients: u64,
}

/// Time after which the server is first looked at, unless the whole time is less than twice that.
const FIRST: Duration = Duration::from_mins(1);

/// Time for which the server is left alone before it is looked at: longer than it lingers on
/// connections, and than its idle threads stay.
const SETTLE: Duration = Duration::from_secs(8);

/// Time between two kills.
const KILLS: Duration = Duration::from_secs(5);

/// Connections of the light routes.
const LIGHT_CONNECTIONS: usize = 64;

/// A part of the time, and the server afterwards.
struct Part {
    tally: Tally,
    light: Results,
    kills: usize,
    descriptors: usize,
    threads: usize,
    resident: f64,
    /// Jobs of the pool, as its server tells: submitted, ended, and neither. Children that were
    /// killed cannot tell.
    jobs: Option<[u64; 3]>,
}

fn main() {
    let options = Options::<Own>::read(CONTENDERS);
    let time = options.time();
    let first = FIRST.min(time / 2);
    let Own { seed, clients } = options.own;
    let rows = in_turn(&options, CONTENDERS, |server| {
        [(0, first), (1, time.saturating_sub(first))].map(|(number, time)| {
            part(server, time, seed, number * clients..(number + 1) * clients)
        })
    });
    println!(
        "\n{clients} clients at a time for {time:?}, seed {seed}; {} and {} {} times per second \
         each\n",
        LIGHT[0],
        LIGHT[1],
        LIGHT_RATE / 2.0,
    );
    print_columns(&[
        "server, and when it is looked at",
        "asked",
        "answered",
        "refused",
        "lost",
        "wrong",
        "vanished",
        "upgraded",
        "kills",
        "descriptors",
        "threads",
        "MiB",
        "/ p99 ms",
        "/healthz p99 ms",
        "light: asked, failed",
        "jobs: submitted, ended",
    ]);
    let mut is_right = true;
    for row in &rows {
        for parts in &row.rounds {
            for (part, when) in parts.iter().zip(["after the first minute", "at the end"]) {
                print_part(&format!("{}, {when}", row.name), part);
                is_right &= part.is_right();
            }
        }
    }
    if !is_right {
        eprintln!("requests were lost without a kill, or have a wrong response");
        process::exit(1);
    }
}

/// Sends clients for some time, lets the server rest, and looks at it.
fn part(server: &Server, time: Duration, seed: u64, visitors: std::ops::Range<u64>) -> Part {
    let mut light = LoadGenerator::with_connections(server.address, LIGHT_CONNECTIONS, LIGHT[0]);
    let end = Instant::now() + time.saturating_sub(SETTLE);
    let (tally, light, kills) = thread::scope(|scope| {
        // Its connections go with it.
        let light = scope.spawn(move || {
            let steps = &[Step { rate: LIGHT_RATE, time: end - Instant::now() }];
            let arrivals = Arrivals::Open { steps, precision: Precision::Microsecond };
            let connections = Connections::KeepAlive;
            light.run(&Load { paths: &LIGHT, arrivals, patience: PATIENCE, connections })
        });
        let kills = scope.spawn(|| kill_children(server.id(), end, &mut Dice::new(seed, u64::MAX)));
        let tally = visit(server.address, seed, visitors, end);
        let light = light.join().expect("the light load's thread");
        (tally, light, kills.join().expect("the killing thread"))
    });
    thread::sleep(SETTLE);
    let all = || children(server.id()).into_iter().chain([server.id()]);
    let jobs = children(server.id()).is_empty().then(|| jobs(server.address));
    Part {
        tally,
        light,
        kills,
        descriptors: all().map(descriptors).sum(),
        threads: all().map(threads).sum(),
        resident: all().map(resident_bytes).sum(),
        jobs,
    }
}

/// Asks the server what became of its pool's jobs.
fn jobs(server: SocketAddr) -> [u64; 3] {
    let mut stream = TcpStream::connect(server).expect("a connection");
    let request = b"GET /jobs HTTP/1.1\r\nhost: soak\r\nconnection: close\r\n\r\n";
    stream.write_all(request).expect("to ask");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("a response");
    let body = response.split("\r\n\r\n").last().unwrap_or_default();
    let mut numbers = body.split_whitespace().map_while(|number| number.parse().ok());
    std::array::from_fn(|_| numbers.next().expect("a number"))
}

/// Sends clients until the time is up, all on this thread.
fn visit(server: SocketAddr, seed: u64, visitors: std::ops::Range<u64>, end: Instant) -> Tally {
    let tally = Rc::new(RefCell::new(Tally::default()));
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let clients = LocalSet::new();
    for number in visitors {
        let visitor = Visitor { server, dice: Dice::new(seed, number), tally: Rc::clone(&tally) };
        clients.spawn_local(visitor.run(end));
    }
    runtime.block_on(clients);
    tally.take()
}

/// Kills a child now and then, if there are any, and returns how many.
fn kill_children(server: u32, end: Instant, dice: &mut Dice) -> usize {
    let mut kills = 0;
    // None in the last moment, in which it would not be there again.
    while Instant::now() + KILLS < end {
        thread::sleep(KILLS);
        let children = children(server);
        if children.is_empty() {
            return kills;
        }
        let nth = usize::try_from(dice.below(children.len() as u64)).unwrap_or_default();
        kills += usize::from(kill(children[nth]));
    }
    kills
}

/// Returns whether the process could be killed.
#[cfg(unix)]
fn kill(id: u32) -> bool {
    use rustix::process::{Pid, Signal, kill_process};
    let id = i32::try_from(id).ok().and_then(Pid::from_raw);
    id.is_some_and(|id| kill_process(id, Signal::KILL).is_ok())
}

#[cfg(not(unix))]
fn kill(_: u32) -> bool {
    false
}

impl Part {
    fn is_right(&self) -> bool {
        let Tally { lost, wrong, .. } = self.tally;
        let jobs_are_conserved =
            self.jobs.is_none_or(|[submitted, ended, open]| submitted == ended && open == 0);
        self.tally.is_conserved()
            && jobs_are_conserved
            && wrong == 0
            && (lost == 0 || self.kills > 0)
    }
}

fn print_part(name: &str, part: &Part) {
    let Part { tally, light, .. } = part;
    let p99 = |path| {
        light.of_paths(|other| other == path).latencies_of(Outcome::Succeeded).percentile(99)
    };
    print_row(&format!(
        "| {name} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {:.1} | {:.2} | {:.2} | {}, {} | {} |",
        tally.asked,
        tally.answered,
        tally.refused,
        tally.lost,
        tally.wrong,
        tally.vanished,
        tally.upgraded,
        part.kills,
        part.descriptors,
        part.threads,
        part.resident / 1_048_576.0,
        p99(0),
        p99(1),
        light.requests.len(),
        light.unsuccessful(),
        part.jobs.map_or("-".to_owned(), |[submitted, ended, _]| format!("{submitted}, {ended}")),
    ));
}
