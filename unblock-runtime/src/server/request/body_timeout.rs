//! The time that a client may take for the body of its request, given as a minimum data rate.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::time::Sleep;

/// The time that a client has for a body, which each byte extends, and the time that it has taken.
///
/// Only the time counts in which the service waits for the client. A service that reads late,
/// because it had to wait itself, does not use up the client's time.
pub(super) struct MinDataRate {
    /// Time that a client has for any body.
    grace: Duration,
    /// Minimum rate: each `rate` bytes that arrive extend the time by one second.
    rate: u64,
    /// Number of bytes that have arrived.
    received: u64,
    /// Time that the service has waited until `waiting_since`.
    waited: Duration,
    /// Start of the present wait, if the service waits.
    waiting_since: Option<Instant>,
    timer: Pin<Box<Sleep>>,
    /// Whether the time was up at the last poll.
    was_expired: bool,
}

impl MinDataRate {
    /// Creates the limit for one body. Must be called within the runtime.
    pub(super) fn new(grace: Duration, rate: u64) -> Self {
        Self {
            grace,
            rate,
            received: 0,
            waited: Duration::ZERO,
            waiting_since: None,
            timer: Box::pin(tokio::time::sleep(grace)),
            was_expired: false,
        }
    }

    /// Notes that bytes have arrived.
    pub(super) fn received(&mut self, bytes: u64) {
        self.waited += self.waiting_since.take().map_or(Duration::ZERO, |since| since.elapsed());
        self.received = self.received.saturating_add(bytes);
        self.was_expired = false;
    }

    /// Waits for the client, until its time is up.
    pub(super) fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        loop {
            ready!(self.timer.as_mut().poll(cx));
            let Some(end) = since.checked_add(self.remaining()) else { return Poll::Pending };
            if end <= Instant::now() {
                break;
            }
            self.timer.as_mut().reset(end.into());
        }
        // If a handler has blocked the loop, bytes may have arrived that were not read yet. They
        // are read within one turn of the loop.
        if !std::mem::replace(&mut self.was_expired, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    /// Returns the time that the client has left, counted from `waiting_since`.
    fn remaining(&self) -> Duration {
        let extension = Duration::from_millis(self.received.saturating_mul(1000) / self.rate);
        self.grace.saturating_add(extension).saturating_sub(self.waited)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn each_rate_bytes_give_a_second_more() {
        let mut rate = MinDataRate::new(20 * SECOND, 500);
        assert_eq!(rate.remaining(), 20 * SECOND);
        rate.received(250);
        rate.received(250);
        assert_eq!(rate.remaining(), 21 * SECOND);
        rate.waited = 20 * SECOND;
        assert_eq!(rate.remaining(), SECOND);
        rate.received(100);
        assert_eq!(rate.remaining(), SECOND + SECOND / 5);
        rate.waited = 60 * SECOND;
        assert_eq!(rate.remaining(), Duration::ZERO);
        rate.received(u64::MAX);
        assert!(rate.remaining() > SECOND, "it does not overflow");
    }

    #[tokio::test]
    async fn a_task_that_is_late_polls_once_more() {
        let mut rate = MinDataRate::new(Duration::ZERO, 500);
        let mut cx = Context::from_waker(std::task::Waker::noop());
        while !rate.was_expired {
            assert!(rate.poll_expired(&mut cx).is_pending());
            tokio::task::yield_now().await;
        }
        // Bytes that this poll finds are not late.
        rate.received(0);
        assert!(!rate.was_expired);
    }
}
