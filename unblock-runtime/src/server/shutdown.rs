//! How a server ends: who may ask for it, the phases it goes through, and what it reports.
//!
//! The phases only go forward, from whoever asks first: *serving*, *stopping* (no new connections, running
//! requests are answered), *cut* (what still runs is dropped). Everything that waits - the loops, each
//! connection, the parent of several processes - watches the one phase.

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

    /// Begins a graceful stop; returns at once. Later calls have no effect.
    pub fn stop(&self) {
        self.advance(Phase::Stopping);
    }

    /// Ends the grace period, or does without it: what still runs is cut. Returns at once.
    pub fn cut(&self) {
        self.advance(Phase::Cut);
    }

    /// Whether a stop has begun.
    pub fn is_stopping(&self) -> bool {
        *self.phase.borrow() >= Phase::Stopping
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
pub(super) struct ShutdownWatch(watch::Receiver<Phase>);

impl ShutdownWatch {
    /// Waits until a stop has begun.
    pub(super) async fn stopping(&mut self) {
        self.reached(Phase::Stopping).await;
    }

    /// Waits until what still runs is to be cut.
    pub(super) async fn cut(&mut self) {
        self.reached(Phase::Cut).await;
    }

    async fn reached(&mut self, phase: Phase) {
        // The sender lives as long as the server; should it be gone, then so is everything to wait for.
        let _ = self.0.wait_for(|now| *now >= phase).await;
    }
}

/// What was left when a server had stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Requests that still ran when the grace period was over, and were not answered.
    pub requests_cut: usize,
    /// Connections that were open then. Idle ones had been closed when the stop began.
    pub connections_cut: usize,
    /// Loops that a handler still blocks; their threads were left behind.
    pub loops_stuck: usize,
    /// Child processes that did not end in time and were killed.
    pub processes_killed: usize,
}

impl Report {
    /// Whether every request that had begun was answered.
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
