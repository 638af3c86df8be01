//! The functions whose jobs a pool has had, and what is counted of each.
//!
//! A job finds the counters of its function by a hash table that only grows. Its places are written
//! once each, so that finding one takes no lock. All closures that are written at one place of the
//! program are one function, and all calls of one annotated function are.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::counters::{Counters, Counts, ShardedCounters};
use super::histogram::Histogram;
use super::outcomes::Outcomes;
use crate::job::JobName;
use crate::sync::Mutex;

/// The number of functions that are told apart; a power of two. All further ones count as one.
const FUNCTIONS: usize = 1 << PLACE_BITS;
const PLACE_BITS: u32 = 10;
/// The number of places that are tried for a function.
const TRIES: usize = 16;

/// A reading of what a pool has done for one function, from
/// [`Pool::functions`](crate::Pool::functions).
///
/// In every reading `submitted = completed + panicked + failed + cancelled + timed_out + rejected +
/// queued + running`. The words are those of [`Stats`](crate::Stats).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FunctionStats {
    /// The function's name, as [`job::name`](crate::job::name) gives it.
    pub name: &'static str,
    /// Number of jobs handed to the pool, including those that it refused.
    pub submitted: u64,
    /// Number of jobs that ended with a value.
    pub completed: u64,
    /// Number of jobs that ended with a panic.
    pub panicked: u64,
    /// Number of jobs that ended without a value or a panic, in a pool of processes.
    pub failed: u64,
    /// Number of jobs that never ran because their caller went away or cancelled them, or because a
    /// shutdown ran out of time.
    pub cancelled: u64,
    /// Number of jobs whose deadline passed before they ended.
    pub timed_out: u64,
    /// Number of jobs that were refused.
    pub rejected: u64,
    /// Number of jobs that have not begun.
    pub queued: u64,
    /// Number of jobs that run and whose outcome is awaited, or could be.
    pub running: u64,
    /// Number of jobs that still run after their deadline passed.
    pub abandoned: u64,
    /// How long jobs waited, from their submission until they began or until their deadline passed
    /// before that.
    pub wait: Histogram,
    /// How long jobs ran, whatever their outcome was.
    pub run: Histogram,
}

impl FunctionStats {
    /// Returns how its jobs ended.
    pub fn outcomes(&self) -> Outcomes {
        let Self { completed, panicked, failed, cancelled, timed_out, rejected, .. } = *self;
        Outcomes { completed, panicked, failed, cancelled, timed_out, rejected }
    }

    /// Reads what is known of functions with the same name.
    fn read(name: &'static str, functions: &[&Function]) -> Self {
        // The times come first: nobody waits less often than he begins to run.
        let (mut wait, mut run) = (Histogram::default(), Histogram::default());
        for counters in functions.iter().flat_map(|function| function.counters.shards()) {
            counters.add_times(&mut wait, &mut run);
        }
        let Counts { submitted, outcomes, queued, running, abandoned, .. } = counts(functions);
        let Outcomes { completed, panicked, failed, cancelled, timed_out, rejected } = outcomes;
        Self {
            name,
            submitted,
            completed,
            panicked,
            failed,
            cancelled,
            timed_out,
            rejected,
            queued,
            running,
            abandoned,
            wait,
            run,
        }
    }
}

/// The place of a function in the table of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FunctionId(u16);

pub(crate) struct Functions {
    /// The place after the table is for functions that found none.
    places: Box<[OnceLock<Function>]>,
    /// The places that are taken. It is locked while a place is taken, and while counters are read.
    taken: Mutex<Vec<usize>>,
    parallelism: usize,
}

struct Function {
    /// `None` for those that found no place.
    name: Option<JobName>,
    counters: ShardedCounters,
}

impl Functions {
    pub(crate) fn new(parallelism: usize) -> Self {
        Self {
            places: std::iter::repeat_with(OnceLock::new).take(FUNCTIONS + 1).collect(),
            taken: Mutex::new(Vec::new()),
            parallelism,
        }
    }

    /// Returns the place of the function with this name.
    #[inline]
    pub(crate) fn find(&self, name: JobName) -> FunctionId {
        let (first, _) = name.address();
        // Fibonacci hashing (Knuth, The Art of Computer Programming, 6.4).
        let hash = (first as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - PLACE_BITS);
        let home = usize::try_from(hash).unwrap_or_default();
        match self.places[home].get() {
            Some(function) if function.is(name) => FunctionId::of(home),
            _ => self.find_from(home, name),
        }
    }

    #[cold]
    fn find_from(&self, home: usize, name: JobName) -> FunctionId {
        for place in (home..home + TRIES).map(|place| place % FUNCTIONS) {
            let function = self.places[place].get().or_else(|| self.take(place, Some(name)));
            if function.is_some_and(|function| function.is(name)) {
                return FunctionId::of(place);
            }
        }
        if self.places[FUNCTIONS].get().is_none() {
            self.take(FUNCTIONS, None);
        }
        FunctionId::of(FUNCTIONS)
    }

    /// Takes a place that was free, unless another thread has taken it meanwhile.
    fn take(&self, place: usize, name: Option<JobName>) -> Option<&Function> {
        let mut taken = self.taken.lock();
        self.places[place].get_or_init(|| {
            taken.push(place);
            Function { name, counters: ShardedCounters::new(self.parallelism) }
        });
        drop(taken);
        self.places[place].get()
    }

    /// Returns the counters of a function for this thread.
    #[inline]
    pub(crate) fn counters(&self, id: FunctionId) -> &Counters {
        let place = &self.places[usize::from(id.0)];
        let function = place.get().unwrap_or_else(|| unreachable!("a function without a place"));
        function.counters.here()
    }

    /// Sums up the counters of all functions.
    pub(crate) fn counts(&self) -> Counts {
        let taken = self.taken.lock();
        let functions = || taken.iter().filter_map(|&place| self.places[place].get());
        Counts::read(|| functions().flat_map(|function| function.counters.shards()))
    }

    /// Reads what is known of each function, by name.
    pub(crate) fn read(&self) -> Vec<FunctionStats> {
        let by_name = self.by_name().into_iter();
        by_name.map(|(name, functions)| FunctionStats::read(name, &functions)).collect()
    }

    /// Returns the functions that have jobs on threads, and how many of each.
    pub(crate) fn on_threads(&self) -> BTreeMap<&'static str, u64> {
        let by_name = self.by_name().into_iter();
        let on_threads = by_name.map(|(name, functions)| (name, counts(&functions).on_threads()));
        on_threads.filter(|&(_, jobs)| jobs > 0).collect()
    }

    /// Returns the functions by name. Closures of different types may have the same.
    fn by_name(&self) -> BTreeMap<&'static str, Vec<&Function>> {
        let mut by_name = BTreeMap::<_, Vec<_>>::new();
        let taken = self.taken.lock().clone();
        for function in taken.into_iter().filter_map(|place| self.places[place].get()) {
            let name = function.name.map_or("(further functions)", JobName::get);
            by_name.entry(name).or_default().push(function);
        }
        by_name
    }
}

/// Sums up the counters of some functions.
fn counts(functions: &[&Function]) -> Counts {
    Counts::read(|| functions.iter().flat_map(|function| function.counters.shards()))
}

impl Function {
    fn is(&self, name: JobName) -> bool {
        self.name.is_some_and(|own| own.address() == name.address())
    }
}

impl FunctionId {
    fn of(place: usize) -> Self {
        Self(u16::try_from(place).unwrap_or_else(|_| unreachable!("the table is smaller")))
    }
}
