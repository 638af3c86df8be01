//! Whether jobs of one type block or compute, learned from samples of the threads that run them.
//!
//! A job that only waits needs a thread and no core. Once it is known that jobs of a type block,
//! they need not wait for jobs that compute: they go into a lane of their own, and a worker gives
//! its permit away as it begins one.
//!
//! The monitor takes its samples at times that have nothing to do with a job, so the share of
//! samples that find a job asleep is the share of its time that it sleeps. It takes them only while
//! work waits, because they matter only then. A worker that has given its permit away measures how
//! long the job really computed, and counts that as a sample if it was long. Many jobs that sleep
//! for a moment wait for a core for longer than they sleep, and are awake then. So a sample of a
//! job that was begun as a blocking one counts as awake only if the job has used a core for a
//! while.
//!
//! Jobs of one type need not do the same. All boxed closures have one type, which is always treated
//! as computing. Two types may share a place in the table, and one function may do this or that:
//! each time that a type which counted as blocking turns out to compute, it
//! takes twice as many samples asleep to count as blocking again. So a mixture is soon treated as
//! computing, where the pool follows each job by what the kernel says.

use std::any::{TypeId, type_name};
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::os_thread::ThreadState;
use crate::queue::Behavior;

/// The number of samples over which a profile averages. Eleven samples asleep in a row make a new
/// type a blocking one, and three samples awake unmake it.
const WINDOW: u32 = 8;
/// The average of a type that is always asleep.
const ALWAYS: u32 = 1 << 16;
/// The average from which on a type is a blocking one.
const BLOCKING: u32 = ALWAYS / 4 * 3;
/// The bits that hold the average.
const SHARE: u32 = (1 << 17) - 1;
/// The lowest of the bits that count how often the type turned out to compute.
const RELAPSE: u32 = 1 << 24;
/// The largest such count. A type of which 199 samples of 200 are asleep is still a blocking one.
const MAX_RELAPSES: u32 = 6;
/// Set if samples change nothing: the type is treated as computing.
const FIXED: u32 = 1 << 30;
/// Set if there were no samples, or only samples asleep and too few of them.
const UNKNOWN: u32 = 1 << 31;

/// The longest time that a job may compute without a permit before it counts as computing.
pub(crate) const MAX_UNPERMITTED: Duration = Duration::from_millis(1);

/// Jobs with the same closure type. There is one closure type for each place in a program where a
/// closure is written, and so one for each annotated function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct JobType(u16);

/// The type of boxed closures, whatever they do. It has the place after the table.
const BOXED: JobType = JobType(1 << TABLE_BITS);

static BOXED_PROFILE: BlockingProfile = BlockingProfile(AtomicU32::new(FIXED));

/// Profiles live in a fixed hash table. If a blocking and a computing closure type collide, both
/// are treated as computing, which is the default.
static PROFILES: [BlockingProfile; TABLE] = [const { BlockingProfile::new() }; TABLE];

const TABLE: usize = 1 << TABLE_BITS;
const TABLE_BITS: u32 = 12;

impl JobType {
    /// Returns the type of jobs with the closure type `F`.
    #[inline]
    pub(crate) fn of<F: 'static>() -> Self {
        // The compiler knows the name, and so the outcome.
        if type_name::<F>().starts_with("alloc::boxed::Box<dyn ") {
            return BOXED;
        }
        let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
        TypeId::of::<F>().hash(&mut hasher);
        // The shift leaves `TABLE_BITS` bits, which fit.
        Self(u16::try_from(hasher.finish() >> (u64::BITS - TABLE_BITS)).unwrap_or_default())
    }

    pub(super) fn number(self) -> u16 {
        self.0
    }

    /// Returns the type of this number, if there is one.
    pub(super) fn from_number(number: u32) -> Option<Self> {
        u16::try_from(number).ok().filter(|&number| usize::from(number) <= TABLE).map(Self)
    }

    pub(crate) fn profile(self) -> &'static BlockingProfile {
        PROFILES.get(usize::from(self.0)).unwrap_or(&BOXED_PROFILE)
    }
}

/// The FNV-1a hash. It is short enough for the compiler to compute it.
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

/// What samples have shown of one job type: the exponential average of the share that was asleep.
///
/// The atomic is the standard library's, because one of the model checker cannot be made in a
/// constant, and the models do not depend on profiles.
pub(crate) struct BlockingProfile(AtomicU32);

/// Whether a sample has changed what jobs of a type count as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Learned {
    Nothing,
    /// Jobs of the type count as blocking now, or do so no more.
    Change,
}

impl BlockingProfile {
    const fn new() -> Self {
        Self(AtomicU32::new(UNKNOWN))
    }

