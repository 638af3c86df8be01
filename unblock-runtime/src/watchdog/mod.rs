//! The watchdog: finds handlers that block an event loop, and says which and with what.
//!
//! A handler that someone forgot to annotate keeps its loop, and everybody else's requests with it.
//! The [server](crate::server) watches the polls of its requests, without a setting. Under another
//! server `tower::WatchdogLayer` does, or [`watch`] around any future. A poll that takes longer
//! than [25 ms](DEFAULT_THRESHOLD) is logged as a warning of `tracing`, with the target
//! `unblock_runtime::watchdog`, while it lasts and at its end:
//!
//! ```text
//! GET /report has held event loop 0 for 31 ms and still does: asleep in read(2) of /data/notes.db;
//! annotate the blocking function with #[unblock]
//! GET /report held event loop 0 for 812 ms: asleep in read(2) of /data/notes.db; annotate the …
//! ```
//!
//! What the thread does comes from Linux's `/proc/self/task`; elsewhere the lines say how long
//! only. Time for which the thread only waited for a core does not count, where the kernel tells it
//! (`schedstat`), nor time for which the process was stopped, so that a machine that is busy with
//! something else is no false alarm.
//!
//! A route is logged once a minute, and its other long polls are counted: [`long_polls`] has the
//! counts of each route, [`recent`] the last ones in detail, [`loops`] the threads, and
//! [`on_blocked`] calls a function for each.
//!
//! # The name of a request
//!
//! A request is named by its method and its path, as printable ASCII and without the query. A layer
//! of a router in axum knows the pattern, such as `/users/{id}`: with the feature `matched-path`,
//! `tower::WatchdogLayer` names the request by that, in this crate's server as well.
//!
//! # What is not seen
//!
//! Only polls of requests, of the bodies of their responses, and of futures in [`watch`] have a
//! name. Whatever else blocks a loop, such as a task that a handler has spawned, shows in
//! [`LoopStats::lag`]. A poll that tells its runtime that it blocks, by tokio's `block_in_place`,
//! is long all the same.
//!
//! # Cost
//!
//! A poll reads the clock twice and stores three numbers. The watcher's thread sleeps while all
//! loops do.

// The code:
//
//   watch ─▶ polling_thread ◀─ watcher ─▶ activity      a poll, its thread, and who looks at it
//     │       names                │                     what the poll is called
//     └────────▶ reports ◀─────────┘                     who is told
//                                arming                  who wakes the watcher

mod activity;
mod arming;
mod names;
mod polling_thread;
mod reports;
mod watch;
mod watcher;

use std::borrow::Cow;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::time::{Duration, SystemTime};

pub(crate) use names::Name;
#[cfg(feature = "server")]
pub(crate) use polling_thread::PollingThread;
pub(crate) use watch::Watch;
#[cfg(feature = "server")]
pub(crate) use watch::register_loop;
#[cfg(feature = "matched-path")]
pub(crate) use watch::rename_current;

/// The time from which a poll is long, unless another is set: 25 ms.
///
/// All other requests of the loop wait for so long. A handler that computes for less need not be a
/// fault; one that blocks does so for longer, some time or other.
pub const DEFAULT_THRESHOLD: Duration = Duration::from_millis(25);

/// Watches the polls of a future, under any executor.
///
/// `name` is what reports call it, such as `GET /users/{id}`: the name of a kind of thing, because
/// long polls are counted by it. Within a poll that is watched already, such as that of a request
/// of this crate's server, it adds nothing.
///
/// In actix-web, whose middleware is not tower's:
///
/// ```ignore
/// use actix_web::App;
/// use actix_web::dev::ServiceRequest;
/// use actix_web::middleware::{Next, from_fn};
/// use unblock_runtime::watchdog::watch;
///
/// App::new().wrap(from_fn(|request: ServiceRequest, next: Next<_>| {
///     let route = request.match_pattern().unwrap_or_else(|| request.path().to_owned());
///     watch(format!("{} {route}", request.method()), next.call(request))
/// }))
/// ```
pub async fn watch<F: Future>(name: impl Into<Cow<'static, str>>, future: F) -> F::Output {
    let watch = Watch::new(Name::Text(name.into()), DEFAULT_THRESHOLD);
    let mut future = pin!(future);
    poll_fn(|cx| watch.poll(|| future.as_mut().poll(cx))).await
}

