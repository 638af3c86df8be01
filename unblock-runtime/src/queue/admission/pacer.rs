//! When a refusal reaches its caller: at once while refusals are few, and spaced out when they are
//! many.
//!
//! A client that is refused may ask again at once, and a storm of such clients would take the cores
//! from the work: each refusal costs the server as much as a small request. (Mogul and
//! Ramakrishnan, "Eliminating Receive Livelock in an Interrupt-Driven Kernel", 1997.) A client that
//! has not heard yet does not ask again, so holding refusals back bounds their number, whatever
//! the clients do.
//!
//! The pacer is the generic cell rate algorithm (ITU-T I.371): it keeps the time at which the next
//! refusal is due, which each refusal moves on by one interval, and which may lag behind the clock
//! by a burst.

use std::time::{Duration, Instant};

use crate::sync::atomic::{AtomicU64, Ordering};

/// The number of refusals per second and core. A server at ten times its capacity refuses about
/// this many with jobs of 5 ms (bench `overload`), and then each comes at once.
const PER_SECOND_AND_CORE: u64 = 2000;
/// The time whose refusals may come at once after a quiet while.
const BURST: Duration = Duration::from_millis(100);
/// Refusals that are held back are due at multiples of this time, so that one wake-up of a loop
/// brings several.
const BATCH: Duration = Duration::from_millis(4);

pub(super) struct Pacer {
    /// One burst before the pool began, so that the first refusals may be a burst.
    epoch: Instant,
    /// The time between two refusals, in nanoseconds.
    interval: u64,
    /// When the next refusal is due, in nanoseconds since `epoch`.
    next: AtomicU64,
}

impl Pacer {
    pub(super) fn new(parallelism: u32, now: Instant) -> Self {
        let interval = 1_000_000_000 / (PER_SECOND_AND_CORE * u64::from(parallelism.max(1)));
        Self { epoch: now.checked_sub(BURST).unwrap_or(now), interval, next: AtomicU64::new(0) }
    }

    /// Returns when a refusal is to reach its caller, or `None` if it may do so at once.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        let elapsed = nanos(now.saturating_duration_since(self.epoch));
        let due = |next: u64| next.max(elapsed.saturating_sub(nanos(BURST))) + self.interval;
        let before = self
            .next
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |next| Some(due(next)))
            .unwrap_or_else(|next| next);
        let due = due(before);
        if due <= elapsed {
            return None;
        }
        Some(self.epoch + Duration::from_nanos(due.next_multiple_of(nanos(BATCH))))
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// With one core a refusal is due each half of a millisecond.
    fn pacer() -> (Pacer, Instant) {
        let start = Instant::now();
        (Pacer::new(1, start), start)
    }

    #[test]
    fn refusals_that_are_few_come_at_once() {
        let (pacer, start) = pacer();
        for refusal in 1..1000 {
            assert_eq!(pacer.due(start + refusal * MS), None);
        }
    }

    #[test]
    fn a_burst_comes_at_once_and_the_rest_is_spaced_out() {
        let (pacer, start) = pacer();
        let now = start + 1000 * MS;
        let due: Vec<_> = (0..2200).map(|_| pacer.due(now)).collect();
        assert_eq!(due.iter().filter(|due| due.is_none()).count(), 200, "those of 100 ms");
        let last = due[2199].unwrap() - now;
        assert!(last >= 1000 * MS && last <= 1004 * MS, "{last:?}");
        assert!(due.is_sorted());
    }

    #[test]
    fn time_makes_room_again() {
        let (pacer, start) = pacer();
        let now = start + 1000 * MS;
        (0..1000).for_each(|_| _ = pacer.due(now));
        assert!(pacer.due(now + 300 * MS).is_some());
        assert_eq!(pacer.due(now + 600 * MS), None);
    }
}
