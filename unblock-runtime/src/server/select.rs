//! Waiting for the first of several events.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

/// Waits for the first of two futures of one type, which is an enum where they mean different
/// events.
///
/// `first` is polled first, and wins if both are ready. The other future is dropped, so pass a
/// pinned reference to one that has to go on.
pub(super) async fn select<T>(
    first: impl Future<Output = T>,
    second: impl Future<Output = T>,
) -> T {
    let mut first = pin!(first);
    let mut second = pin!(second);
    poll_fn(|cx| match first.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(output),
        Poll::Pending => second.as_mut().poll(cx),
    })
    .await
}