/// Calls `f` for each long poll of this process: when it is found while it lasts, and once more or
/// only then when it is [over](LongPoll::is_over).
///
/// While a poll lasts, `f` is called on the watcher's thread, and other polls are not looked at
/// meanwhile. At the end it is called on the thread that has polled, so it must not block. A panic
/// in it is logged. It stays for good.
pub fn on_blocked(f: impl Fn(&LongPoll) + Send + Sync + 'static) {
    reports::add_hook(f);
}

/// Returns the last 32 long polls, the newest at the end.
pub fn recent() -> Vec<LongPoll> {
    reports::recent()
}

/// Returns the routes that had long polls, by name. Those beyond 64 are counted as `(others)`.
pub fn long_polls() -> Vec<RouteStats> {
    reports::routes()
}

/// Returns the threads that poll what is watched: the loops of this crate's servers by their
/// numbers, and after them the threads of other runtimes.
pub fn loops() -> Vec<LoopStats> {
    polling_thread::stats()
}

/// A poll that took longer than it may.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LongPoll {
    /// What was polled, such as `GET /report`. Printable ASCII.
    pub name: String,
    /// The name of the thread.
    pub thread: String,
    /// The number of the event loop in its server, if it is one.
    pub loop_number: Option<usize>,
    /// The kernel's number of the thread, on Linux.
    pub thread_id: Option<i32>,
    /// When the poll began.
    pub begun: SystemTime,
    /// How long it took, or has taken so far, without waits for a core.
    pub held: Duration,
    /// What the thread did when the watcher looked: `computing`, or `asleep in read(2) of …`.
    /// `None` if it was not seen while it lasted, and where the platform cannot tell.
    pub doing: Option<String>,
    /// Whether the poll has ended.
    pub is_over: bool,
}

impl fmt::Display for LongPoll {
    /// The line of the log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has = if self.is_over { "" } else { "has " };
        write!(f, "{} {has}held ", self.name)?;
        match self.loop_number {
            Some(number) => write!(f, "event loop {number}")?,
            None => write!(f, "thread {}", self.thread)?,
        }
        write!(f, " for {} ms", self.held.as_millis())?;
        if !self.is_over {
            f.write_str(" and still does")?;
        }
        if let Some(doing) = &self.doing {
            write!(f, ": {doing}")?;
        }
        f.write_str("; annotate the blocking function with #[unblock]")
    }
}

/// The long polls of a route since the start of the process.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RouteStats {
    /// The method and the route, or the name that was given to [`watch`].
    pub name: String,
    /// The number of long polls. One that lasts is counted when it is found.
    pub count: u64,
    /// The longest of them.
    pub longest: Duration,
    /// When the last of them began.
    pub last: SystemTime,
}

/// A thread that polls what is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoopStats {
    /// The number of the loop in its server. `None` for a thread of another runtime.
    pub number: Option<usize>,
    /// The name of the thread.
    pub thread: String,
    /// The kernel's number of the thread, on Linux.
    pub thread_id: Option<i32>,
    /// The lag: how long a task that another thread has woken waited until the loop polled it, as
    /// the result of a job does. Node calls this the event loop delay. It is measured 80 times a
    /// second while the loop is awake; this is the last measurement, or for how long the present
    /// one has had no reply, and zero while the loop sleeps. `None` for a thread of another
    /// runtime, whose tasks other threads may poll.
    pub lag: Option<Duration>,
    /// The longest lag of the last 10 to 20 seconds.
    pub longest_lag: Option<Duration>,
    /// The number of polls that were watched.
    pub polls: u64,
    /// The number of them that were long. One that lasts does not count yet.
    pub long_polls: u64,
    /// Time for which the loop was awake, since it started. Of a thread of another runtime the time
    /// for which it polled what is watched.
    pub busy: Duration,
    /// The present poll, if it is long by now.
    pub current: Option<CurrentPoll>,
}

/// A poll that is long and lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CurrentPoll {
    /// What is polled, such as `GET /report`. Printable ASCII.
    pub name: String,
    /// For how long it has been polled.
    pub age: Duration,
}
