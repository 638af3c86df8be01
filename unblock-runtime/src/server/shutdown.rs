//! The shutdown of a server: its phases, the handle that starts it, and the report at its end.
//!
//! ```text
//! Serving ─── stop ──▶ Stopping ─── cut ──▶ Cut
//!    │                                       ▲
//!    └───────────────── cut ─────────────────┘
//! ```
//!
//! In `Stopping` nothing is accepted, and open requests still get their responses; in `Cut` those
//! that remain are dropped. A phase never goes back, so that calls after the first have no effect.
//! The loops, each connection and the parent of several processes watch the same phase.

#[cfg(feature = "dashboard")]
use std::cell::OnceCell;
use std::fmt;

use tokio::sync::watch;

/// Stops a server, from any thread.
#[derive(Clone, Debug)]
pub struct ServerHandle {
    phase: watch::Sender<Phase>,
}

impl ServerHandle {
    pub(super) fn new() -> Self {
        Self { phase: watch::Sender::new(Phase::Serving) }
    }

    /// Starts a graceful stop and returns at once. Later calls have no effect.
    pub fn stop(&self) {
        self.advance(Phase::Stopping);
    }

    /// Stops without a grace period, or ends it early: requests that still run are dropped. Returns
    /// at once.
    pub fn cut(&self) {
        self.advance(Phase::Cut);
    }

    /// Returns whether a stop has begun.
    pub fn is_stopping(&self) -> bool {
        *self.phase.borrow() >= Phase::Stopping
    }

    /// Waits until a stop has begun. It is for tasks that would go on for long, such as that of a
    /// WebSocket, which can then say goodbye within the grace period. Works under any executor.
    /// Dropping the future has no effect.
    pub async fn stopping(&self) {
        self.watch().stopping().await;
    }

    pub(super) fn watch(&self) -> ShutdownWatch {
        ShutdownWatch(self.phase.subscribe())
    }

    fn advance(&self, to: Phase) {
        self.phase.send_if_modified(|phase| {
            let forward = *phase < to;
            if forward {
                *phase = to;
            }
            forward
        });
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Serving,
    Stopping,
    Cut,
}

/// One task's view of the phase.
#[derive(Clone)]
pub(crate) struct ShutdownWatch(watch::Receiver<Phase>);

#[cfg(feature = "dashboard")]
thread_local! {
    static OF_THIS_LOOP: OnceCell<ShutdownWatch> = const { OnceCell::new() };
}

#[cfg(feature = "dashboard")]
impl ShutdownWatch {
    /// Lets what runs on this thread, which is a loop, see the phase of its server.
    pub(super) fn set_of_this_loop(&self) {
        OF_THIS_LOOP.with(|watch| drop(watch.set(self.clone())));
    }

    /// Returns the view of the server whose loop this thread is. `None` if it is no loop.
    pub(crate) fn of_this_loop() -> Option<Self> {
        OF_THIS_LOOP.with(|watch| watch.get().cloned())
    }

    /// Returns whether a stop has begun.
    pub(crate) fn is_stopping(&self) -> bool {
        *self.0.borrow() >= Phase::Stopping
    }
}

impl ShutdownWatch {
    /// Waits until a stop has begun.
    pub(super) async fn stopping(&mut self) {
        self.reached(Phase::Stopping).await;
    }

    /// Waits until requests that still run are to be dropped.
    pub(super) async fn cut(&mut self) {
        self.reached(Phase::Cut).await;
    }

    async fn reached(&mut self, phase: Phase) {
        // This fails if all senders are gone. They live as long as the server, so that there is
        // nothing to wait for.
        let _ = self.0.wait_for(|now| *now >= phase).await;
    }
}

/// The work that was unfinished when a server had stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Number of requests that still ran when the grace period was over, and got no response.
    pub requests_cut: usize,
    /// Number of connections that were open then, upgraded ones among them. Idle ones had been
    /// closed when the stop began.
    pub connections_cut: usize,
    /// Number of loops that a handler still blocks. Their threads were left behind.
    pub loops_stuck: usize,
    /// Number of child processes that did not end in time and were killed.
    pub processes_killed: usize,
}

impl Report {
    /// Returns whether every request that had begun got its response.
    pub fn is_clean(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_clean() {
            return f.write_str("stopped; every request that had begun was answered");
        }
        write!(
            f,
            "stopped; cut off: {} requests on {} connections, {} blocked loops, {} processes",
            self.requests_cut, self.connections_cut, self.loops_stuck, self.processes_killed
        )
    }
}
