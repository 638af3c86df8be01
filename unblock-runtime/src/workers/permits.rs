//! Permits: a worker holds one while it computes or looks for work.
//!
//! # The invariant
//!
//! `permits` is never less than the number of workers whose state is `WakingToRun` or `Running`: it
//! is raised before a state says so, and lowered after the state stopped saying so. `searchers` is
//! the number of workers with a permit that look for work: between two jobs, or woken and on their
//! way. Both counts are in one atomic, so that a thread that adds work sees them at one moment.

use std::ops::Add;

use crossbeam_utils::CachePadded;

use crate::sync::atomic::{AtomicU32, AtomicU64, Ordering};

pub(super) struct Permits {
    /// The counts are read at every job and written when workers come and go. Nothing that is
    /// written often shares their cache line.
    counts: CachePadded<AtomicU64>,
    /// The number of permits there are, without the extra ones.
    parallelism: AtomicU32,
    /// The number of permits that there are beyond, where time decides.
    extra: AtomicU32,
}

/// Permits that are out, and workers that search for work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts(u64);

/// What became of an attempt to get a permit for a worker that will search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Acquired {
    /// The permit is out, and the searcher is counted.
    Permit,
    /// A worker searches already. It will find the work.
    SomebodySearches,
    /// All permits are out.
    NoneLeft,
}

impl Counts {
    pub(super) const PERMIT: Self = Self(1);
    pub(super) const SEARCHER: Self = Self(1 << 32);
    pub(super) const NONE: Self = Self(0);

    /// Returns what a worker counts as that searches or does not.
    pub(super) fn of_searcher(is_searching: bool) -> Self {
        if is_searching { Self::SEARCHER } else { Self::NONE }
    }

    #[expect(clippy::cast_possible_truncation, reason = "the lower half holds the permits")]
    pub(super) fn permits(self) -> u32 {
        self.0 as u32
    }

    pub(super) fn searchers(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

impl Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Permits {
    pub(super) fn new(parallelism: u32) -> Self {
        let counts = CachePadded::new(AtomicU64::new(Counts::NONE.0));
        Self { counts, parallelism: AtomicU32::new(parallelism), extra: AtomicU32::new(0) }
    }

    pub(super) fn counts(&self) -> Counts {
        Counts(self.counts.load(Ordering::SeqCst))
    }

    pub(super) fn limit(&self) -> u32 {
        self.parallelism().saturating_add(self.extra.load(Ordering::Relaxed))
    }

    pub(super) fn parallelism(&self) -> u32 {
        self.parallelism.load(Ordering::Relaxed)
    }

    pub(super) fn set_parallelism(&self, parallelism: u32) {
        self.parallelism.store(parallelism, Ordering::Relaxed);
    }

    pub(super) fn set_extra(&self, extra: u32) {
        self.extra.store(extra, Ordering::Relaxed);
    }

    /// Takes a permit for a worker that is about to search, unless a worker searches already.
    ///
    /// If two threads add work at once, one compare-and-swap adds the searcher, and the other finds
    /// it.
    pub(super) fn acquire_for_first_searcher(&self) -> Acquired {
        let mut counts = self.counts();
        loop {
            if counts.searchers() > 0 {
                return Acquired::SomebodySearches;
            }
            if counts.permits() >= self.limit() {
                return Acquired::NoneLeft;
            }
            let more = counts + Counts::PERMIT + Counts::SEARCHER;
            let (seq, now) = (Ordering::SeqCst, counts.0);
            match self.counts.compare_exchange_weak(now, more.0, seq, seq) {
                Ok(_) => return Acquired::Permit,
                Err(now) => counts = Counts(now),
            }
        }
    }

    /// Takes a permit for a worker that is about to search, if fewer than `target` are out.
    pub(super) fn try_acquire_for_searcher(&self, target: u32) -> bool {
        self.try_add(Counts::PERMIT + Counts::SEARCHER, target)
    }

    /// Takes a permit if one is left.
    pub(super) fn try_acquire(&self) -> bool {
        self.try_add(Counts::PERMIT, self.limit())
    }

    /// Counts permits or searchers whatever the limit is.
    pub(super) fn add(&self, counts: Counts) {
        self.counts.fetch_add(counts.0, Ordering::SeqCst);
    }

    /// Gives permits back, or ends searches. Returns the counts before that.
    pub(super) fn give_back(&self, counts: Counts) -> Counts {
        Counts(self.counts.fetch_sub(counts.0, Ordering::SeqCst))
    }

    /// Gives a permit back if more are out than the limit allows.
    pub(super) fn give_back_surplus(&self) -> bool {
        let one_less =
            |counts| (Counts(counts).permits() > self.limit()).then(|| counts - Counts::PERMIT.0);
        self.counts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok()
    }

    /// Returns true if more permits are out than the limit allows.
    pub(super) fn are_oversubscribed(&self) -> bool {
        self.counts().permits() > self.limit()
    }

    fn try_add(&self, added: Counts, target: u32) -> bool {
        let more = |counts| (Counts(counts).permits() < target).then(|| counts + added.0);
        self.counts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more).is_ok()
    }
}
