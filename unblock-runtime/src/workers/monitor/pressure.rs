//! How long workers wait for a core, and whether their niceness is to blame.

use std::time::{Duration, Instant};

use crate::pool::Shared;
use crate::workers::os_thread::CoreTime;

/// The time over which the waits of the workers are measured.
const WINDOW: Duration = Duration::from_millis(50);
/// The niceness is suspended when this number of windows in a row were above `SUSPEND_PERCENT`.
const SUSPEND_WINDOWS: u32 = 2;
/// The share of the time in which workers want a core that they may wait for it. Nice workers wait
/// for 90 % of it beside two busy threads of normal priority on two cores, and for 45 % beside one,
/// where the niceness costs them a sixth of their work. The event loops of a server at ten times
/// its capacity keep them waiting for 40 %, and are to go first.
const SUSPEND_PERCENT: u128 = 60;
/// The niceness comes back when all windows of `RESTORE_AFTER` were below this. Beside two busy
/// threads on two cores, workers that are not nice wait for 50 %.
const RESTORE_PERCENT: u128 = 40;
pub(super) const RESTORE_AFTER: Duration = Duration::from_secs(1);

pub(super) struct Pressure {
    since: Instant,
    /// The times of the workers at the beginning of the window, by their numbers.
    before: Vec<(usize, CoreTime)>,
    /// The number of windows in a row that were above `SUSPEND_PERCENT`.
    high: u32,
    /// When a window was last above `RESTORE_PERCENT`.
    last_wait: Instant,
}

impl Pressure {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self { since: now, before: Vec::new(), high: 0, last_wait: now }
    }

    /// Measures the waits if a window is over. Suspends the niceness of the workers, or restores
    /// it.
    pub(super) fn observe(&mut self, pool: &Shared) {
        let now = Instant::now();
        if pool.niceness.is_pinned() || now.duration_since(self.since) < WINDOW {
            return;
        }
        let is_whole = now.duration_since(self.since) < 4 * WINDOW;
        let times = pool.workers.core_times();
        let percent = waited_percent(&self.before, &times).filter(|_| is_whole);
        self.since = now;
        self.before = times;
        let Some(percent) = percent else { return };
        self.high = if percent > SUSPEND_PERCENT { self.high + 1 } else { 0 };
        if percent > RESTORE_PERCENT {
            self.last_wait = now;
        }
        let is_suspended = pool.niceness.is_suspended();
        if !is_suspended && self.high >= SUSPEND_WINDOWS {
            tracing::debug!(
                pool = pool.name,
                percent,
                "the workers wait for cores: normal priority"
            );
            pool.niceness.set_suspended(true);
        } else if is_suspended && now.duration_since(self.last_wait) >= RESTORE_AFTER {
            tracing::debug!(pool = pool.name, "the workers hardly wait for cores: nice again");
            pool.niceness.set_suspended(false);
        }
    }
}

/// Returns the share of their time that workers waited for a core, if any of them wanted one.
fn waited_percent(before: &[(usize, CoreTime)], after: &[(usize, CoreTime)]) -> Option<u128> {
    let (mut ran, mut waited) = (Duration::ZERO, Duration::ZERO);
    for (number, now) in after {
        let Some((_, then)) = before.iter().find(|(other, _)| other == number) else { continue };
        ran += now.ran.saturating_sub(then.ran);
        waited += now.waited.saturating_sub(then.waited);
    }
    let total = (ran + waited).as_nanos();
    (total > 0).then(|| waited.as_nanos() * 100 / total)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const fn times(ran: u64, waited: u64) -> CoreTime {
        CoreTime { ran: Duration::from_millis(ran), waited: Duration::from_millis(waited) }
    }

    #[test]
    fn the_share_is_of_workers_that_were_there_before() {
        let before = [(0, times(10, 0)), (1, times(5, 5))];
        let after = [(0, times(20, 30)), (1, times(15, 15)), (2, times(0, 1000))];
        assert_eq!(waited_percent(&before, &after), Some(66));
    }

    #[test]
    fn workers_that_wanted_no_core_have_no_share() {
        assert_eq!(waited_percent(&[(0, times(1, 1))], &[(0, times(1, 1))]), None);
        assert_eq!(waited_percent(&[], &[]), None);
    }
}
