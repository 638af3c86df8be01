//! axum with what its users put in front of `spawn_blocking` to refuse what cannot be served in
//! time: tower's middleware, or a semaphore.

use std::sync::Arc;
use std::time::Duration;

use axum::BoxError;
use axum::error_handling::HandleErrorLayer;
use axum::http::StatusCode;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tower::ServiceBuilder;
use tower::limit::GlobalConcurrencyLimitLayer;

use super::peers::{DEFAULT_THREADS, blocking, heavy_routes, serve_axum, unlimited};
use super::work::Work;

/// tower's `load_shed` over a limit on requests at a time, and a time limit for each.
#[derive(Clone, Copy)]
pub struct LoadShed {
    /// Requests at a time. One more is refused at once.
    pub limit: usize,
    /// Time after which a request that was let in is given up. Its job goes on.
    pub timeout: Duration,
    /// Threads for blocking functions.
    pub threads: usize,
}

/// A semaphore, for which a request waits some time before it is refused.
#[derive(Clone, Copy)]
pub struct Permits {
    /// Jobs at a time. Each has a thread.
    pub permits: usize,
    /// The longest wait for a permit.
    pub wait: Duration,
}

impl LoadShed {
    /// As axum's example `key-value-store` has it.
    pub const EXAMPLE: Self =
        Self { limit: 1024, timeout: Duration::from_secs(10), threads: DEFAULT_THREADS };

    /// Serves until the process is killed.
    pub fn serve(self) {
        let layer = ServiceBuilder::new()
            .layer(HandleErrorLayer::new(async |_: BoxError| StatusCode::SERVICE_UNAVAILABLE))
            .load_shed()
            .layer(GlobalConcurrencyLimitLayer::new(self.limit))
            .timeout(self.timeout);
        serve_axum(self.threads, heavy_routes(unlimited).layer(layer));
    }
}

impl Permits {
    /// Serves until the process is killed.
    pub fn serve(self) {
        let semaphore = Arc::new(Semaphore::new(self.permits));
        let routes = heavy_routes(move |work: Work| {
            let permit = Arc::clone(&semaphore).acquire_owned();
            async move {
                let Ok(permit) = timeout(self.wait, permit).await else {
                    return Err(StatusCode::SERVICE_UNAVAILABLE);
                };
                let job = move || {
                    // A job that nobody waits for any more keeps its permit as long as its thread.
                    let _permit = permit.expect("a semaphore that is never closed");
                    work.run()
                };
                Ok(blocking(job).await)
            }
        });
        serve_axum(self.permits, routes);
    }
}
