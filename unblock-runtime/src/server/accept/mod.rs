//! Accepting connections: the listening socket, and the loops that take turns at it.

mod balancer;
mod busy_poll;
pub(crate) mod listener;
mod loop_thread;
pub(crate) mod loop_threads;
