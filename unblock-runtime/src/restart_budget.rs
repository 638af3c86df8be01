//! How often, and after which pause, a dead child process is started again.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Pause before a child is started again after its first death. It doubles with each further one,
/// up to `LONGEST_PAUSE`. The count starts again after a child that has lived for the whole window.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Limits how often dead child processes are started again.
///
/// The limit is over a window of time, as that of Erlang's supervisors, and not over the life of
/// the parent, as that of Tornado's `fork_processes`. A server that loses a child now and then can
/// therefore run for ever, and one whose children cannot run ends.
#[derive(Clone, Debug)]
pub struct Restarts {
    most: usize,
    within: Duration,
}

impl Default for Restarts {
    /// Returns the default: 10 restarts within a minute, over all children.
    fn default() -> Self {
        Self { most: 10, within: Duration::from_mins(1) }
    }
}

impl Restarts {
    /// Allows `most` restarts of all children together within a time. 0 allows none.
    pub fn new(most: usize, within: Duration) -> Self {
        Self { most, within }
    }
}

/// The restarts of the current window.
pub(crate) struct RestartBudget {
    rules: Restarts,
    restarts: VecDeque<Instant>,
}

/// The budget is used up.
#[derive(Debug)]
pub(crate) struct OverBudget {
    /// Number of restarts within the window.
    pub(crate) restarts: usize,
}

impl RestartBudget {
    pub(crate) fn new(rules: Restarts) -> Self {
        Self { rules, restarts: VecDeque::new() }
    }

    /// Returns the length of the window.
    pub(crate) fn within(&self) -> Duration {
        self.rules.within
    }

    /// Takes one restart from the budget, unless it is used up.
    pub(crate) fn restart(&mut self, now: Instant) -> Result<(), OverBudget> {
        while self.restarts.front().is_some_and(|at| now.duration_since(*at) >= self.rules.within) {
            self.restarts.pop_front();
        }
        if self.restarts.len() >= self.rules.most {
            return Err(OverBudget { restarts: self.restarts.len() });
        }
        self.restarts.push_back(now);
        Ok(())
    }

    /// Returns the number of deaths in a row, and the pause before the next start, for a child that
    /// lived for `lived` after `deaths` others in a row.
    pub(crate) fn pause(&self, deaths: u32, lived: Duration) -> (u32, Duration) {
        let deaths = if lived >= self.rules.within { 1 } else { deaths.saturating_add(1) };
        let doubled = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(deaths - 1));
        (deaths, doubled.min(LONGEST_PAUSE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn the_budget_is_over_a_window_and_comes_back_with_time() {
        let mut budget = RestartBudget::new(Restarts::new(2, MINUTE));
        let start = Instant::now();
        assert!(budget.restart(start).is_ok());
        assert!(budget.restart(start + MINUTE / 2).is_ok());
        assert_eq!(budget.restart(start + MINUTE / 2).unwrap_err().restarts, 2);
        assert!(budget.restart(start + MINUTE).is_ok(), "the first has left the window");
        assert!(budget.restart(start + MINUTE).is_err());
    }

    #[test]
    fn a_budget_of_nothing_allows_nothing() {
        assert!(RestartBudget::new(Restarts::new(0, MINUTE)).restart(Instant::now()).is_err());
    }

    #[test]
    fn the_pause_doubles_up_to_its_limit_and_a_long_life_starts_over() {
        let budget = RestartBudget::new(Restarts::new(2, MINUTE));
        let quickly = Duration::from_millis(1);
        assert_eq!(budget.pause(0, quickly), (1, FIRST_PAUSE));
        assert_eq!(budget.pause(1, quickly), (2, 2 * FIRST_PAUSE));
        assert_eq!(budget.pause(2, quickly), (3, 4 * FIRST_PAUSE));
        assert_eq!(budget.pause(60, quickly), (61, LONGEST_PAUSE));
        assert_eq!(budget.pause(60, MINUTE), (1, FIRST_PAUSE));
        assert_eq!(budget.pause(u32::MAX, quickly).1, LONGEST_PAUSE);
    }
}
