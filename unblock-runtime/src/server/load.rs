//! How much the loops of a server have to do, each as it knows of itself and as it shows the others.
//!
//! A loop with too much to do is one that is hardly ever idle. But one with little to do may be late with it too, when another
//! thread runs on its core, of this program or of another, and it has to wait for that.
//!
//! What is shown of a loop is out of date while the loop sleeps, which it may for long, and while its handler blocks it. So it
//! also shows when it fell asleep, or last was seen awake.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long a load is measured: two ticks of the scheduler at 250 Hz, so that a loop that takes turns with another thread has had both.
pub(super) const SPAN: Duration = Duration::from_millis(8);

/// A loop that is awake and has shown nothing for this long is taken to be blocked.
const SILENCE: Duration = Duration::from_millis(32);

/// A loop that is idle for less has no time for more.
const LITTLE: u32 = 20;

/// A loop that is idle for this long has time for what another has too much of.
const MUCH: u32 = 100;

/// A core that is waited for this long belongs to others as well.
const SHARED: u32 = 50;

/// After this long, half of a waiting is forgotten.
const FORGETTING: Duration = Duration::from_millis(256);

/// What became of a loop's time, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Load {
    /// There was nothing to do.
    pub(super) idle: u32,
    /// There was something to do, and the core did something else.
    pub(super) waiting: u32,
}

impl Load {
    const NONE: Self = Self { idle: 1000, waiting: 0 };
    const ALL: Self = Self { idle: 0, waiting: 0 };

    pub(super) fn busy(self) -> u32 {
        1000 - self.idle - self.waiting
    }

    /// Whether this is clearly less to do than `other`.
    pub(super) fn is_lighter_than(self, other: Self) -> bool {
        2 * self.busy() < other.busy()
    }

    /// Whether a loop with this load waits for its core where one with the load `other` would not. It gives connections to that for
    /// as long as it has any time left.
    pub(super) fn has_a_worse_core_than(self, other: Self) -> bool {
        self.waiting >= SHARED && self.waiting >= 2 * other.waiting && other.idle >= LITTLE
    }

    /// Whether this is too much to do, and `other` is little. It is no help to give connections to a loop that has waited for its
    /// core of `late`: they would take its time from another thread there, which may be the client.
    pub(super) fn is_too_much_beside(self, other: Self, late: u32) -> bool {
        self.idle < LITTLE && other.idle >= MUCH && late < SHARED
    }
}

/// The load that a loop shows the others. Nothing follows from it but who serves which connection.
#[derive(Debug)]
pub(super) struct Shown {
    began: Instant,
    /// The idle part, times 2¹⁶, and the waiting part.
    load: AtomicU32,
    /// When the loop last showed something, in nanoseconds, times two, and whether it has slept since.
    sign: AtomicU64,
    /// When it last waited for long, in milliseconds, times 2¹⁶, and for how long.
    waiting: AtomicU64,
}

impl Shown {
    /// Of a loop that has not begun.
    pub(super) fn new() -> Self {
        let load = AtomicU32::new(Load::NONE.idle << 16);
        Self { began: Instant::now(), load, sign: AtomicU64::new(1), waiting: AtomicU64::new(0) }
    }

    /// The loop has this load now.
    pub(super) fn set(&self, load: Load, now: Instant) {
        self.note(load, now);
        if load.waiting >= self.waited_of_late(now) {
            self.waiting.store(self.millis(now) << 16 | u64::from(load.waiting), Ordering::Relaxed);
        }
    }

    pub(super) fn falls_asleep(&self, now: Instant) {
        self.give_a_sign(now, true);
    }

    /// Says whether the loop has slept for so long that its load is forgotten.
    pub(super) fn wakes(&self, now: Instant) -> bool {
        let load = self.get(now);
        self.note(load, now);
        load == Load::NONE
    }

    fn note(&self, load: Load, now: Instant) {
        self.load.store(load.idle << 16 | load.waiting, Ordering::Relaxed);
        self.give_a_sign(now, false);
    }

    fn give_a_sign(&self, now: Instant, asleep: bool) {
        self.sign.store(self.nanos(now) << 1 | u64::from(asleep), Ordering::Relaxed);
    }

