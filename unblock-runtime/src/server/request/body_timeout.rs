//! How long a client may take for the body of its request.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::time::Sleep;

/// A body's account of time: what it may take, more with each byte that comes, and what it has taken.
///
/// Only the time counts in which the service waits for the client. When it reads late, because it had to wait for its
/// turn, say, that is no fault of the client's.
pub(crate) struct MinDataRate {
    allowed: Duration,
    /// Bytes for each of which the client has this part of a second more.
    rate: u64,
    received: u64,
    /// What has been waited until `since`.
    waited: Duration,
    /// The service waits, since then.
    since: Option<Instant>,
    timer: Pin<Box<Sleep>>,
    /// The time was up when the task last looked.
    last_look: bool,
}

impl MinDataRate {
    /// For a body that may take so long, and one second more for each `rate` bytes. To be called in the runtime.
    pub(crate) fn new(allowed: Duration, rate: u64) -> Self {
        let timer = Box::pin(tokio::time::sleep(allowed));
        Self {
            allowed,
            rate,
            received: 0,
            waited: Duration::ZERO,
            since: None,
            timer,
            last_look: false,
        }
    }

    /// So many bytes have come.
    pub(crate) fn received(&mut self, bytes: u64) {
        self.waited += self.since.take().map_or(Duration::ZERO, |since| since.elapsed());
        self.received = self.received.saturating_add(bytes);
        self.last_look = false;
    }

    /// Ready when the client has had its time; else the task is woken when it will have had.
    pub(crate) fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let since = *self.since.get_or_insert_with(Instant::now);
        loop {
            ready!(self.timer.as_mut().poll(cx));
            let Some(end) = since.checked_add(self.unread()) else { return Poll::Pending };
            if end <= Instant::now() {
                break;
            }
            self.timer.as_mut().reset(end.into());
        }
        // When a handler has held the loop, bytes may be there that nobody has read yet: they are, in one turn of the loop.
        if !std::mem::replace(&mut self.last_look, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    /// How much longer than until `since` it may be waited.
    fn unread(&self) -> Duration {
        let more = Duration::from_millis(self.received.saturating_mul(1000) / self.rate);
        self.allowed.saturating_add(more).saturating_sub(self.waited)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn every_so_many_bytes_give_a_second_more() {
        let mut rate = MinDataRate::new(20 * SECOND, 500);
        assert_eq!(rate.unread(), 20 * SECOND);
        rate.received(250);
        rate.received(250);
        assert_eq!(rate.unread(), 21 * SECOND);
        rate.waited = 20 * SECOND;
        assert_eq!(rate.unread(), SECOND);
        rate.received(100);
        assert_eq!(rate.unread(), SECOND + SECOND / 5);
        rate.waited = 60 * SECOND;
        assert_eq!(rate.unread(), Duration::ZERO);
        rate.received(u64::MAX);
        assert!(rate.unread() > SECOND, "it advance not overflow");
    }

    #[tokio::test]
    async fn a_task_that_is_late_looks_once_more() {
        let mut rate = MinDataRate::new(Duration::ZERO, 500);
        let mut cx = Context::from_waker(std::task::Waker::noop());
        while !rate.last_look {
            assert!(rate.poll_over(&mut cx).is_pending());
            tokio::task::yield_now().await;
        }
        // What that look finds is no longer late.
        rate.received(0);
        assert!(!rate.last_look);
    }
}
