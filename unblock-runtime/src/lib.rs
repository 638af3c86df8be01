//! Runs blocking functions on a pool of threads, and brings each result back to the event loop that
//! asked.
//!
//! An event loop serves thousands of connections as long as no handler blocks it. With one line
//! above a handler that does, the loop never waits for it:
//!
//! ```
//! # #[cfg(feature = "macros")] fn main() {
//! use unblock_runtime::unblock;
//!
//! #[unblock] // the one new line
//! fn checksum(text: &str) -> u32 {
//!     text.bytes().map(u32::from).sum() // it may compute, sleep or read a file
//! }
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
//! # runtime.block_on(async {
//! assert_eq!(checksum("abc").await, 294); // called as an `async fn`; the loop goes on meanwhile
//! # });
//! # }
//! # #[cfg(not(feature = "macros"))] fn main() {}
//! ```
//!
//! The `guide` says when to use it, what to write in each framework, and what to watch for.
//!
//! # The actors
//!
//! - [`Pool`]: threads, and a queue in front of them. There is a [global](Pool::global) one, and as
//!   many others as wanted.
//! - [`Submission`]: a submitted job as its caller holds it. It is a future of the job's outcome,
//!   and dropping it cancels the job. An [`AbortHandle`] cancels it from elsewhere, and a
//!   [`SubmissionSet`] holds many of them.
//! - [`EventLoop`]: a thread that runs tasks, with a mailbox through which results come in batches.
//! - [`Error`]: the reason why a job has no value.
//! - [`job`]: questions that a running job may ask: its name, its deadline, whether it is
//!   cancelled; and [`job::within`], one deadline for all jobs of a future.
//! - [`watchdog`]: finds handlers that block an event loop, and says which and with what.
//! - `processes`: pools whose jobs run in processes of their own, for what may crash, leak or never
//!   end, with the feature of that name.
//! - `server`: an HTTP server whose loops are such event loops, with the feature of that name.
//!
//! # The path of a request
//!
//! ```text
//! request ─▶ handler ─▶ job ─▶ queue ─▶ worker ─▶ completion ─▶ event loop ─▶ response
//! ```
//!
//! A call of an annotated handler becomes a **job**: the work, and the place for its outcome, in
//! one allocation. The **queue** holds it until a **worker** has time. The worker runs it and
//! stores the outcome in its **completion**, which posts the waiting task to the mailbox of the
//! **event loop** that asked. There the code after the `.await` goes on. Where no [`EventLoop`]
//! runs, under `axum::serve` for example, the task is woken as by any future.
//!
//! # The call form
//!
//! [`Pool::submit`] takes a closure, for a body that is not a function of its own:
//!
//! ```
//! use unblock_runtime::Pool;
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
//! # runtime.block_on(async {
//! let product = Pool::global().submit(|| 6 * 7).await?;
//! assert_eq!(product, 42);
//! # Ok::<(), unblock_runtime::Error>(())
//! # }).unwrap();
//! ```
//!
//! [`Pool::job`] gives such a closure the options that the attribute has: a name, a time limit,
//! `shed`.
//!
//! # How many threads
//!
//! You need not choose. As many workers run as there are cores, and one more whenever one of them
//! goes to sleep in its job, so that jobs that compute and jobs that sleep share one pool without a
//! setting. See [`PoolBuilder`] for the bounds.
//!
//! # Features
//!
//! - `macros` (default): the attribute [`unblock`](macro@unblock).
//! - `server`: the module `server`, with tokio and hyper. Without it nothing here depends on an
//!   executor or on HTTP.
//! - `axum`: [`Error`], and with `server` its [`TextResponse`](server::TextResponse), are responses
//!   of axum 0.8. A handler may return `Result<_, unblock_runtime::Error>`. It brings neither axum
//!   itself nor the server.
//! - `stream`: `Pool::stream`, a blocking iterator as a stream of futures-core.
//! - `io`: `Pool::reader` and `Pool::writer`, blocking readers and writers as those of tokio, whose
//!   traits it brings and whose runtime it does not need.
//! - `prometheus`: the statistics of all pools as metrics for Prometheus, read when it asks.
//! - `dashboard`: `dashboard()`, a page that shows the pools and event loops at work, as a service
//!   for axum's router.
//! - `tracing`: a span for each job, a child of the caller's, so that what a job logs belongs to
//!   the request that it works for. With an OpenTelemetry layer the trace goes through the pool.
//! - `processes`: the module `processes`, pools of processes for functions with
//!   `#[unblock(remote)]`. On Unix.
//! - `tower`: the module `tower`, layers for any server. One gives each request a deadline, one has
//!   the [`watchdog`] watch it.
//! - `matched-path`: that layer names a request by the pattern of its route in axum.
//! - `test-util`: pools without threads for tests, `PoolBuilder::on_demand` and
//!   `PoolBuilder::inline`, whose jobs run when and where a test says.

#[cfg(feature = "macros")]
pub use unblock_macros::unblock;

mod clock;
mod codegen;
mod cores;
#[cfg(feature = "dashboard")]
mod dashboard;
mod error;
mod event_loop;
#[cfg(doc)]
pub mod guide;
mod http;
#[cfg(feature = "io")]
pub mod io;
pub mod job;
#[cfg(all(loom, not(feature = "server")))]
#[path = "server/connection/poll_when_woken.rs"]
mod poll_when_woken;
mod pool;
mod process;
#[cfg(all(unix, feature = "processes"))]
pub mod processes;
#[cfg(feature = "prometheus")]
pub mod prometheus;
mod queue;
#[cfg(feature = "processes")]
mod remote;
#[cfg(any(feature = "server", feature = "processes"))]
mod restart_budget;
#[cfg(feature = "server")]
pub mod server;
mod spawner;
pub mod stats;
#[cfg(feature = "stream")]
pub mod stream;
mod sync;
mod timer;
#[cfg(feature = "tower")]
pub mod tower;
mod unwind;
pub mod watchdog;
mod workers;

#[cfg(all(not(unix), feature = "processes"))]
compile_error!("the feature `processes` is for Unix");

/// Names for generated code. Not public API.
#[doc(hidden)]
pub mod __private {
    pub use crate::codegen::*;
}

#[cfg(feature = "dashboard")]
pub use dashboard::dashboard;
pub use error::{BuildError, Death, Error, Panicked, TrySubmitError, Unportable};
pub use event_loop::{EventLoop, LoopClosed, LoopHandle};
pub use job::{AbortHandle, Submission, SubmissionSet};
pub use pool::{EnterGuard, Pool, PoolBuilder, Shutdown, ShuttingDown};
pub use stats::Stats;
