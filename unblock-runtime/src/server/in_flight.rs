//! What a loop has open: counted by the loop, read by whoever reports.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::sync::Notify;

/// How many connections and requests one loop has open.
#[derive(Clone, Debug, Default)]
pub(super) struct InFlight(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    connections: AtomicUsize,
    requests: AtomicUsize,
    /// Requests that have begun, and those that have ended.
    progress: AtomicU64,
    no_connections: Notify,
}

impl InFlight {
    /// Counts a connection until the guard is dropped.
    pub(super) fn connection(&self) -> OpenConnection {
        self.0.connections.fetch_add(1, Ordering::Relaxed);
        OpenConnection(self.clone())
    }

    pub(super) fn request_begins(&self) {
        self.0.requests.fetch_add(1, Ordering::Relaxed);
        self.advance();
    }

    pub(super) fn request_ends(&self) {
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
        self.advance();
    }

    /// Grows with each request that begins or ends.
    pub(super) fn progress(&self) -> u64 {
        self.0.progress.load(Ordering::Relaxed)
    }

    pub(super) fn connections(&self) -> usize {
        self.0.connections.load(Ordering::Relaxed)
    }

    pub(super) fn requests(&self) -> usize {
        self.0.requests.load(Ordering::Relaxed)
    }

    /// The loop alone writes it.
    fn advance(&self) {
        self.0.progress.store(self.progress().wrapping_add(1), Ordering::Relaxed);
    }

    /// Waits until no connection is open. For the loop itself, when it accepts no more.
    pub(super) async fn no_connections(&self) {
        while self.connections() > 0 {
            self.0.no_connections.notified().await;
        }
    }
}

pub(super) struct OpenConnection(InFlight);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        if self.0.0.connections.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.0.no_connections.notify_one();
        }
    }
}
