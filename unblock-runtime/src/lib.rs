//! Runs blocking functions on a pool of threads, and brings each result back to the event loop that asked.

#[cfg(feature = "macros")]
pub use unblock_macros::unblock;

mod argument;
mod builder;
mod completion;
mod context;
mod error;
mod event_loop;
mod handler;
pub mod job;
mod monitor;
mod panic;
mod pool;
mod priority;
mod queue;
#[cfg(feature = "server")]
pub mod server;
mod settle;
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
pub use pool::{Pool, Shutdown};
pub use stats::Stats;
pub use submission::Submission;
