//! Reports of long polls: the log, the hooks, the last ones, and the counts of each route.
//!
//! # The invariant
//!
//! *A poll that was reported while it lasted is reported once more at its end, and counted once;
//! and nothing says of a poll that it lasts when its end has been reported.* The watcher looks once
//! more whether the poll lasts, and marks it as reported, under the lock. The thread that polls has
//! ended the poll before it takes the lock. So if the watcher is the first under the lock, the
//! thread finds the mark; if the thread is, the watcher finds that the poll is over.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::names::Name;
use super::polling_thread::PollingThread;
use super::{LongPoll, RouteStats};
use crate::unwind;

/// The number of routes that are counted apart. Without axum's patterns a route is a path, which
/// strangers choose.
const MOST_ROUTES: usize = 64;
/// The name under which all other routes are counted.
const OTHERS: &str = "(others)";
/// The number of long polls that are kept.
const KEPT: usize = 32;
/// A route is logged once in this time, and the end of a poll that was logged while it lasted.
const LOGGED_AGAIN: Duration = Duration::from_mins(1);

type Hook = Arc<dyn Fn(&LongPoll) + Send + Sync>;

static REPORTS: Mutex<Reports> =
    Mutex::new(Reports { routes: BTreeMap::new(), last: VecDeque::new(), hooks: Vec::new() });

struct Reports {
    routes: BTreeMap<String, Route>,
    last: VecDeque<Kept>,
    hooks: Vec<Hook>,
}

struct Route {
    stats: RouteStats,
    logged: Option<Instant>,
    /// The number of long polls since that were not logged.
    unlogged: u64,
}

/// A long poll, and the beginning by which its thread knows it.
struct Kept {
    begun: u64,
    poll: LongPoll,
}

/// What is to be done about a report without the lock.
struct Todo {
    /// Log it, with the number of long polls of the route that were not logged before.
    log: Option<u64>,
    hooks: Vec<Hook>,
}

/// Reports a poll that lasts, if it does. The hooks hear of it once.
pub(super) fn still_held(
    thread: &PollingThread,
    begun: u64,
    name: &Name,
    held: Duration,
    doing: Option<String>,
) {
    let poll = LongPoll::new(thread, name, held, doing);
    let todo = {
        let mut reports = lock();
        if !thread.is_in(begun) {
            return;
        }
        let is_new = thread.reported.swap(begun, Ordering::Relaxed) != begun;
        let log = reports.count(&poll, is_new).log(false);
        if log.is_some() {
            thread.logged.store(begun, Ordering::Relaxed);
        }
        reports.keep(begun, poll.clone());
        Todo { log, hooks: reports.hooks_if(is_new) }
    };
    todo.run(&poll);
}

/// Reports a poll that has ended, if it was long or was reported before.
pub(super) fn ended(
    thread: &PollingThread,
    begun: u64,
    name: &Name,
    held: Duration,
    is_long: bool,
) {
    let mut poll = LongPoll::new(thread, name, held, None);
    poll.is_over = true;
    let todo = {
        let mut reports = lock();
        let is_new = thread.reported.load(Ordering::Relaxed) != begun;
        if is_new && !is_long {
            return;
        }
        thread.count_long_poll();
        let was_logged = thread.logged.load(Ordering::Relaxed) == begun;
        let log = reports.count(&poll, is_new).log(was_logged);
        if let Some(kept) = reports.kept(begun, &poll) {
            poll.doing.clone_from(&kept.poll.doing);
            poll.held = poll.held.max(kept.poll.held);
        }
        reports.keep(begun, poll.clone());
        Todo { log, hooks: reports.hooks_if(true) }
    };
    todo.run(&poll);
}

impl Reports {
    fn count(&mut self, poll: &LongPoll, is_new: bool) -> &mut Route {
        let is_full = self.routes.len() >= MOST_ROUTES && !self.routes.contains_key(&poll.name);
        let name = if is_full { OTHERS } else { &poll.name };
        let route = self.routes.entry(name.to_owned()).or_insert_with(|| Route {
            stats: RouteStats {
                name: name.to_owned(),
                count: 0,
                longest: Duration::ZERO,
                last: poll.begun,
            },
            logged: None,
            unlogged: 0,
        });
        if is_new {
            route.stats.count += 1;
            route.unlogged += 1;
        }
        route.stats.longest = route.stats.longest.max(poll.held);
        route.stats.last = poll.begun;
        route
    }