    /// The load of the loop, as far as it can be told.
    pub(super) fn get(&self, now: Instant) -> Load {
        let load = self.load.load(Ordering::Relaxed);
        let sign = self.sign.load(Ordering::Relaxed);
        let since = Duration::from_nanos(self.nanos(now).saturating_sub(sign >> 1));
        let is_asleep = sign & 1 == 1;
        if is_asleep && since >= SPAN {
            Load::NONE
        } else if !is_asleep && since >= SILENCE {
            Load::ALL
        } else {
            Load { idle: load >> 16, waiting: load & 0xffff }
        }
    }

    /// The longest waiting of late.
    pub(super) fn waited_of_late(&self, now: Instant) -> u32 {
        let waiting = self.waiting.load(Ordering::Relaxed);
        let since = u128::from(self.millis(now).saturating_sub(waiting >> 16));
        let halves = u32::try_from(since / FORGETTING.as_millis()).unwrap_or(u32::MAX);
        u32::try_from(waiting & 0xffff).unwrap_or_default().checked_shr(halves).unwrap_or(0)
    }

    fn nanos(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.began).as_nanos()).unwrap_or(u64::MAX)
    }

    fn millis(&self, now: Instant) -> u64 {
        self.nanos(now) / 1_000_000
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn load(idle: u32, waiting: u32) -> Load {
        Load { idle, waiting }
    }

    #[test]
    fn what_waits_for_its_core_gives_to_what_does_not_while_that_has_time() {
        let waits = load(400, 300);
        assert!(waits.has_a_worse_core_than(load(LITTLE, 0)));
        assert!(!waits.has_a_worse_core_than(load(LITTLE - 1, 0)), "it has no time");
        assert!(!waits.has_a_worse_core_than(load(500, 200)), "it waits as well");
        assert!(!load(400, SHARED - 1).has_a_worse_core_than(load(1000, 0)), "it hardly waits");
    }

    #[test]
    fn what_is_full_gives_to_what_has_much_time_and_a_core_of_its_own() {
        let full = load(0, 0);
        assert!(full.is_too_much_beside(load(MUCH, 0), SHARED - 1));
        assert!(!full.is_too_much_beside(load(MUCH - 1, 0), 0));
        assert!(!full.is_too_much_beside(load(900, 0), SHARED), "its core is wanted by others");
        assert!(!load(LITTLE, 0).is_too_much_beside(load(1000, 0), 0), "it has some time itself");
    }

    #[test]
    fn a_waiting_is_forgotten_in_time() {
        let shown = Shown::new();
        let begin = Instant::now();
        shown.set(load(0, 600), begin);
        assert_eq!(shown.waited_of_late(begin), 600);
        let late = begin + FORGETTING + SPAN;
        shown.set(load(900, 100), late);
        assert_eq!(shown.waited_of_late(late), 300, "a shorter one does not count");
        assert_eq!(shown.waited_of_late(begin + 100 * FORGETTING), 0);
    }

    #[test]
    fn a_loop_that_has_slept_for_long_has_nothing_to_do() {
        let shown = Shown::new();
        let begin = Instant::now();
        shown.set(load(0, 100), begin);
        shown.falls_asleep(begin);
        assert_eq!(
            shown.get(begin + SPAN / 2),
            load(0, 100),
            "a short sleep is in the load already"
        );
        assert_eq!(shown.get(begin + 2 * SILENCE), Load::NONE);
        shown.wakes(begin + 2 * SILENCE);
        assert_eq!(shown.get(begin + 2 * SILENCE), Load::NONE, "it has measured nothing since");
    }

    #[test]
    fn a_loop_that_is_awake_and_shows_nothing_has_no_time() {
        let shown = Shown::new();
        let begin = Instant::now();
        assert_eq!(shown.get(begin + SPAN), Load::NONE, "it has not begun");
        shown.wakes(begin);
        shown.set(load(1000, 0), begin);
        assert_eq!(shown.get(begin + SILENCE / 2), load(1000, 0));
        assert_eq!(shown.get(begin + SILENCE), Load::ALL);
    }
}
