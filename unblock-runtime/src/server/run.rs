//! The thread that calls `serve`: it starts the loops, hears signals, and times the stop.
//!
//! It runs no handler. So a stop is on time, and the process can exit, even while a handler blocks a loop.

use std::time::Duration;

use tokio::time::sleep;

use super::accept::loop_threads::LoopThreads;
use super::builder::{Config, Server};
use super::race::{Race, race};
use super::request::service::IntoService;
use super::signals::StopSignals;
use super::{Report, Role, ServerError};

/// How long loops may take to end after what they had was cut: what blocks one for longer is a handler.
const MARGIN: Duration = Duration::from_secs(1);

/// Serves in this process until the server is stopped. Blocks this thread.
pub(super) fn run_in_process<K, S, M>(server: Server, make: M) -> Result<Report, ServerError>
where
    K: 'static,
    S: IntoService<K> + 'static,
    M: Fn() -> S + Send + Sync + 'static,
{
    #[cfg(unix)]
    if let Role::Child { .. } = server.role {
        super::processes::child::die_with_parent()?;
    }
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(ServerError::Start)?
        .block_on(serve(server, make))
}

async fn serve<K, S, M>(server: Server, make: M) -> Result<Report, ServerError>
where
    K: 'static,
    S: IntoService<K> + 'static,
    M: Fn() -> S + Send + Sync + 'static,
{
    let Server { listener, address, role, handle, config } = server;
    let Config { loops, limits, request_timeout, grace, stop_on_signals, on_ready, .. } = config;
    let mut signals = match role {
        Role::Child { .. } => StopSignals::of_a_parent()?,
        _ if stop_on_signals => StopSignals::by_signals()?,
        _ => StopSignals::none(),
    };
    let mut phase = handle.watch();
    let mut loops = LoopThreads::start(loops, &listener, &limits, request_timeout, &handle, make)?;
    // Each loop has the socket; when all have closed theirs, nothing is accepted any more.
    drop(listener);

    let serving = async {
        loops.ready().await?;
        if let (false, Some(call)) = (role.is_child(), on_ready) {
            call(address);
        }
        loops.failed().await
    };
    let failure = match race(phase.stopping(), race(signals.forward_to(&handle), serving)).await {
        Race::Second(Race::Second(Err(error))) => Some(error),
        Race::First(()) => None,
    };

    handle.stop();
    race(loops.ended(), race(phase.cut(), race(signals.forward_to(&handle), sleep(grace)))).await;

    let (_, connections_cut, requests_cut) = loops.left();
    handle.cut();
    race(loops.ended(), sleep(MARGIN)).await;

    let (loops_stuck, _, _) = loops.left();
    let report = Report { requests_cut, connections_cut, loops_stuck, ..Report::default() };
    if !report.is_clean() {
        tracing::warn!(%report, "the server stopped before everything was finished");
    }
    failure.map_or(Ok(report), Err)
}
