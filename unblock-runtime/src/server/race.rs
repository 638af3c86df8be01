//! Waiting for whichever of two things comes first.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

/// Which of two futures was first, and with what.
pub(super) enum Race<A, B> {
    First(A),
    Second(B),
}

impl<T> Race<T, T> {
    /// The output, whichever was first.
    pub(super) fn either(self) -> T {
        match self {
            Self::First(output) | Self::Second(output) => output,
        }
    }
}

/// Polls both until one is ready; when both are, the first wins. The other is dropped where it stands, so give
/// a pinned reference to what must go on.
pub(super) async fn race<A: Future, B: Future>(first: A, second: B) -> Race<A::Output, B::Output> {
    let mut first = pin!(first);
    let mut second = pin!(second);
    poll_fn(|cx| {
        if let Poll::Ready(output) = first.as_mut().poll(cx) {
            return Poll::Ready(Race::First(output));
        }
        second.as_mut().poll(cx).map(Race::Second)
    })
    .await
}
