//! The parent of several processes on one socket: starts them, starts dead ones again, and leaves
//! none behind.

use std::convert::Infallible;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;

use super::children::Children;
use crate::restart_budget::RestartBudget;
use crate::server::accept::listener::Listener;
use crate::server::config::Config;
use crate::server::error::ServerError;
use crate::server::run::runtime;
use crate::server::select::select;
use crate::server::shutdown::{Report, ServerHandle};
use crate::server::signals::StopSignals;
use crate::unwind;

/// Time that a child has beyond its grace period before it is killed.
const MARGIN: Duration = Duration::from_secs(5);

/// Runs the children until the server is stopped, or until their deaths use up the budget. Blocks
/// this thread.
///
/// This thread also starts the children, because the kernel ties the parent-death signal to the
/// thread that did.
pub(crate) fn supervise(
    listeners: Vec<Listener>,
    server: usize,
    handle: &ServerHandle,
    config: Config,
) -> Result<Report, ServerError> {
    runtime().map_err(ServerError::Start)?.block_on(run(listeners, server, handle, config))
}

async fn run(
    listeners: Vec<Listener>,
    server: usize,
    handle: &ServerHandle,
    config: Config,
) -> Result<Report, ServerError> {
    let Config { processes, grace, restarts, on_ready, .. } = config;
    tokio::spawn(StopSignals::of_main_process()?.forward_to(handle.clone()));
    let mut deaths = signal(SignalKind::child()).map_err(ServerError::Start)?;
    let mut shutdown = handle.watch();
    let address = listeners[0].local_addr().map_err(ServerError::Start)?;
    let mut children = Children::new(processes, listeners, server, RestartBudget::new(restarts));

    let serving = async {
        children.start_due()?;
        if let Some(call) = on_ready {
            call(address);
        }
        keep_alive(&mut children, &mut deaths).await
    };
    let stopping = async {
        shutdown.stopping().await;
        None
    };
    let failure = select(stopping, async { serving.await.err() }).await;

    handle.stop();
    // This also closes the parent's copies of the sockets. When the last child has closed its own,
    // nobody listens.
    let mut stopping = children.stop();
    let gone = async {
        while !stopping.all_gone() {
            deaths.recv().await;
        }
    };
    // Whichever comes first: all children have ended, someone cuts the grace period short, or it is
    // over.
    let _ = timeout(grace.saturating_add(MARGIN), select(gone, shutdown.cut())).await;
    let report = Report { processes_killed: stopping.kill(), ..Report::default() };
    if !report.is_clean() {
        unwind::log(
            || tracing::warn!(%report, "the server stopped before everything was finished"),
        );
    }
    failure.map_or(Ok(report), Err)
}

/// Starts children again as they die, until that happens too often.
async fn keep_alive(
    children: &mut Children,
    deaths: &mut Signal,
) -> Result<Infallible, ServerError> {
    loop {
        let death = async {
            deaths.recv().await;
        };
        select(death, children.next_start()).await;
        children.reap()?;
        children.start_due()?;
    }
}
