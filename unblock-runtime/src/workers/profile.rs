//! Whether the jobs of a kind sleep or compute, learned from looks at the threads that run them.
//!
//! A job that only waits needs a thread and no core. Once a kind of job is known to sleep, its jobs need not wait for those that
//! compute: they go in a lane of their own, and a worker gives its token away as it begins one (see `queue.rs` and
//! `sizing.rs`).
//!
//! The monitor's looks come at random times of a job, so the share of them that finds it asleep is the share of its time
//! that it sleeps. They come only while work waits, which is when it matters. Nobody looks at jobs that nothing waits
//! for; so a worker that has given its token away for a job reads how long that job really computed, and says so if it
//! was long.
//!
//! Of a kind of which too little is known the monitor sends one job ahead as a *scout*, while work waits and nobody may take it:
//! so a kind that sleeps shows that before the queue has come to it. A pool has one scout out at a time, and none while one
//! worker too many computes: if a scout computes, it is that one.

use std::any::TypeId;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A kind that is found asleep in this share of the looks sleeps, …
const SLEEPS: u32 = ALWAYS / 4 * 3;
const ALWAYS: u32 = 1 << 16;
/// … of which the newest counts for one part in so many: eleven looks in a row make a sleeper, three unmake it.
const WEIGHT: u32 = 8;
/// Nobody has looked, or all who have found it asleep and were too few.
const UNDECIDED: u32 = 1 << 31;

/// A job of a sleeper that computes longer than this is no sleep: it should have had a token.
pub(crate) const SHORT: Duration = Duration::from_millis(1);

/// What jobs with the same code have in common: the type of their closures, which is one for each place in a program where
/// a closure is written, and so for each annotated function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind(u16);

/// Kinds share the places of a table by their hash. Of two in one place the one that sleeps is taken to compute when the other
/// is seen to, which is what was before anything was known.
const PLACES: usize = 1 << PLACE_BITS;
const PLACE_BITS: u32 = 12;

static HABITS: [Habit; PLACES] = [const { Habit::new() }; PLACES];

impl Kind {
    /// The kind of jobs with this closure.
    #[inline]
    pub(crate) fn of<F: 'static>() -> Self {
        let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
        TypeId::of::<F>().hash(&mut hasher);
        // So few bits that they fit.
        Self(u16::try_from(hasher.finish() >> (u64::BITS - PLACE_BITS)).unwrap_or_default())
    }

    pub(crate) fn number(self) -> u16 {
        self.0
    }

    /// The kind of this number, if there is one.
    pub(crate) fn numbered(number: u32) -> Option<Self> {
        u16::try_from(number).ok().filter(|&number| usize::from(number) < PLACES).map(Self)
    }

    pub(crate) fn habit(self) -> &'static Habit {
        &HABITS[usize::from(self.0)]
    }
}

/// The FNV-1a hash: short enough for the compiler to compute it.
struct Fnv(u64);

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// What is known of one kind. The model checker has no interest in it, and its atomics cannot be made in a constant.
pub(crate) struct Habit(AtomicU32);

impl Habit {
    /// Nothing is known: the jobs are taken to compute.
    const fn new() -> Self {
        Self(AtomicU32::new(UNDECIDED))
    }

    /// A look at one of its jobs; true if this made it a sleeper, or unmade it. Two at once may count as one.
    pub(crate) fn saw(&self, asleep: bool) -> bool {
        let before = self.0.load(Ordering::Relaxed);
        let share = before & !UNDECIDED;
        let newest = if asleep { ALWAYS / WEIGHT } else { 0 };
        let now = share - share / WEIGHT + newest;
        let undecided = if asleep && now < SLEEPS { before & UNDECIDED } else { 0 };
        self.0.store(now | undecided, Ordering::Relaxed);
        (share < SLEEPS) != (now < SLEEPS)
    }

    /// A scout has run that nobody saw, for so long: what is short needs no lane of its own.
    pub(crate) fn ended(&self, time: Duration) {
        if time < SHORT {
            let _ = self.0.compare_exchange(UNDECIDED, 0, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// Whether a job of it is to go ahead as a scout.
    pub(crate) fn is_undecided(&self) -> bool {
        self.0.load(Ordering::Relaxed) & UNDECIDED != 0
    }

    pub(crate) fn sleeps(&self) -> bool {
        (SLEEPS..UNDECIDED).contains(&self.0.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::{Habit, Kind, SHORT};

    #[test]
    fn a_new_kind_is_taken_to_compute() {
        assert!(Habit::new().is_undecided());
        assert!(!Habit::new().sleeps());
    }

    #[test]
    fn a_kind_whose_job_was_short_is_taken_to_compute() {
        let habit = Habit::new();
        habit.ended(SHORT);
        assert!(habit.is_undecided(), "nobody looked: it may have slept");
        habit.ended(SHORT / 2);
        assert!(!habit.is_undecided() && !habit.sleeps());
        (0..11).for_each(|_| _ = habit.saw(true));
        habit.ended(SHORT / 2);
        assert!(habit.sleeps(), "what was seen counts for more");
    }

    #[test]
    fn a_kind_is_decided_by_one_look_awake_or_eleven_asleep() {
        let habit = Habit::new();
        for _ in 0..10 {
            habit.saw(true);
            habit.ended(SHORT / 2);
            assert!(habit.is_undecided() && !habit.sleeps());
        }
        habit.saw(true);
        assert!(!habit.is_undecided() && habit.sleeps());
        let habit = Habit::new();
        habit.saw(true);
        habit.saw(false);
        assert!(!habit.is_undecided() && !habit.sleeps());
    }

    #[test]
    fn a_kind_is_the_code_of_a_job() {
        fn of<F: FnOnce() + 'static>(_: F) -> Kind {
            Kind::of::<F>()
        }
        let kinds = [1, 2].map(|n| of(move || _ = n));
        assert_eq!(kinds[0], kinds[1]);
        assert_ne!(kinds[0], of(|| ()));
    }

    #[test]
    fn eleven_looks_asleep_make_a_sleeper_and_three_awake_unmake_it() {
        let habit = Habit::new();
        let until = |asleep: bool| {
            (1..100).find(|_| {
                let changed = habit.saw(asleep);
                assert_eq!(changed, habit.sleeps() == asleep);
                changed
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
