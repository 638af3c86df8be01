//! Counts the connections and requests that are in flight on one loop. The loop writes the counts,
//! and other threads read them: the loops that balance connections, and the thread that reports
//! what a stop has cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::sync::Notify;

/// The connections and requests that one loop has open.
#[derive(Clone, Debug, Default)]
pub(super) struct InFlight(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    connections: AtomicUsize,
    requests: AtomicUsize,
    /// Number of requests that have begun plus number of requests that have ended.
    progress: AtomicU64,
    no_connections: Notify,
}

/// Counts a connection until it is dropped.
pub(super) struct OpenConnection(InFlight);

/// Counts a request until it is dropped.
pub(super) struct OpenRequest(InFlight);

impl InFlight {
    /// Counts a connection until the guard is dropped.
    pub(super) fn connection(&self) -> OpenConnection {
        self.0.connections.fetch_add(1, Ordering::Relaxed);
        OpenConnection(self.clone())
    }

    /// Counts a request until the guard is dropped.
    pub(super) fn request(&self) -> OpenRequest {
        self.0.requests.fetch_add(1, Ordering::Relaxed);
        self.advance();
        OpenRequest(self.clone())
    }

    pub(super) fn connections(&self) -> usize {
        self.0.connections.load(Ordering::Relaxed)
    }

    pub(super) fn requests(&self) -> usize {
        self.0.requests.load(Ordering::Relaxed)
    }

    /// Returns a number that changes whenever a request begins or ends.
    pub(super) fn progress(&self) -> u64 {
        self.0.progress.load(Ordering::Relaxed)
    }

    /// Waits until no connection is open. It is for the loop itself, when it accepts no more.
    pub(super) async fn no_connections(&self) {
        while self.connections() > 0 {
            self.0.no_connections.notified().await;
        }
    }

    /// Notes progress. Only the thread of the loop calls this, so that a load and a store suffice.
    fn advance(&self) {
        self.0.progress.store(self.progress().wrapping_add(1), Ordering::Relaxed);
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        if self.0.0.connections.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.0.no_connections.notify_one();
        }
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0.0.requests.fetch_sub(1, Ordering::Relaxed);
        self.0.advance();
    }
}
