//! The layer that finds handlers which block their thread.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Request;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

#[cfg(feature = "matched-path")]
use crate::watchdog::rename_current;
use crate::watchdog::{DEFAULT_THRESHOLD, Name, Watch};

/// Has the [watchdog](crate::watchdog) watch each request, on whichever thread polls it. Bodies are
/// not watched.
///
/// With the feature `matched-path`, a layer of axum's `Router` names a request by the pattern of
/// its route. In this crate's server, which watches requests already, it does that alone.
///
/// ```
/// use axum::{Router, routing::get};
/// use unblock_runtime::tower::WatchdogLayer;
///
/// async fn report() -> String {
///     std::fs::read_to_string("/data/report").unwrap_or_default() // this will be found
/// }
/// let router: Router = Router::new().route("/report", get(report)).layer(WatchdogLayer::new());
/// ```
#[derive(Debug, Clone, Copy)]
pub struct WatchdogLayer {
    long_poll: Duration,
}

impl WatchdogLayer {
    /// Creates a layer by which a poll is long from
    /// [25 ms](crate::watchdog::DEFAULT_THRESHOLD) on.
    pub fn new() -> Self {
        Self { long_poll: DEFAULT_THRESHOLD }
    }

    /// Sets the time from which a poll is long. At least one millisecond.
    #[must_use]
    pub fn long_poll(mut self, threshold: Duration) -> Self {
        self.long_poll = threshold.max(Duration::from_millis(1));
        self
    }
}

impl Default for WatchdogLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for WatchdogLayer {
    type Service = Watchdog<S>;

    fn layer(&self, service: S) -> Watchdog<S> {
        Watchdog { service, long_poll: self.long_poll }
    }
}

/// A service whose requests are watched; from [`WatchdogLayer`].
#[derive(Debug, Clone, Copy)]
pub struct Watchdog<S> {
    service: S,
    long_poll: Duration,
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for Watchdog<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = WatchdogFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let watch = Watch::new(name(&request), self.long_poll);
        let future = watch.poll(|| self.service.call(request));
        WatchdogFuture { future, watch }
    }
}

#[cfg(feature = "matched-path")]
fn name<B>(request: &Request<B>) -> Name {
    let Some(path) = request.extensions().get::<axum::extract::MatchedPath>() else {
        return requested(request);
    };
    let route = || Name::Route { method: request.method().clone(), path: path.clone() };
    rename_current(route);
    route()
}

#[cfg(not(feature = "matched-path"))]
fn name<B>(request: &Request<B>) -> Name {
    requested(request)
}

fn requested<B>(request: &Request<B>) -> Name {
    Name::Request { method: request.method().clone(), uri: request.uri().clone() }
}

pin_project! {
    /// The response of a [`Watchdog`] service.
    #[derive(Debug)]
    pub struct WatchdogFuture<F> {
        #[pin]
        future: F,
        watch: Watch,
    }
}

impl<F: Future> Future for WatchdogFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.watch.poll(|| this.future.poll(cx))
    }
}