    fn kept(&mut self, begun: u64, poll: &LongPoll) -> Option<&mut Kept> {
        let is_same = |kept: &&mut Kept| {
            kept.begun == begun
                && (kept.poll.thread_id, &kept.poll.thread) == (poll.thread_id, &poll.thread)
        };
        self.last.iter_mut().rev().find(is_same)
    }

    fn keep(&mut self, begun: u64, poll: LongPoll) {
        if let Some(kept) = self.kept(begun, &poll) {
            kept.poll = poll;
            return;
        }
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        self.last.push_back(Kept { begun, poll });
    }

    fn hooks_if(&self, is_told: bool) -> Vec<Hook> {
        if is_told { self.hooks.clone() } else { Vec::new() }
    }
}

impl Route {
    /// Returns how many long polls were not logged before, if this one is to be logged.
    fn log(&mut self, must: bool) -> Option<u64> {
        let is_due = self.logged.is_none_or(|logged| logged.elapsed() >= LOGGED_AGAIN);
        (must || is_due).then(|| {
            self.logged = Some(Instant::now());
            std::mem::take(&mut self.unlogged).saturating_sub(1)
        })
    }
}

impl Todo {
    fn run(self, poll: &LongPoll) {
        if let Some(unlogged) = self.log {
            let (thread_id, held_ms) = (poll.thread_id, poll.held.as_millis());
            unwind::log(|| {
                if unlogged == 0 {
                    tracing::warn!(target: TARGET, thread_id, held_ms, "{poll}");
                } else {
                    tracing::warn!(target: TARGET, thread_id, held_ms, unlogged, "{poll}");
                }
            });
        }
        for hook in self.hooks {
            unwind::contain("a hook of the watchdog", || hook(poll));
        }
    }
}

const TARGET: &str = "unblock_runtime::watchdog";

pub(super) fn add_hook(hook: impl Fn(&LongPoll) + Send + Sync + 'static) {
    lock().hooks.push(Arc::new(hook));
}

pub(super) fn recent() -> Vec<LongPoll> {
    lock().last.iter().map(|kept| kept.poll.clone()).collect()
}

pub(super) fn routes() -> Vec<RouteStats> {
    lock().routes.values().map(|route| route.stats.clone()).collect()
}

impl LongPoll {
    fn new(thread: &PollingThread, name: &Name, held: Duration, doing: Option<String>) -> Self {
        let now = SystemTime::now();
        Self {
            name: name.to_string(),
            thread: thread.name.clone(),
            loop_number: thread.number,
            thread_id: thread.id.number(),
            begun: now.checked_sub(held).unwrap_or(now),
            held,
            doing,
            is_over: false,
        }
    }
}

fn lock() -> MutexGuard<'static, Reports> {
    REPORTS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn poll(name: String) -> LongPoll {
        let (thread, begun, held) = (String::new(), SystemTime::now(), Duration::from_millis(812));
        let (loop_number, thread_id, doing, is_over) = (Some(0), None, None, true);
        LongPoll { name, thread, loop_number, thread_id, begun, held, doing, is_over }
    }

    fn reports() -> Reports {
        Reports { routes: BTreeMap::new(), last: VecDeque::new(), hooks: Vec::new() }
    }

    #[test]
    fn a_route_is_logged_once_and_then_the_others_are_counted() {
        let mut reports = reports();
        let poll = poll("GET /report".into());
        assert_eq!(reports.count(&poll, true).log(false), Some(0));
        for _ in 0..3 {
            assert_eq!(reports.count(&poll, true).log(false), None);
        }
        assert_eq!(reports.count(&poll, false).log(true), Some(2), "the end of one of the three");
        let route = &reports.routes["GET /report"].stats;
        assert_eq!((route.count, route.longest), (4, poll.held));
    }

    #[test]
    fn strangers_make_no_more_than_so_many_routes_and_lines() {
        let mut reports = reports();
        let mut lines = 0;
        for number in 0..10 * MOST_ROUTES {
            let poll = poll(format!("GET /{number}"));
            lines += usize::from(reports.count(&poll, true).log(false).is_some());
            reports.keep(number as u64, poll);
        }
        assert_eq!((reports.routes.len(), lines), (MOST_ROUTES + 1, MOST_ROUTES + 1));
        assert_eq!(reports.routes[OTHERS].stats.count, 9 * MOST_ROUTES as u64);
        assert_eq!(reports.last.len(), KEPT);
    }
}
