//! Whether a loop that has nothing to do goes on looking at its sockets for a while, or sleeps.
//!
//! To fall asleep and be woken costs several microseconds of two threads, more where the core belongs to a virtual machine
//! and is handed back to the host meanwhile. A loop that would be woken within that time is better off awake. It cannot know
//! beforehand, so it learns: it looks only after a sleep that was that short, and each time in a row that it has looked in vain it
//! sleeps twice as often before it tries again. A loop that waits for somebody on its own core would always look in vain, and
//! keep them from running. What a look finds is a request that begins or ends; all else counts as in vain, on the safe side.
//! KVM's halt polling learns in a similar way how long to poll.

use std::time::{Duration, Instant};

use super::measure::Rest;

/// How long a loop looks before it sleeps, at most; workers look about as long.
const LONGEST: Duration = Duration::from_micros(20);

/// At most this many sleeps without a look follow a look in vain.
const MOST_SLEEPS: u32 = 1023;

/// What a loop knows of its last looks and sleeps.
#[derive(Debug, Default)]
pub(super) struct Looks {
    /// When it began to look, and what had been done by then.
    looking: Option<(Instant, u64)>,
    /// When it fell asleep.
    asleep: Option<Instant>,
    /// Whether the last sleep was short.
    was_short: bool,
    /// How many sleeps the last look in vain cost,
    penalty: u32,
    /// and how many of them are left.
    sleeps: u32,
    /// When it last looked, and what had been done by then.
    last_look: Option<(Instant, u64)>,
    rest: Rest,
}

/// What a loop with nothing to do is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Idle {
    Look,
    Sleep,
}

impl Looks {
    /// There is nothing to do. `done` counts what has been done.
    pub(super) fn idle(&mut self, now: Instant, done: u64) -> Idle {
        if let Some((look, before)) = self.last_look.take()
            && before == done
        {
            self.rest.looked += now.duration_since(look);
        }
        let idle = self.look_or_sleep(now, done);
        match idle {
            Idle::Look => self.last_look = Some((now, done)),
            Idle::Sleep => self.asleep = Some(now),
        }
        idle
    }

    /// There may be something to do.
    pub(super) fn woken(&mut self, now: Instant) {
        if let Some(since) = self.asleep.take() {
            let slept = now.duration_since(since);
            self.was_short = slept < LONGEST;
            self.rest.slept += slept;
        }
    }

    /// How long it has looked in vain so far, and slept.
    pub(super) fn rest(&self) -> Rest {
        self.rest
    }

    fn look_or_sleep(&mut self, now: Instant, done: u64) -> Idle {
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
        Idle::Sleep
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

        /// After a short sleep.
        fn looking() -> Self {
            let mut one = Self::new();
            assert_eq!(one.idle(), Idle::Sleep);
            one.passes(SHORT);
            assert_eq!(one.idle(), Idle::Look);
            one
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

        /// Looks in vain, and sleeps a short time for as often as it wants to; then it looks again.
        fn looks_in_vain(&mut self) -> u32 {
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
    fn a_loop_that_slept_long_after_all_sleeps_again() {
        let mut one = Loop::looking();
        one.passes(LONGEST);
        assert_eq!(one.idle(), Idle::Sleep, "in vain");
        one.passes(LONGEST);
        assert_eq!(one.idle(), Idle::Sleep, "long, and the penalty is paid");
    }

    #[test]
    fn a_look_in_vain_ends_and_each_in_a_row_costs_more_sleeps() {
        let mut one = Loop::looking();
        assert_eq!([1, 3, 7].map(|_| one.looks_in_vain()), [1, 3, 7]);
        for _ in 0..20 {
            one.looks_in_vain();
        }
        assert_eq!(one.looks_in_vain(), MOST_SLEEPS);
        one.works();
        assert_eq!(one.idle(), Idle::Look);
        assert_eq!(one.looks_in_vain(), 1, "a look that found something makes up for all");
    }
}
