//! The layer that gives each request a deadline.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::job::deadline;

/// Has all jobs that a request submits inherit one deadline. [`job::within`](crate::job::within)
/// says what that does to them; the time counts from the call of the service.
///
/// It sets the deadline and makes no response: a handler that awaits a job gets
/// [`Error::TimedOut`](crate::Error::TimedOut) and responds as to any error, with the feature
/// `axum` by 504. A handler that waits for something else than a job goes on. To respond to those
/// too, put a layer that ends the call around this one, such as `tower_http`'s `TimeoutLayer` with
/// a somewhat longer time.
///
/// ```
/// use std::time::Duration;
/// use axum::{Router, routing::get};
/// use unblock_runtime::{Pool, tower::DeadlineLayer};
///
/// async fn count() -> String {
///     match Pool::global().submit(|| 3).await {
///         Ok(rows) => format!("{rows} rows\n"),
///         Err(error) => format!("{error}\n"), // after two seconds
///     }
/// }
/// let router: Router =
///     Router::new().route("/", get(count)).layer(DeadlineLayer::new(Duration::from_secs(2)));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct DeadlineLayer {
    time: Duration,
}

impl DeadlineLayer {
    /// Creates a layer that gives each request this time.
    pub fn new(time: Duration) -> Self {
        Self { time }
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = Deadline<S>;

    fn layer(&self, service: S) -> Deadline<S> {
        Deadline { service, time: self.time }
    }
}

/// A service that gives each request a deadline; from [`DeadlineLayer`].
#[derive(Debug, Clone, Copy)]
pub struct Deadline<S> {
    service: S,
    time: Duration,
}

impl<S: Service<R>, R> Service<R> for Deadline<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = DeadlineFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        // A deadline that is too far away for the clock never comes.
        let deadline = Instant::now().checked_add(self.time);
        let future = deadline::in_scope(deadline, || self.service.call(request));
        DeadlineFuture { future, deadline }
    }
}

pin_project! {
    /// The response of a [`Deadline`] service.
    #[derive(Debug)]
    pub struct DeadlineFuture<F> {
        #[pin]
        future: F,
        deadline: Option<Instant>,
    }
}

impl<F: Future> Future for DeadlineFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        deadline::in_scope(*this.deadline, || this.future.poll(cx))
    }
}
