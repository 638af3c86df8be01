//! Runs blocking functions on a pool of threads, and brings each result back to the event loop that asked.
//!
//! An event loop serves thousands of connections as long as no handler blocks it. One line above a handler that does,
//! and the loop never waits for it:
//!
//! ```
//! # #[cfg(feature = "macros")] fn main() {
//! use unblock_runtime::unblock;
//!
//! #[unblock] // the one new line
//! fn checksum(text: &str) -> u32 {
//!     text.bytes().map(u32::from).sum() // computes, sleeps, reads a file: as it likes
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
//! # The actors
//!
//! - [`Pool`]: threads, and a queue in front of them. There is a [global](Pool::global) one, and as many others as wanted.
//! - [`Submission`]: a submitted job as its caller holds it, a future of the job's outcome. Dropping it cancels.
//! - [`EventLoop`]: a thread that runs tasks, with a mailbox through which results come back in batches.
//! - [`Error`]: why a job has no value.
//! - [`job`]: what a running job may ask: its name, its deadline, whether it is cancelled.
//! - [`server`]: an HTTP server whose loops are such event loops; with the feature `server`.
//!
//! # The path of a request
//!
//! ```text
//! request ─▶ handler ─▶ job ─▶ queue ─▶ worker ─▶ completion ─▶ event loop ─▶ response
//! ```
//!
//! A handler that is annotated makes its call a **job**: the work, and the place for its result, in one allocation. The
//! **queue** holds it until a **worker** has time. The worker runs it and stores the outcome in its **completion**, which
//! posts the waiting task to the mailbox of the **event loop** that asked; there the code after the `.await` goes on. Where no
//! [`EventLoop`] runs, under `axum::serve` say, the task is woken as by any future.
//!
//! # The call form
//!
//! For a body that is not a function of its own, [`Pool::submit`] takes a closure:
//!
//! ```
//! use unblock_runtime::Pool;
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
//! # runtime.block_on(async {
//! let answer = Pool::global().submit(|| 6 * 7).await?;
//! assert_eq!(answer, 42);
//! # Ok::<(), unblock_runtime::Error>(())
//! # }).unwrap();
//! ```
//!
//! # How many threads
//!
//! You need not choose: as many workers run as there are cores, and one more whenever one of them goes to sleep in
//! its job, so that jobs that compute and jobs that sleep share one pool without a setting. See [`PoolBuilder`] for the
//! bounds.
//!
//! # Features
//!
//! - `macros` (default): the attribute [`unblock`](macro@unblock).
//! - `server` (default): the module [`server`], with tokio and hyper. Without it nothing here depends on an executor or on HTTP.
//! - `axum`: [`Error`], and with `server` its [`TextResponse`](server::TextResponse), are responses of axum 0.8: a handler may end with
//!   `Result<_, unblock_runtime::Error>`. It brings neither axum itself nor the server.

#[cfg(feature = "macros")]
pub use unblock_macros::unblock;

mod admission;
mod argument;
mod builder;
mod completion;
mod context;
mod deadline;
mod error;
mod event_loop;
#[cfg(any(feature = "axum", feature = "server"))]
mod failure;
mod habit;
mod handler;
pub mod job;
mod monitor;
mod origin;
mod panic;
#[cfg(all(loom, not(feature = "server")))]
#[path = "server/connection/poll_when_woken.rs"]
mod poll_when_woken;
mod pool;
mod priority;
mod queue;
#[cfg(feature = "axum")]
mod response;
#[cfg(feature = "server")]
pub mod server;
mod settle;
mod shutdown;
mod sizing;
mod stats;
mod submission;
mod sync;
mod timer;
mod worker;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use builder::PoolBuilder;
pub use error::{BuildError, Error, TrySubmitError};
pub use event_loop::{EventLoop, LoopClosed, LoopHandle};
pub use panic::Panicked;
pub use pool::Pool;
pub use shutdown::Shutdown;
pub use stats::Stats;
pub use submission::Submission;
