//! Which core a loop runs on, where the kernel leaves it on a bad one.
//!
//! The kernel spreads threads over cores by how many there are. While a thread of somebody else keeps a core busy, two loops may share
//! another for seconds and take turns of a scheduler's tick, 4 ms at 250 Hz, which is what a request waits then; or the loop with
//! most to do shares its core with that thread, while one that has little has a core of its own. Loops that are pinned to a
//! core each could not go to the one that is idle either, when a worker has theirs. So they are free, and a loop that waits time and
//! again moves to a core that no loop needs as much.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::load::Load;

/// A loop that waits for its core this long, in thousandths of its time, looks whether it is better off on another.
const LONG: u32 = 200;

/// Checks in a row before it moves.
const TIMES: u32 = 2;

/// Where the loops of a server are, by their numbers: the core's number plus one, or 0 for a loop that sleeps or has ended.
///
/// Nothing follows from it but where a thread runs: each loop writes its own entry, and one that is out of date, of a loop whose
/// handler sleeps, costs a needless move at most.
#[derive(Clone, Debug)]
pub(super) struct Cores(Arc<[AtomicUsize]>);

impl Cores {
    /// For so many loops.
    pub(super) fn new(loops: usize) -> Self {
        Self((0..loops).map(|_| AtomicUsize::new(0)).collect())
    }

    fn entry(&self, number: usize) -> usize {
        self.0[number].load(Ordering::Relaxed)
    }

    fn others(&self, own: usize) -> impl Iterator<Item = usize> {
        (0..self.0.len()).filter(move |&other| other != own)
    }
}

/// A loop's place among the cores. It belongs to the loop's thread.
#[derive(Debug)]
pub(super) struct Place {
    cores: Cores,
    own: usize,
    times: u32,
}

impl Place {
    /// The place of the loop of this number.
    pub(super) fn new(cores: Cores, own: usize) -> Self {
        Self { cores, own, times: 0 }
    }

    /// The loop is awake, on this thread.
    pub(super) fn awake(&self) {
        // Read first: the entries of other loops are on the same cache line.
        let here = system::entry();
        if self.cores.entry(self.own) != here {
            self.cores.0[self.own].store(here, Ordering::Relaxed);
        }
    }

    /// The loop sleeps.
    pub(super) fn asleep(&self) {
        self.cores.0[self.own].store(0, Ordering::Relaxed);
    }

    /// Looks whether a loop with this load is better off on another core, and moves it there if it has been for some time. Says
    /// whether it is.
    pub(super) fn check(&mut self, load: Load, loads: impl Fn(usize) -> Load) -> bool {
        self.awake();
        let is_misplaced = self.is_misplaced(load, &loads);
        self.times = if is_misplaced { self.times + 1 } else { 0 };
        if self.times == TIMES {
            self.times = 0;
            // One that has less to do makes room: it is misplaced there then.
            let is_free = |core| {
                let mut others = self.cores.others(self.own);
                others.all(|other| {
                    self.cores.entry(other) != core + 1 || loads(other).is_lighter_than(load)
                })
            };
            // A loop that may not go elsewhere stays, and gives connections away instead.
            let Some(core) = system::move_to(is_free) else { return false };
            self.awake();
            tracing::debug!(number = self.own, core, "a loop had to wait for its core");
        }
        is_misplaced
    }

    fn is_misplaced(&self, load: Load, loads: impl Fn(usize) -> Load) -> bool {
        if load.waiting < LONG {
            return false;
        }
        let here = self.cores.entry(self.own);
        let mut others = self.cores.others(self.own);
        match self
            .cores
            .others(self.own)
            .find(|&other| here != 0 && self.cores.entry(other) == here)
        {
            // Of two that share a core, the one with less to do goes.
            Some(other) if load.is_lighter_than(loads(other)) => true,
            Some(other) if loads(other).is_lighter_than(load) => false,
            Some(other) => other < self.own,
            // It shares its core with somebody else, and another loop that has less to do has a better one.
            None => others.any(|other| {
                loads(other).is_lighter_than(load) && 2 * loads(other).waiting < load.waiting
            }),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.asleep();
    }
}

#[cfg(target_os = "linux")]
mod system {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};

    /// Where the thread is at the time.
    pub(super) fn entry() -> usize {
        sched_getcpu() + 1
    }

    /// Moves the thread to the next of the cores it may run on that is free; from there the kernel may move it again.
    /// `None` if there is none, or the kernel refuses.
    pub(super) fn move_to(is_free: impl Fn(usize) -> bool) -> Option<usize> {
        let allowed = sched_getaffinity(None).ok()?;
        // The next and not the first, where those of other servers would meet, and interrupts are.
        let here = sched_getcpu();
        let others = (here + 1..CpuSet::MAX_CPU).chain(0..here);
        let core = others.into_iter().find(|&core| allowed.is_set(core) && is_free(core))?;
        sched_setaffinity(None, &set([core])).ok()?;
        // What is set stays, and is cut to the cpuset now and whenever that changes. So a thread that nobody has restricted is
        // to be free of all restrictions again, and not restricted to what its cpuset was at the time.
        let freed = sched_setaffinity(None, &set(0..CpuSet::MAX_CPU));
        let restored = match (freed, sched_getaffinity(None)) {
            (Ok(()), Ok(now)) if now == allowed => Ok(()),
            _ => sched_setaffinity(None, &allowed),
        };
        if let Err(error) = restored {
            tracing::warn!(%error, core, "a loop stays on a core where it was only to move to");
        }
        Some(core)
    }