    /// Adds a sample. Two at once may count as one.
    pub(crate) fn observe(&self, state: ThreadState) -> Learned {
        let before = self.0.load(Ordering::Relaxed);
        if before & FIXED != 0 {
            return Learned::Nothing;
        }
        let (share, relapses) = (before & SHARE, (before & !UNKNOWN) / RELAPSE);
        let now = match state {
            ThreadState::Asleep => share + (((ALWAYS - share) / WINDOW) >> relapses),
            ThreadState::Awake => share - share / WINDOW,
        };
        let is_relapse = share >= BLOCKING && now < BLOCKING;
        let relapses = (relapses + u32::from(is_relapse)).min(MAX_RELAPSES);
        let undecided = match state {
            ThreadState::Asleep if now < BLOCKING => before & UNKNOWN,
            _ => 0,
        };
        self.0.store(now | (relapses * RELAPSE) | undecided, Ordering::Relaxed);
        if (share < BLOCKING) == (now < BLOCKING) { Learned::Nothing } else { Learned::Change }
    }

    pub(crate) fn behavior(&self) -> Behavior {
        match self.0.load(Ordering::Relaxed) {
            UNKNOWN.. => Behavior::Unknown,
            known if known & SHARE >= BLOCKING => Behavior::Blocking,
            _ => Behavior::Computing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Behavior, BlockingProfile, JobType, Learned};
    use crate::workers::os_thread::ThreadState::{Asleep, Awake};

    #[test]
    fn nothing_is_known_of_a_new_type() {
        assert_eq!(BlockingProfile::new().behavior(), Behavior::Unknown);
    }

    #[test]
    fn a_type_is_decided_by_one_sample_awake_or_eleven_asleep() {
        let profile = BlockingProfile::new();
        for _ in 0..10 {
            profile.observe(Asleep);
            assert_eq!(profile.behavior(), Behavior::Unknown);
        }
        profile.observe(Asleep);
        assert_eq!(profile.behavior(), Behavior::Blocking);
        let profile = BlockingProfile::new();
        profile.observe(Asleep);
        profile.observe(Awake);
        assert_eq!(profile.behavior(), Behavior::Computing);
    }

    #[test]
    fn a_type_is_the_code_of_a_job() {
        fn of<F: FnOnce() + 'static>(_: F) -> JobType {
            JobType::of::<F>()
        }
        let types = [1, 2].map(|n| of(move || _ = n));
        assert_eq!(types[0], types[1]);
        assert_ne!(types[0], of(|| ()));
    }

    #[test]
    fn eleven_samples_asleep_make_a_type_blocking_and_three_awake_unmake_it() {
        let profile = BlockingProfile::new();
        let until = |state, behavior| {
            (1..100).find(|_| {
                let changed = profile.observe(state) == Learned::Change;
                assert_eq!(changed, profile.behavior() == behavior);
                changed
            })
        };
        assert_eq!(until(Asleep, Behavior::Blocking), Some(11));
        for _ in 0..1000 {
            profile.observe(Asleep);
        }
        assert_eq!(until(Awake, Behavior::Computing), Some(3));
    }

    #[test]
    fn a_type_that_turned_out_to_compute_takes_twice_as_many_samples_each_time() {
        let profile = BlockingProfile::new();
        let asleep: Vec<_> = (0..9)
            .map(|_| {
                let asleep = (1..10_000).find(|_| profile.observe(Asleep) == Learned::Change);
                while profile.observe(Awake) == Learned::Nothing {}
                (0..100).for_each(|_| _ = profile.observe(Awake));
                asleep.unwrap()
            })
            .collect();
        for (before, after) in asleep.iter().zip(&asleep[1..7]) {
            assert!((2 * before - 4..=2 * before + 4).contains(after), "{asleep:?}");
        }
        assert_eq!(asleep[6..], [asleep[6]; 3]);
    }

    #[test]
    fn boxed_closures_have_one_type_which_is_computing() {
        let boxed = JobType::of::<Box<dyn FnOnce() + Send>>();
        assert_eq!(boxed, JobType::of::<Box<dyn FnOnce() -> u8 + Send>>());
        assert_eq!(JobType::from_number(boxed.number().into()), Some(boxed));
        (0..1000).for_each(|_| _ = boxed.profile().observe(Asleep));
        assert_eq!(boxed.profile().behavior(), Behavior::Computing);
        assert_ne!(JobType::of::<Box<u8>>(), boxed);
    }

    #[test]
    fn a_mixture_of_kinds_is_computing_in_the_end_and_a_sleeper_is_not() {
        let profile = BlockingProfile::new();
        let mixture = [Asleep; 12].into_iter().chain([Awake; 4]);
        mixture.clone().cycle().take(16 * 100).for_each(|state| _ = profile.observe(state));
        let learns = mixture.cycle().take(16 * 100).any(|state| {
            profile.observe(state) == Learned::Change || profile.behavior() == Behavior::Blocking
        });
        assert!(!learns);
        (0..1000).for_each(|_| _ = profile.observe(Asleep));
        assert_eq!(profile.behavior(), Behavior::Blocking);
    }

    #[test]
    fn a_type_that_computes_half_of_its_time_is_not_blocking() {
        let profile = BlockingProfile::new();
        for _ in 0..500 {
            for state in [Asleep, Awake] {
                profile.observe(state);
                assert_ne!(profile.behavior(), Behavior::Blocking);
            }
        }
    }
}
