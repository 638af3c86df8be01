//! A server of several processes whose handlers tests can hold. What happens in it, it writes to
//! standard output, which parent and children share; a test holds it by that and by signals, and
//! not by the clock.
//!
//! | `held …` | what it is |
//! | --- | --- |
//! | `ready` | it serves |
//! | `patient` | with an endless grace period |
//! | `two` | beside another server, which every process binds first |
//! | `knowing` | beside another server, which only the parent binds |
//! | `foreign` | beside another server of several processes, which no child can bind |
//! | `broken` | its children end as soon as they have started |
//! | `half-broken` | one of them does |

use std::process::{self, ExitCode};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use unblock_runtime::server::{Restarts, Role, RunningServer, Server, ServerBuilder, is_child};

fn main() -> ExitCode {
    let how = std::env::args().nth(1).unwrap_or_default();
    let _other = match &*how {
        "two" => Some(other(Server::builder())),
        "foreign" => Some(other(Server::builder().processes(2))),
        "knowing" if !is_child() => Some(other(Server::builder())),
        _ => None,
    };
    let grace = if how == "patient" { Duration::MAX } else { Duration::from_secs(30) };
    let server = Server::builder()
        .loops(1)
        .processes(2)
        .grace(grace)
        .stop_on_signals()
        .restarts(Restarts::new(3, Duration::from_hours(1)))
        .on_ready(|address| println!("ready {address}"))
        .bind("127.0.0.1:0");
    let server = match server {
        Ok(server) => server,
        Err(error) => {
            println!("failed: {error}");
            return ExitCode::FAILURE;
        }
    };
    let broken = match (&*how, server.role()) {
        ("broken", role) => role.is_child(),
        ("half-broken", role) => role == Role::Child { index: 1 },
        _ => false,
    };
    if broken {
        return ExitCode::from(3);
    }
    let router = Router::new()
        .route("/", get(|| async { format!("{}\n", process::id()) }))
        .route("/environment", get(environment))
        .route("/hold", get(hold));
    match server.serve(router) {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("failed: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Starts another server in this process.
fn other(builder: ServerBuilder) -> RunningServer {
    let server = match builder.bind("127.0.0.1:0") {
        Ok(server) => server,
        Err(error) => {
            println!("failed: {error}");
            process::exit(1);
        }
    };
    println!("other {}", server.local_addr());
    server.start(Router::new().route("/", get(|| async { "other\n" }))).expect("a thread")
}

/// The names of the variables that a program which a handler starts would get.
async fn environment() -> String {
    let output = process::Command::new("env").output().expect("env");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Holds the loop that it runs on, which answers nobody from then on.
async fn hold() -> &'static str {
    println!("holds {}", process::id());
    loop {
        thread::park();
    }
}
