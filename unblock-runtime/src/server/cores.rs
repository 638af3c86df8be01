//! Loops that share a core part.
//!
//! The kernel spreads threads over cores by how many there are. While a thread of somebody else keeps a core busy, two loops may share
//! another for seconds and take turns of a scheduler's tick, 4 ms at 250 Hz, which is what a request waits then. Loops that are
//! pinned to a core each would not, but could not go to the core that is idle either, when a worker has theirs. So they are
//! free, and a loop that finds itself on the core of another time and again moves to one that has none.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Requests between two checks of where a loop is.
const REQUESTS: u32 = 64;

/// Checks in a row on a shared core before a loop moves.
const TIMES: u32 = 8;

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

    /// The loop of this number is awake, on this thread.
    pub(super) fn awake(&self, own: usize) {
        // Read first: the entries of other loops are on the same cache line.
        let (entry, here) = (&self.0[own], system::entry());
        if entry.load(Ordering::Relaxed) != here {
            entry.store(here, Ordering::Relaxed);
        }
    }

    /// The loop of this number sleeps.
    pub(super) fn asleep(&self, own: usize) {
        self.0[own].store(0, Ordering::Relaxed);
    }

    fn is_taken(&self, core: usize) -> bool {
        self.0.iter().any(|place| place.load(Ordering::Relaxed) == core + 1)
    }

    /// Whether a loop of a lower number is where this one is: of two that share a core, one moves.
    fn is_shared(&self, own: usize) -> bool {
        let core = self.0[own].load(Ordering::Relaxed);
        core != 0 && self.0[..own].iter().any(|place| place.load(Ordering::Relaxed) == core)
    }
}

/// A loop's place among the cores. It belongs to the loop's thread.
#[derive(Debug)]
pub(super) struct Place {
    cores: Cores,
    own: usize,
    requests: Cell<u32>,
    shared: Cell<u32>,
}

impl Place {
    /// The place of the loop of this number.
    pub(super) fn new(cores: Cores, own: usize) -> Self {
        Self { cores, own, requests: Cell::new(0), shared: Cell::new(0) }
    }

    /// The loop has a request to answer.
    pub(super) fn request(&self) {
        self.requests.set(self.requests.get() + 1);
        if self.requests.get() < REQUESTS {
            return;
        }
        self.requests.set(0);
        self.cores.awake(self.own);
        if !self.is_to_move() {
            return;
        }
        if let Some(core) = system::move_to(|core| !self.cores.is_taken(core)) {
            self.cores.awake(self.own);
            tracing::debug!(number = self.own, core, "two loops shared a core");
        }
    }

    /// Whether this was the last of the checks in a row on a shared core.
    fn is_to_move(&self) -> bool {
        let shared = if self.cores.is_shared(self.own) { self.shared.get() + 1 } else { 0 };
        self.shared.set(if shared == TIMES { 0 } else { shared });
        shared == TIMES
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.cores.asleep(self.own);
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
            let some = before.iter().copied().take(before.len().div_ceil(2).max(2).min(before.len()));
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

    #[test]
    fn of_two_loops_that_share_a_core_one_is_to_move() {
        let cores = Cores::new(3);
        for (own, core) in [(0, 7), (1, 4), (2, 7)] {
            cores.0[own].store(core + 1, Ordering::Relaxed);
        }
        let shared: Vec<_> = (0..3).map(|own| cores.is_shared(own)).collect();
        assert_eq!(shared, [false, false, true]);
        assert!(cores.is_taken(4) && cores.is_taken(7) && !cores.is_taken(0));
    }

    #[test]
    fn a_loop_moves_after_checks_in_a_row_on_a_shared_core() {
        let cores = Cores::new(2);
        let place = Place::new(cores.clone(), 1);
        let at = |own: usize, core: usize| cores.0[own].store(core + 1, Ordering::Relaxed);
        at(1, 3);
        for _ in 0..3 {
            at(0, 3);
            assert!((1..TIMES).all(|_| !place.is_to_move()));
            at(0, 4);
            assert!(!place.is_to_move(), "the row is broken");
        }
        at(0, 3);
        assert!((1..TIMES).all(|_| !place.is_to_move()) && place.is_to_move());
        assert!((1..TIMES).all(|_| !place.is_to_move()) && place.is_to_move());
    }

    #[test]
    fn a_loop_that_sleeps_or_has_ended_takes_no_core() {
        let cores = Cores::new(2);
        let at = |own: usize| cores.0[own].store(5, Ordering::Relaxed);
        at(0);
        at(1);
        assert!(cores.is_shared(1));
        cores.asleep(0);
        assert!(!cores.is_shared(1));
        at(0);
        drop(Place::new(cores.clone(), 0));
        assert!(!cores.is_shared(1));
    }
}
