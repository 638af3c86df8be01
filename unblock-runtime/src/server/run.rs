//! Serving in this process: starts the loops, times the stop, and reports what was unfinished.
//!
//! The thread that calls `serve` runs no handler. It can therefore stop the server in time, and let
//! the process exit, even while a handler blocks a loop.
//!
//! ```text
//!            LoopThreads::ready         stop, a signal, a failure       grace over, cut
//! starting ───────────────────▶ serving ───────────────────▶ stopping ─────────────────▶ cut
//!                                                                │ LoopThreads::ended     │
//!                                                                ▼                        ▼
//!                                                              Report ◀─── ended, or MARGIN over
//! ```

use std::io;
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use super::accept::listener::Listener;
use super::accept::loop_threads::{LoopThreads, Unfinished};
use super::config::{Config, Role};
use super::error::ServerError;
use super::request::service::IntoService;
use super::select::select;
use super::shutdown::{Report, ServerHandle};
use super::signals::StopSignals;
use crate::unwind;

/// Time that the loops have to end after their requests were cut. Only a handler can block a loop
/// for longer.
const MARGIN: Duration = Duration::from_secs(1);

/// Serves in this process until the server is stopped. Blocks this thread.
pub(super) fn run_in_process<K, S, M>(
    listeners: Vec<Listener>,
    role: Role,
    handle: &ServerHandle,
    config: Config,
    make: M,
) -> Result<Report, ServerError>
where
    K: 'static,
    S: IntoService<K> + 'static,
    M: Fn() -> S + Send + Sync + 'static,
{
    #[cfg(unix)]
    if role.is_child() {
        super::processes::child::die_with_parent()?;
    }
    runtime().map_err(ServerError::Start)?.block_on(run(listeners, role, handle, config, make))
}

/// Creates the runtime of the thread that serves, which hears signals and waits for loops or
/// children.
pub(super) fn runtime() -> io::Result<Runtime> {
    // The first runtime of a process that hears signals takes five descriptors, the last two of
    // them for a pair of sockets, without which tokio panics.
    #[cfg(unix)]
    drop([UnixStream::pair()?, UnixStream::pair()?, UnixStream::pair()?]);
    Builder::new_current_thread().enable_all().build()
}

async fn run<K, S, M>(
    listeners: Vec<Listener>,
    role: Role,
    handle: &ServerHandle,
    mut config: Config,
    make: M,
) -> Result<Report, ServerError>
where
    K: 'static,
    S: IntoService<K> + 'static,
    M: Fn() -> S + Send + Sync + 'static,
{
    if role.is_child() {
        tokio::spawn(StopSignals::of_child()?.forward_to(handle.clone()));
    } else if config.stop_on_signals {
        tokio::spawn(StopSignals::of_main_process()?.forward_to(handle.clone()));
    }
    let mut shutdown = handle.watch();
    let address = listeners[0].local_addr().map_err(ServerError::Start)?;
    let on_ready = config.on_ready.take().filter(|_| !role.is_child());
    let mut loops = LoopThreads::start(&listeners, &config, handle, make)?;
    // Each loop has copies of the sockets. When all are closed, nothing is accepted any more.
    drop(listeners);

    let serving = async {
        loops.ready().await?;
        if let Some(call) = on_ready {
            call(address);
        }
        loops.failed().await
    };
    let stopping = async {
        shutdown.stopping().await;
        None
    };
    let failure = select(stopping, async { serving.await.err() }).await;

    handle.stop();
    // Whichever comes first: all loops have ended, someone cuts the grace period short, or it is
    // over.
    let _ = timeout(config.grace, select(loops.ended(), shutdown.cut())).await;

    let Unfinished { connections, requests, .. } = loops.unfinished();
    handle.cut();
    let _ = timeout(MARGIN, loops.ended()).await;

    let report = Report {
        requests_cut: requests,
        connections_cut: connections,
        loops_stuck: loops.unfinished().loops,
        ..Report::default()
    };
    if !report.is_clean() {
        unwind::log(
            || tracing::warn!(%report, "the server stopped before everything was finished"),
        );
    }
    failure.map_or(Ok(report), Err)
}
