//! How often, and after which pause, a dead child process is started again.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The budget for starting dead child processes again.
///
/// Erlang's supervisors count restarts over a window, Tornado's `fork_processes` in all; a window lets a server
/// that loses a child now and then live for ever, and ends one whose children cannot run.
#[derive(Clone, Debug)]
pub struct Restarts {
    most: usize,
    within: Duration,
}

impl Default for Restarts {
    /// 10 restarts within a minute, over all the children.
    fn default() -> Self {
        Self { most: 10, within: Duration::from_secs(60) }
    }
}

/// The pause before a child is started again: this long after its first death, twice as long after each further
/// one, up to a limit. A child that lived for the whole window starts from the beginning.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

impl Restarts {
    /// At most so many restarts, of all the children together, within so long a time. 0: none at all.
    pub fn new(most: usize, within: Duration) -> Self {
        Self { most, within }
    }
}

/// What a parent remembers of its children's deaths.
pub(crate) struct RestartBudget {
    rules: Restarts,
    restarts: VecDeque<Instant>,
}

impl RestartBudget {
    pub(crate) fn new(rules: Restarts) -> Self {
        Self { rules, restarts: VecDeque::new() }
    }

    /// How long the window is.
    pub(crate) fn within(&self) -> Duration {
        self.rules.within
    }

    /// Books one restart at `now`, unless the budget is used up.
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

    /// How many of a child's deaths count as a row, and the pause before it is started again, when the one
    /// before it had `row` behind it and it lived for `lived`.
    pub(crate) fn pause(&self, deaths: u32, lived: Duration) -> (u32, Duration) {
        let deaths = if lived >= self.rules.within { 1 } else { deaths.saturating_add(1) };
        let doubled = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(deaths - 1));
        (deaths, doubled.min(LONGEST_PAUSE))
    }
}

/// No more restarts: so many were booked within the window.
#[derive(Debug)]
pub(crate) struct OverBudget {
    pub(crate) restarts: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

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
