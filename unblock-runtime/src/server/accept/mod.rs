//! Accepting connections: the listening socket, and the loops that take turns at it.
//!
//! ```text
//! listener ──▶ loop_threads ──▶ loop_thread ──▶ acceptor ──▶ balancer ──▶ connection
//! binds or     starts and       event loop      accepts      keeps it or  serves it, for
//! checks       watches one      of one thread   until the    hands it to  its life
//! the socket   thread a loop    (busy_poll)     server stops another loop
//! ```

mod acceptor;
pub(crate) mod balancer;
mod busy_poll;
#[cfg(unix)]
pub(crate) mod inherited;
pub(crate) mod listener;
mod loop_thread;
pub(crate) mod loop_threads;
#[cfg(unix)]
pub(crate) mod socket_file;
