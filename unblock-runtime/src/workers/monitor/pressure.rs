//! How long workers wait for a core, and whether their niceness is to blame.

use std::time::{Duration, Instant};

use crate::pool::Shared;
use crate::unwind;
use crate::workers::os_thread::{self, CoreTime};

/// The time over which the waits of the workers are measured.
pub(super) const WINDOW: Duration = Duration::from_millis(50);
/// The niceness is suspended when this number of windows in a row were above a bound.
const SUSPEND_WINDOWS: u32 = 2;
/// Shares of the time in which workers want a core. The niceness is suspended when they wait for a
/// core for longer than either.
///
/// Nice workers wait for 90 % of the time beside two busy threads of normal priority on two cores.
/// The event loops of a server at ten times its capacity keep them waiting for 40 %, and are to go
/// first.
const SUSPEND: Waits = Waits { any: 60, foreign: 25 };
/// The niceness comes back when all windows of `RESTORE_AFTER` were below both. Beside one busy
/// thread on two cores, workers that are not nice wait for 33 %.
const RESTORE: Waits = Waits { any: 40, foreign: 15 };
pub(super) const RESTORE_AFTER: Duration = Duration::from_secs(1);

/// How long workers waited for a core, in percent of the time in which they wanted one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Waits {
    any: u128,
    /// The waits that the other threads of the process, such as event loops, do not explain by
    /// their own CPU time, if the workers wanted cores for at least half of the time. Those that
    /// sleep for most of it lose little, and event loops are to go first.
    foreign: u128,
}

pub(super) struct Pressure {
    since: Instant,
    /// The times of the workers at the beginning of the window, by their numbers.
    before: Vec<(usize, CoreTime)>,
    /// The CPU time of the process at the beginning of the window.
    process_before: Duration,
    /// The number of windows in a row that were above `SUSPEND`.
    high: u32,
    /// When a window was last above `RESTORE`.
    last_wait: Instant,
}

impl Pressure {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        let before = Vec::new();
        Self { since: now, before, process_before: Duration::ZERO, high: 0, last_wait: now }
    }

    /// Measures the waits if a window is over. Suspends the niceness of the workers, or restores
    /// it. Returns false if no worker wanted a core in the window.
    pub(super) fn observe(&mut self, pool: &Shared) -> bool {
        let now = Instant::now();
        if pool.niceness.is_pinned() || now.duration_since(self.since) < WINDOW {
            return true;
        }
        let is_whole = now.duration_since(self.since) < 4 * WINDOW;
        let (times, process) = (pool.workers.core_times(), os_thread::cpu_time_of_process());
        let used = process.saturating_sub(self.process_before);
        let half = now.duration_since(self.since) * pool.workers.parallelism() / 2;
        let want_cores = times.iter().any(|time| !self.before.contains(time));
        let waits = waits(&self.before, &times, used, half).filter(|_| is_whole);
        self.since = now;
        self.before = times;
        self.process_before = process;
        let Some(waits) = waits else { return want_cores };
        self.high = if waits.exceed(SUSPEND) { self.high + 1 } else { 0 };
        if waits.exceed(RESTORE) {
            self.last_wait = now;
        }
        let is_suspended = pool.niceness.is_suspended();
        if !is_suspended && self.high >= SUSPEND_WINDOWS {
            unwind::log(|| {
                tracing::debug!(
                    pool = pool.name,
                    percent = waits.any,
                    "the workers wait for cores: normal priority"
                );
            });
            pool.niceness.set_suspended(true);
        } else if is_suspended && now.duration_since(self.last_wait) >= RESTORE_AFTER {
            unwind::log(|| {
                tracing::debug!(pool = pool.name, "the workers hardly wait for cores: nice again");
            });
            pool.niceness.set_suspended(false);
        }
        want_cores
    }
}

impl Waits {
    fn exceed(self, bounds: Self) -> bool {
        self.any > bounds.any || self.foreign > bounds.foreign
    }
}

/// Returns how long workers waited, if any of them wanted a core. `used` is the CPU time of the
/// process in the same time, and `half` is half of what all cores would have been to the workers.
fn waits(
    before: &[(usize, CoreTime)],
    after: &[(usize, CoreTime)],
    used: Duration,
    half: Duration,
) -> Option<Waits> {
    let (mut ran, mut waited) = (Duration::ZERO, Duration::ZERO);
    for (number, now) in after {
        let Some((_, then)) = before.iter().find(|(other, _)| other == number) else { continue };
        ran += now.ran.saturating_sub(then.ran);
        waited += now.waited.saturating_sub(then.waited);
    }
    let foreign = if ran + waited < half {
        Duration::ZERO
    } else {
        waited.saturating_sub(used.saturating_sub(ran))
    };
    let total = (ran + waited).as_nanos();
    let percent = |part: Duration| part.as_nanos() * 100 / total;
    (total > 0).then(|| Waits { any: percent(waited), foreign: percent(foreign) })
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const fn times(ran: u64, waited: u64) -> CoreTime {
        CoreTime { ran: Duration::from_millis(ran), waited: Duration::from_millis(waited) }
    }

    const fn ms(time: u64) -> Duration {
        Duration::from_millis(time)
    }

    #[test]
    fn the_share_is_of_workers_that_were_there_before() {
        let before = [(0, times(10, 0)), (1, times(5, 5))];
        let after = [(0, times(20, 30)), (1, times(15, 15)), (2, times(0, 1000))];
        assert_eq!(waits(&before, &after, ms(20), ms(50)), Some(Waits { any: 66, foreign: 66 }));
    }

    #[test]
    fn what_the_process_itself_used_does_not_count_as_foreign() {
        let (before, after) = ([(0, times(0, 0))], [(0, times(30, 70))]);
        let shares = |used| waits(&before, &after, ms(used), ms(50)).unwrap();
        assert_eq!(shares(30), Waits { any: 70, foreign: 70 });
        assert_eq!(shares(80), Waits { any: 70, foreign: 20 });
        assert_eq!(shares(200), Waits { any: 70, foreign: 0 });
        let sleepy = waits(&before, &after, ms(30), ms(101));
        assert_eq!(sleepy, Some(Waits { any: 70, foreign: 0 }));
    }

    #[test]
    fn workers_that_wanted_no_core_have_no_share() {
        assert_eq!(waits(&[(0, times(1, 1))], &[(0, times(1, 1))], ms(0), ms(1)), None);
        assert_eq!(waits(&[], &[], ms(0), ms(1)), None);
    }
}
