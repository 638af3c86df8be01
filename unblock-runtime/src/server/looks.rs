//! Whether a loop that has nothing to do looks at its sockets once more, or sleeps.
//!
//! To fall asleep and be woken costs several microseconds of two threads, more where the core belongs to a virtual machine
//! and is handed back to the host meanwhile. A loop that would be woken within that time is better off awake. Nobody knows
//! beforehand, so it is learned: a loop looks again only after a sleep that was that short, and whenever it has looked in vain
//! it sleeps more often before it tries again, twice as often each time. A loop that waits for somebody on its own core would
//! always look in vain, and keep him from it. KVM's halt polling works by the same rule.

use std::time::{Duration, Instant};

/// So long a loop looks before it sleeps, at the most; workers look about as long.
const LONGEST: Duration = Duration::from_micros(20);

/// So often at the most a loop sleeps at once for a look that was in vain.
const MOST_SLEEPS: u32 = 1023;

/// What a loop knows of its last looks and sleeps.
#[derive(Debug, Default)]
pub(super) struct Looks {
    /// Since when it looks, and what had been done by then.
    looking: Option<(Instant, u64)>,
    /// Since when it sleeps.
    asleep: Option<Instant>,
    /// Whether the last sleep was short.
    was_short: bool,
    /// How often it is to sleep at once after the next look in vain,
    penalty: u32,
    /// and how often it still is for the last one.
    sleeps: u32,
}

/// What a loop is to do that has nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Idle {
    Look,
    Sleep,
}

impl Looks {
    /// There is nothing to do. `done` counts what has been done.
    pub(super) fn idle(&mut self, now: Instant, done: u64) -> Idle {
        match self.looking {
            Some((_, before)) if before != done => self.penalty = 0,
            Some((since, _)) if now.duration_since(since) < LONGEST => return Idle::Look,
            Some(_) => {
                self.penalty = (2 * self.penalty + 1).min(MOST_SLEEPS);
                self.sleeps = self.penalty;
            }
            None => {}
        }
        self.looking = None;
        if self.was_short && self.sleeps == 0 {
            self.looking = Some((now, done));
            return Idle::Look;
        }
        self.sleeps = self.sleeps.saturating_sub(1);
        self.asleep = Some(now);
        Idle::Sleep
    }

    /// There may be something to do.
    pub(super) fn woken(&mut self, now: Instant) {
        if let Some(since) = self.asleep.take() {
            self.was_short = now.duration_since(since) < LONGEST;
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_micros(5);

    struct Loop {
        looks: Looks,
        now: Instant,
        done: u64,
    }

    impl Loop {
        fn new() -> Self {
            Self { looks: Looks::default(), now: Instant::now(), done: 0 }
        }

        fn idle(&mut self) -> Idle {
            self.looks.idle(self.now, self.done)
        }

        fn passes(&mut self, time: Duration) {
            self.now += time;
            self.looks.woken(self.now);
        }

        fn works(&mut self) {
            self.done += 1;
        }

        /// Looks in vain, and sleeps a short time at once for as often as it wants to.
        fn looks_in_vain(&mut self) -> u32 {
            assert_eq!(self.idle(), Idle::Look);
            self.passes(LONGEST);
            let mut sleeps = 0;
            while self.idle() == Idle::Sleep {
                sleeps += 1;
                self.passes(SHORT);
            }
            sleeps
        }
    }

    #[test]
    fn a_loop_that_slept_long_sleeps_again() {
        let mut one = Loop::new();
        for _ in 0..3 {
            assert_eq!(one.idle(), Idle::Sleep);
            one.passes(LONGEST);
            one.works();
        }
    }

    #[test]
    fn a_loop_that_slept_a_short_time_looks_for_as_long_as_it_finds_something() {
        let mut one = Loop::new();
        assert_eq!(one.idle(), Idle::Sleep);
        one.passes(SHORT);
        for _ in 0..100 {
            one.works();
            assert_eq!(one.idle(), Idle::Look);
            one.passes(SHORT);
            assert_eq!(one.idle(), Idle::Look, "it has not looked for long");
            one.passes(SHORT);
        }
    }

    #[test]
    fn a_look_in_vain_ends_and_each_is_followed_by_more_sleeps() {
        let mut one = Loop::new();
        assert_eq!(one.idle(), Idle::Sleep);
        one.passes(SHORT);
        assert_eq!(one.looks_in_vain(), 1);
        one.looks.looking = None;
        assert_eq!(one.looks_in_vain(), 3);
        one.looks.looking = None;
        assert_eq!(one.looks_in_vain(), 7);
        for _ in 0..20 {
            one.looks.looking = None;
            assert!(one.looks_in_vain() <= MOST_SLEEPS);
        }
        one.works();
        assert_eq!(one.idle(), Idle::Look);
        assert_eq!(one.looks.penalty, 0, "a look that found something makes up for all");
    }
}
