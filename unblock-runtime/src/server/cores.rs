//! Each loop on a core of its own.
//!
//! The kernel spreads threads over cores by their number. While a thread of somebody else keeps a core busy, two loops may share
//! another for seconds and take turns at the kernel's tick, by the 4 ms, which is what a request waits then. Loops that are pinned to
//! a core each would not, but could not go to the core that is idle either, when a worker has theirs. So they are free, and a
//! loop that finds itself on the core of another time and again moves to one that has none.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A loop looks where it is with every so many requests,
const REQUESTS: u32 = 64;

/// and moves when it has been on the core of another so many times in a row.
const TIMES: u32 = 8;

/// Where the loops of a process are, by their numbers: the number of the core and one, or 0 for a loop that sleeps.
///
/// Nothing follows from it but where a thread runs: each loop writes its own entry, and one that is out of date does no harm.
#[derive(Clone, Debug)]
pub(super) struct Cores(Arc<[AtomicUsize]>);

impl Cores {
    /// For so many loops.
    pub(super) fn new(loops: usize) -> Self {
        Self((0..loops).map(|_| AtomicUsize::new(0)).collect())
    }

    /// The loop of this number is awake, on this thread.
    pub(super) fn awake(&self, own: usize) {
        self.0[own].store(system::entry(), Ordering::Relaxed);
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
        let shared = if self.cores.is_shared(self.own) { self.shared.get() + 1 } else { 0 };
        self.shared.set(shared % TIMES);
        if shared == TIMES {
            let moved = system::move_to(|core| !self.cores.is_taken(core));
            tracing::debug!(number = self.own, ?moved, "two loops share a core");
        }
    }
}

#[cfg(target_os = "linux")]
mod system {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};

    /// Where the thread is at the time.
    pub(super) fn entry() -> usize {
        sched_getcpu() + 1
    }

    /// Moves the thread to the first of the cores it may run on that is free; from there the kernel may move it again.
    /// `None` if there is none, or the kernel refuses.
    pub(super) fn move_to(is_free: impl Fn(usize) -> bool) -> Option<usize> {
        let allowed = sched_getaffinity(None).ok()?;
        let core = (0..CpuSet::MAX_CPU).find(|&core| allowed.is_set(core) && is_free(core))?;
        let mut only = CpuSet::new();
        only.set(core);
        sched_setaffinity(None, &only).and_then(|()| sched_setaffinity(None, &allowed)).ok()?;
        Some(core)
    }

    #[cfg(all(test, not(loom)))]
    mod tests {
        use super::*;

        #[test]
        fn a_thread_that_is_moved_may_run_where_it_might_before() {
            let before = sched_getaffinity(None).unwrap();
            for core in (0..CpuSet::MAX_CPU).filter(|&core| before.is_set(core)) {
                assert_eq!(move_to(|other| other == core), Some(core));
                assert_eq!(sched_getaffinity(None).unwrap(), before);
            }
            assert_eq!(move_to(|_| false), None);
            assert_eq!(sched_getaffinity(None).unwrap(), before);
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
    fn of_two_loops_that_share_a_core_one_moves() {
        let cores = Cores::new(3);
        for (own, core) in [(0, 7), (1, 4), (2, 7)] {
            cores.0[own].store(core + 1, Ordering::Relaxed);
        }
        let shared: Vec<_> = (0..3).map(|own| cores.is_shared(own)).collect();
        assert_eq!(shared, [false, false, true]);
        assert!(cores.is_taken(4) && cores.is_taken(7) && !cores.is_taken(0));
    }

    #[test]
    fn a_loop_that_sleeps_takes_no_core() {
        let cores = Cores::new(2);
        assert!(!cores.is_shared(1));
        cores.awake(0);
        cores.asleep(0);
        cores.awake(1);
        assert!(!cores.is_shared(1));
    }
}
