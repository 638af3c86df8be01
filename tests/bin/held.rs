//! A server of several processes whose handlers tests can hold. What happens in it, it writes to
//! standard output, which parent and children share; a test holds it by that and by signals, and
//! not by the clock.
//!
//! `held ready` serves; `held broken` is a program whose children end as soon as they have started,
//! `held half-broken` one in which that is true of one of them.

use std::process::{self, ExitCode};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use unblock_runtime::server::{Restarts, Role, Server};

fn main() -> ExitCode {
    let how = std::env::args().nth(1);
    let server = Server::builder()
        .loops(1)
        .processes(2)
        .restarts(Restarts::new(3, Duration::from_hours(1)))
        .on_ready(|address| println!("ready {address}"))
        .bind("127.0.0.1:0")
        .expect("a socket");
    let broken = match (how.as_deref(), server.role()) {
        (Some("broken"), role) => role.is_child(),
        (Some("half-broken"), role) => role == Role::Child { index: 1 },
        _ => false,
    };
    if broken {
        return ExitCode::from(3);
    }
    let router = Router::new()
        .route("/", get(|| async { format!("{}\n", process::id()) }))
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

/// Holds the loop that it runs on, which answers nobody from then on.
async fn hold() -> &'static str {
    println!("holds {}", process::id());
    loop {
        thread::park();
    }
}
