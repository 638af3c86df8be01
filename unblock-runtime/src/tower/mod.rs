//! Layers of tower, for any server: one that gives each request a deadline, and one that finds
//! handlers which block their thread.
//!
//! This crate's own [server](crate::server) does both without a layer, by
//! [`request_timeout`](crate::server::ServerBuilder::request_timeout), which also responds when the
//! time is up, and by [`long_poll`](crate::server::ServerBuilder::long_poll).

mod deadline;
mod watchdog;

pub use deadline::{Deadline, DeadlineFuture, DeadlineLayer};
pub use watchdog::{Watchdog, WatchdogFuture, WatchdogLayer};