    fn set(cores: impl IntoIterator<Item = usize>) -> CpuSet {
        let mut set = CpuSet::new();
        for core in cores {
            set.set(core);
        }
        set
    }

    #[cfg(all(test, not(loom)))]
    mod tests {
        use super::*;

        fn allowed() -> Vec<usize> {
            let allowed = sched_getaffinity(None).unwrap();
            (0..CpuSet::MAX_CPU).filter(|&core| allowed.is_set(core)).collect()
        }

        /// The kernel may take the thread elsewhere at any time, so one of many moves has to be seen.
        fn is_seen_to_move() -> bool {
            (0..1000).any(|_| {
                let here = sched_getcpu();
                move_to(|_| true).is_some_and(|core| core != here && sched_getcpu() == core)
            })
        }

        #[test]
        fn a_thread_that_is_moved_may_run_where_it_might_before() {
            let before = allowed();
            if before.len() > 1 {
                assert!(is_seen_to_move());
            }
            assert_eq!(allowed(), before);
            assert_eq!(move_to(|_| false), None);
            assert_eq!(allowed(), before);
        }

        #[test]
        fn a_thread_that_is_restricted_stays_so() {
            let before = allowed();
            let some =
                before.iter().copied().take(before.len().div_ceil(2).max(2).min(before.len()));
            let some: Vec<_> = some.collect();
            sched_setaffinity(None, &set(some.iter().copied())).unwrap();
            move_to(|_| true);
            assert_eq!(allowed(), some);
            sched_setaffinity(None, &set([some[0]])).unwrap();
            assert_eq!(move_to(|_| true), None, "there is no other");
            assert_eq!(allowed(), [some[0]]);
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    /// It is not known here where a thread is.
    pub(super) fn entry() -> usize {
        0
    }

    pub(super) fn move_to(_is_free: impl Fn(usize) -> bool) -> Option<usize> {
        None
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const HEAVY: Load = Load { idle: 0, waiting: 400 };
    const LIGHT: Load = Load { idle: 500, waiting: 300 };
    const SERVED: Load = Load { idle: 800, waiting: 0 };

    /// Loops on these cores.
    fn loops(cores: &[usize]) -> Vec<Place> {
        let places = Cores::new(cores.len());
        for (entry, core) in places.0.iter().zip(cores) {
            entry.store(core + 1, Ordering::Relaxed);
        }
        (0..cores.len()).map(|own| Place::new(places.clone(), own)).collect()
    }

    fn are_misplaced(loops: &[Place], loads: &[Load]) -> Vec<bool> {
        loops.iter().map(|one| one.is_misplaced(loads[one.own], |other| loads[other])).collect()
    }

    #[test]
    fn of_two_loops_that_share_a_core_the_one_with_less_to_do_is_misplaced() {
        let loops = loops(&[7, 4, 7]);
        assert_eq!(are_misplaced(&loops, &[LIGHT, SERVED, HEAVY]), [true, false, false]);
        assert_eq!(are_misplaced(&loops, &[HEAVY, HEAVY, LIGHT]), [false, false, true]);
        assert_eq!(
            are_misplaced(&loops, &[HEAVY, HEAVY, HEAVY]),
            [false, false, true],
            "one of two that are alike"
        );
        assert_eq!(
            are_misplaced(&loops, &[SERVED, SERVED, SERVED]),
            [false, false, false],
            "nobody waits"
        );
    }

    #[test]
    fn a_loop_that_waits_for_somebody_else_is_misplaced_if_one_with_less_to_do_does_not_wait() {
        let loops = loops(&[1, 2]);
        assert_eq!(are_misplaced(&loops, &[HEAVY, SERVED]), [true, false]);
        assert_eq!(
            are_misplaced(&loops, &[HEAVY, LIGHT]),
            [false, false],
            "there is no better core"
        );
        assert_eq!(
            are_misplaced(&loops, &[LIGHT, SERVED]),
            [false, false],
            "it is not much that it has to do"
        );
    }

    #[test]
    fn a_loop_moves_after_checks_in_a_row() {
        let loads = |number| [HEAVY, SERVED][number];
        // It is wherever this thread is; the other is not.
        let mut one = loops(&[1, usize::MAX / 2]).swap_remove(0);
        for _ in 0..3 {
            assert!(one.check(HEAVY, loads));
            assert_eq!(one.times, 1);
            assert!(!one.check(SERVED, loads), "the row is broken");
            assert_eq!(one.times, 0);
        }
        assert!((1..TIMES).all(|_| one.check(HEAVY, loads)));
        assert_eq!(one.times, TIMES - 1);
        assert!(one.check(HEAVY, loads));
        assert_eq!(one.times, 0, "it has moved, or the kernel has not let it");
    }

    #[test]
    fn a_loop_that_sleeps_or_has_ended_is_on_no_core() {
        let mut loops = loops(&[4, 4]);
        let loads = [HEAVY, HEAVY];
        assert_eq!(are_misplaced(&loops, &loads), [false, true]);
        loops[0].asleep();
        assert_eq!(are_misplaced(&loops, &loads), [false, false]);
        loops[0].cores.0[0].store(5, Ordering::Relaxed);
        assert_eq!(are_misplaced(&loops, &loads), [false, true]);
        drop(loops.swap_remove(0));
        assert_eq!(are_misplaced(&loops, &[HEAVY; 2]), [false]);
    }
}
