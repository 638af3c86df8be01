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
//!
//! The interval follows what the clients do. Those that ask again when they have heard, and not
//! before, are as many as ever while they wait longer: then fewer refusals cost less and tell them
//! the same, so the interval grows until each waits for about [`HOLD`]. Clients that come by a
//! schedule pile up meanwhile: holding them back saves nothing, so the interval shrinks again.

use std::time::{Duration, Instant};

use crate::sync::Mutex;

/// The largest number of refusals per second and core. A server at ten times its capacity refuses
/// about this many with jobs of 5 ms (bench `overload`), and then each comes at once.
const MOST_PER_SECOND_AND_CORE: u64 = 2000;
/// The largest number of intervals of [`MOST_PER_SECOND_AND_CORE`] that the interval may grow to.
const LONGEST_INTERVAL: u64 = 8;
/// The time whose refusals may come at once after a quiet while.
const BURST: Duration = Duration::from_millis(100);
/// The time that clients wait when they ask again at once. It is half of what people notice as a
/// delay, and less than the second that `Retry-After` says at the least.
const HOLD: Duration = Duration::from_millis(400);
/// The time between two looks at what clients do, besides twice the time that they wait.
const LOOK: Duration = Duration::from_millis(100);
/// The time for which the interval does not grow when clients have piled up.
const CALM: Duration = Duration::from_secs(2);
/// Refusals that are held back are due at multiples of this time, so that one wake-up of a loop
/// brings several.
const BATCH: Duration = Duration::from_millis(4);

pub(super) struct Pacer {
    /// One burst before the pool began, so that the first refusals may be a burst.
    epoch: Instant,
    /// The shortest interval.
    shortest: u64,
    pace: Mutex<Pace>,
}

/// All times are in nanoseconds since the epoch.
struct Pace {
    /// The time between two refusals.
    interval: u64,
    /// When the next refusal is due.
    next: u64,
    /// When the clients are looked at again.
    look_at: u64,
    /// The number of clients that waited at the last look.
    waited: u64,
    /// The time before which the interval does not grow.
    calm_until: u64,
}

impl Pacer {
    pub(super) fn new(parallelism: u32, now: Instant) -> Self {
        let shortest = 1_000_000_000 / (MOST_PER_SECOND_AND_CORE * u64::from(parallelism.max(1)));
        let pace = Pace { interval: shortest, next: 0, look_at: 0, waited: 0, calm_until: 0 };
        let epoch = now.checked_sub(BURST).unwrap_or(now);
        Self { epoch, shortest, pace: Mutex::new(pace) }
    }

    /// Returns when a refusal is to reach its caller, or `None` if it may do so at once.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        let now = nanos(now.saturating_duration_since(self.epoch));
        let due = {
            let mut pace = self.pace.lock();
            if now >= pace.look_at {
                pace.look(now, self.shortest);
            }
            pace.next = pace.next.max(now.saturating_sub(nanos(BURST))) + pace.interval;
            pace.next
        };
        (due > now).then(|| self.epoch + Duration::from_nanos(due.next_multiple_of(nanos(BATCH))))
    }
}

impl Pace {
    /// Adapts the interval to what the clients did since the last look.
    fn look(&mut self, now: u64, shortest: u64) {
        let wait = self.next.saturating_sub(now);
        let waiting = wait / self.interval;
        let before = std::mem::replace(&mut self.waited, waiting);
        if waiting > before + before / 4 || waiting == 0 {
            // They pile up, or there are few.
            self.interval = (self.interval / 2).max(shortest);
            if waiting > 0 {
                self.calm_until = now + nanos(CALM);
            }
        } else if waiting >= before - before / 4 && wait < nanos(HOLD) && now >= self.calm_until {
            self.interval = (self.interval * 3 / 2).min(shortest * LONGEST_INTERVAL);
        }
        self.look_at = now + nanos(LOOK) + 2 * wait.min(nanos(HOLD));
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

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

    /// The refusals per second, in the last of some seconds, that clients get who ask again when
    /// they have heard.
    fn per_second_of_clients_that_wait(clients: u32) -> usize {
        let (pacer, start) = pacer();
        let mut asks: BinaryHeap<_> = (0..clients).map(|_| Reverse(start)).collect();
        let mut last_second = 0;
        while let Some(Reverse(now)) = asks.pop().filter(|now| now.0 < start + 20_000 * MS) {
            last_second += usize::from(now >= start + 19_000 * MS);
            asks.push(Reverse(pacer.due(now).unwrap_or(now + MS)));
        }
        last_second
    }

    #[test]
    fn clients_that_ask_again_at_once_wait_for_half_a_second_and_are_refused_less_often() {
        assert!((200..=750).contains(&per_second_of_clients_that_wait(200)));
        // However many there are, refusals do not come faster than before.
        assert!((1900..=2100).contains(&per_second_of_clients_that_wait(5000)));
    }

    #[test]
    fn clients_that_come_by_a_schedule_are_refused_as_fast_as_ever() {
        let (pacer, start) = pacer();
        // Twice as many as may be refused, for two seconds; then nine tenths of it.
        for refusal in 0..8000 {
            pacer.due(start + refusal * MS / 4);
        }
        let due = |refusal: u32| {
            let now = start + 6000 * MS + refusal * MS * 5 / 9;
            pacer.due(now).map_or(Duration::ZERO, |due| due - now)
        };
        let late = (0..18_000).map(due).filter(|&wait| wait > 50 * MS).count();
        assert!(late < 180, "{late} of 18,000 wait for more than 50 ms");
    }
}
