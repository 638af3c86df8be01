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
//! before, are as many as ever while they wait longer. Fewer refusals cost less then and tell them
//! the same, so the interval grows. Clients that come by a schedule pile up meanwhile: holding them
//! back saves nothing, so the interval shrinks again. No client waits for longer than [`HOLD`],
//! because one that gives up and connects anew costs more than a refusal.

use std::time::{Duration, Instant};

use crate::clock::nanos;
use crate::sync::Mutex;

/// The number of refusals per second and core that come at once. A server at ten times its capacity
/// refuses about this many with jobs of 5 ms (bench `overload`).
const PER_SECOND_AND_CORE: u64 = 2000;
/// The largest interval, as a multiple of the shortest.
const LONGEST_INTERVAL: u64 = 32;
/// The time whose refusals may come at once after a quiet while.
const BURST: Duration = Duration::from_millis(100);
/// The longest time for which a refusal is held back. It is less than the second that `Retry-After`
/// says at the least.
const HOLD: Duration = Duration::from_millis(750);
/// The shortest time for which refusals are counted, to see what the clients do.
const COUNT: Duration = Duration::from_millis(50);
/// The time for which the interval does not grow when clients have piled up.
const CALM: Duration = Duration::from_secs(1);
/// Refusals that are held back are due at multiples of this time, so that one wake-up of a loop
/// brings several.
const BATCH: Duration = Duration::from_millis(4);

pub(super) struct Pacer {
    /// One burst before the pool began, so that the first refusals may be a burst.
    epoch: Instant,
    pace: Mutex<Pace>,
}

/// All times are in nanoseconds since the epoch.
struct Pace {
    /// The shortest interval.
    shortest: u64,
    /// The time between two refusals.
    interval: u64,
    /// When the next refusal is due.
    next: u64,
    /// The number of refusals since `count_from`, which is when clients have heard that wait for as
    /// long as now.
    refusals: u64,
    count_from: u64,
    /// When the interval is adapted to the count.
    adapt_at: u64,
    /// The time before which the interval does not grow.
    calm_until: u64,
}

impl Pacer {
    pub(super) fn new(cores: u32, now: Instant) -> Self {
        let shortest = shortest_interval(cores);
        let pace = Pace {
            shortest,
            interval: shortest,
            next: 0,
            refusals: 0,
            count_from: 0,
            adapt_at: 0,
            calm_until: 0,
        };
        let epoch = now.checked_sub(BURST).unwrap_or(now);
        Self { epoch, pace: Mutex::new(pace) }
    }

    /// Changes the number of refusals that come at once.
    pub(super) fn set_cores(&self, cores: u32) {
        let mut pace = self.pace.lock();
        pace.shortest = shortest_interval(cores);
        pace.interval = pace.interval.max(pace.shortest);
    }

    /// Returns when a refusal is to reach its caller, or `None` if it may do so at once.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        let now = nanos(now.saturating_duration_since(self.epoch));
        let due = {
            let mut pace = self.pace.lock();
            if now >= pace.adapt_at {
                pace.adapt(now);
            }
            pace.refusals += u64::from(now >= pace.count_from);
            let next = pace.next.max(now.saturating_sub(nanos(BURST))) + pace.interval;
            pace.next = next.min(now + nanos(HOLD));
            pace.next
        };
        (due > now).then(|| self.epoch + Duration::from_nanos(due.next_multiple_of(nanos(BATCH))))
    }
}

impl Pace {
    /// Adapts the interval to what the clients did.
    fn adapt(&mut self, now: u64) {
        let came = std::mem::take(&mut self.refusals);
        let heard = (now - self.count_from) / self.interval;
        let wait = self.next.saturating_sub(now);
        // Those who wait for the whole hold hear at the same rate with the shortest interval.
        let pile_up = came > heard + heard / 4 || wait > nanos(HOLD) / 10 * 9;
        let wait_for_it = came >= heard - heard / 8 && wait < nanos(HOLD) / 2;
        if wait == 0 || pile_up {
            let waiting = wait / self.interval;
            self.interval = (self.interval / 2).max(self.shortest);
            self.next = self.next.min(now + waiting * self.interval);
            self.count_from = now;
            self.adapt_at = now + nanos(COUNT);
        } else {
            self.count_from = now + wait;
            self.adapt_at = now + 2 * wait + nanos(COUNT);
        }
        if pile_up {
            self.calm_until = now + nanos(CALM);
        } else if wait > 0 && wait_for_it && now >= self.calm_until {
            self.interval = (self.interval * 2).min(self.shortest * LONGEST_INTERVAL);
        }
    }
}

fn shortest_interval(cores: u32) -> u64 {
    1_000_000_000 / (PER_SECOND_AND_CORE * u64::from(cores.max(1)))
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
        assert!(last >= 750 * MS && last <= 754 * MS, "{last:?}");
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

    /// Has clients ask again when they have heard, for 20 s. Returns the number of refusals in the
    /// second half of them.
    fn ask_again(pacer: &Pacer, start: Instant, clients: u32) -> usize {
        let mut asks: BinaryHeap<_> = (0..clients).map(|_| Reverse(start)).collect();
        let mut refusals = 0;
        while let Some(Reverse(now)) = asks.pop().filter(|now| now.0 < start + 20_000 * MS) {
            refusals += usize::from(now >= start + 10_000 * MS);
            asks.push(Reverse(pacer.due(now).unwrap_or(now + MS)));
        }
        refusals
    }

    #[test]
    fn clients_that_ask_again_at_once_wait_for_up_to_the_hold_and_are_refused_less_often() {
        let (pacer, start) = pacer();
        let of_200 = ask_again(&pacer, start, 200);
        assert!((2500..=8000).contains(&of_200), "{of_200} in 10 s");
        let of_5000 = ask_again(&pacer, start + 20_000 * MS, 5000);
        assert!((64_000..=72_000).contains(&of_5000), "{of_5000} in 10 s");
    }

    /// The number of refusals that are held back for more than 50 ms, of those that come at this
    /// rate per second in this time.
    fn late(pacer: &Pacer, from: Instant, per_second: u32, seconds: u32) -> usize {
        let waits = (0..per_second * seconds).map(|refusal| {
            let now = from + Duration::from_secs(1) * refusal / per_second;
            pacer.due(now).map_or(Duration::ZERO, |due| due - now)
        });
        waits.filter(|&wait| wait > 50 * MS).count()
    }

    #[test]
    fn clients_that_come_by_a_schedule_hear_at_once_after_more_than_can_be_refused_at_once() {
        let (pacer, start) = pacer();
        late(&pacer, start, 4000, 2);
        let late = late(&pacer, start + 4000 * MS, 1800, 10);
        assert!(late < 180, "{late} of 18,000 wait for more than 50 ms");
    }

    #[test]
    fn clients_that_come_by_a_schedule_hear_at_once_some_seconds_after_those_that_wait() {
        let (pacer, start) = pacer();
        ask_again(&pacer, start, 200);
        let now = start + 20_000 * MS;
        assert!(late(&pacer, now, 1800, 1) > 900, "the interval has grown");
        late(&pacer, now + 1000 * MS, 1800, 9);
        assert_eq!(late(&pacer, now + 10_000 * MS, 1800, 10), 0);
    }
}
