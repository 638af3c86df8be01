//! The parent of several processes on one socket: it starts them, starts dead ones again, and leaves none behind.

use std::convert::Infallible;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;

use super::children::Children;
use super::restart_budget::RestartBudget;
use crate::server::builder::{Config, Server};
use crate::server::race::{Race, race};
use crate::server::signals::StopSignals;
use crate::server::{Report, ServerError};

/// How much longer than its grace period a child may take before it is killed.
const MARGIN: Duration = Duration::from_secs(5);

/// Running the children until the server is stopped, or their deaths use up the budget. Blocks this thread, which is
/// also the one that starts them: the kernel tells them of the death of *it*.
pub(crate) fn supervise(server: Server) -> Result<Report, ServerError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(ServerError::Start)?
        .block_on(run(server))
}

async fn run(server: Server) -> Result<Report, ServerError> {
    let Server { listener, address, handle, config, .. } = server;
    let Config { processes, grace, restarts, on_ready, .. } = config;
    let mut signals = StopSignals::by_signals()?;
    let mut deaths = signal(SignalKind::child()).map_err(ServerError::Start)?;
    let mut phase = handle.watch();
    let mut children = Children::new(processes, listener, RestartBudget::new(restarts));

    let serving = async {
        children.start_due()?;
        if let Some(call) = on_ready {
            call(address);
        }
        keep_alive(&mut children, &mut deaths).await
    };
    let failure = match race(phase.stopping(), race(signals.forward_to(&handle), serving)).await {
        Race::Second(Race::Second(Err(error))) => Some(error),
        Race::First(()) => None,
    };

    handle.stop();
    // This drops the parent's copy of the socket, too: when the last child has closed its own, nothing listens.
    let mut stopping = children.stop();
    let gone = async {
        while !stopping.all_gone() {
            deaths.recv().await;
        }
    };
    race(gone, race(phase.cut(), race(signals.forward_to(&handle), sleep(grace + MARGIN)))).await;
    let report = Report { processes_killed: stopping.kill(), ..Report::default() };
    if !report.is_clean() {
        tracing::warn!(%report, "the server stopped before everything was finished");
    }
    failure.map_or(Ok(report), Err)
}

/// Starts children again as they die, until that is too often.
async fn keep_alive(
    children: &mut Children,
    deaths: &mut Signal,
) -> Result<Infallible, ServerError> {
    loop {
        race(deaths.recv(), children.next_start()).await;
        children.reap()?;
        children.start_due()?;
    }
}
