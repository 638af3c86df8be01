//! Whether a handler's jobs sleep or compute, learned from looks at the threads that run them.
//!
//! A job that only waits needs a thread and no core. Once a handler is known to sleep, its jobs need not wait for those that
//! compute: they go in a lane of their own, and a worker gives its token away as it begins one (see `queue.rs` and
//! `sizing.rs`).
//!
//! The monitor's looks come at random times of a job, so the share of them that finds it asleep is the share of its time
//! that it sleeps. They come only while work waits, which is when it matters. Nobody looks at jobs that nothing waits
//! for; so a worker that has given its token away for a job reads how long that job really computed, and says so if it
//! was long.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A handler that is found asleep in this share of the looks sleeps, …
const SLEEPS: u32 = ALWAYS / 4 * 3;
const ALWAYS: u32 = 1 << 16;
/// … of which the newest counts for one part in so many: eleven looks in a row make a sleeper, three unmake it.
const WEIGHT: u32 = 8;

/// A job of a sleeper that computes longer than this is no sleep: it should have had a token.
pub(crate) const SHORT: Duration = Duration::from_millis(1);

/// What is known of one handler. The model checker has no interest in it, and its atomics cannot be made in a constant.
pub(crate) struct Habit(AtomicU32);

impl Habit {
    /// Nothing is known: the jobs are taken to compute.
    pub(crate) const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// A look at one of its jobs. Two at once may count as one.
    pub(crate) fn saw(&self, asleep: bool) {
        let share = self.0.load(Ordering::Relaxed);
        let newest = if asleep { ALWAYS / WEIGHT } else { 0 };
        self.0.store(share - share / WEIGHT + newest, Ordering::Relaxed);
    }

    pub(crate) fn sleeps(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= SLEEPS
    }
}

#[cfg(test)]
mod tests {
    use super::Habit;

    #[test]
    fn a_new_handler_is_taken_to_compute() {
        assert!(!Habit::new().sleeps());
    }

    #[test]
    fn eleven_looks_asleep_make_a_sleeper_and_three_awake_unmake_it() {
        let habit = Habit::new();
        let until = |asleep: bool| {
            (1..100).find(|_| {
                habit.saw(asleep);
                habit.sleeps() == asleep
            })
        };
        assert_eq!(until(true), Some(11));
        for _ in 0..1000 {
            habit.saw(true);
        }
        assert_eq!(until(false), Some(3));
    }

    #[test]
    fn one_that_computes_half_of_its_time_is_no_sleeper() {
        let habit = Habit::new();
        for look in 0..1000 {
            habit.saw(look % 2 == 0);
            assert!(!habit.sleeps());
        }
    }
}
