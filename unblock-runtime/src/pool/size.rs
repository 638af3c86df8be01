//! How many jobs of a pool compute at a time, and how many threads it may have.

use crate::cores;
use crate::error::BuildError;
use crate::workers::os_thread;

/// The number of threads that a pool may have unless the user chooses one, as tokio has it.
const DEFAULT_MAX_THREADS: usize = 512;
/// Threads are always kept for computing jobs if the pool may have this many times as many.
const MIN_TIMES_KEPT: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PoolSize {
    pub(crate) parallelism: u32,
    pub(crate) max_threads: usize,
}

impl PoolSize {
    /// Of a pool whose callers run one job after the other.
    pub(super) const WITHOUT_THREADS: Self = Self { parallelism: 1, max_threads: 0 };

    /// What is not given follows from what is.
    pub(super) fn new(
        parallelism: Option<usize>,
        max_threads: Option<usize>,
    ) -> Result<Self, BuildError> {
        let invalid = |text: &str| Err(BuildError::Setting(text.to_owned()));
        let (parallelism, max_threads) = match (parallelism, max_threads) {
            (Some(0), _) => return invalid("parallelism must be at least 1"),
            (_, Some(0)) => return invalid("max_threads must be at least 1"),
            (Some(workers), Some(threads)) if threads < workers => {
                return Err(BuildError::Setting(format!(
                    "max_threads ({threads}) must be at least the parallelism ({workers})"
                )));
            }
            (Some(workers), Some(threads)) => (workers, threads),
            (Some(workers), None) => (workers, workers.max(DEFAULT_MAX_THREADS)),
            (None, threads) => {
                let cores = cores::count().map_err(BuildError::Setting)?;
                let threads = threads.unwrap_or(cores.max(DEFAULT_MAX_THREADS));
                (cores.min(threads), threads)
            }
        };
        let Ok(parallelism) = u32::try_from(parallelism) else {
            return invalid("parallelism must fit into 32 bits");
        };
        Ok(Self { parallelism, max_threads })
    }

    /// The number of threads that may run blocking jobs while computing ones wait.
    pub(crate) fn max_blocking(self) -> usize {
        self.max_threads.saturating_sub(self.parallelism as usize)
    }

    /// Returns true if the threads that are kept for computing jobs are few of all.
    pub(crate) fn can_spare_threads(self) -> bool {
        self.max_threads / MIN_TIMES_KEPT >= self.parallelism as usize
    }

    /// Returns true if blocking jobs have a lane of their own.
    pub(super) fn has_blocking_lane(self) -> bool {
        os_thread::KNOWS_STATES && self.max_blocking() > 0
    }
}
