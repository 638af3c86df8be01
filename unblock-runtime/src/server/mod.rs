//! An HTTP server of event loops: HTTP/1.1 and HTTP/2 without TLS, on hyper.
//!
//! A [`Server`] runs *N* [event loops](crate::EventLoop), each a thread with a current-thread tokio
//! runtime. They share the listening socket. A connection is accepted by one loop, which keeps it
//! or hands it to a loop that has fewer, and then stays with that loop. The future of a service
//! therefore need not be `Send` (the handlers of axum must be, all the same), and results of
//! `#[unblock]` calls come back through the mailbox of that loop.
//!
//! ```no_run
//! use unblock_runtime::server::Server;
//!
//! # fn router() -> axum::Router { axum::Router::new() }
//! # fn main() -> Result<(), unblock_runtime::server::ServerError> {
//! let server = Server::builder().stop_on_signals().bind("127.0.0.1:8888")?;
//! println!("listening on http://{}", server.local_addr());
//! let report = server.serve(router())?; // an axum router, or any hyper or tower service
//! println!("{report}"); // what was unfinished when the server stopped
//! # Ok(())
//! # }
//! ```
//!
//! # The path of a request
//!
//! ```text
//! accept ─────────────▶ connection ─────────▶ request ────────────────▶ service
//! a loop takes it from  a task of the loop:   limits, deadline and      the caller's: axum,
//! the listening socket  hyper, and the time   panics; the response      tower or hyper
//! and balances          limits                goes back the same way
//! ```
//!
//! [`Limits`] say what a client may use. [`ServerBuilder::request_timeout`] limits the time of the
//! service.
//!
//! # How a server stops
//!
//! A server stops when [`ServerHandle::stop`] is called on any thread, or on a signal. It closes
//! the listening socket and idle connections at once. Requests that run or have just come get their
//! responses within the [grace period](ServerBuilder::grace). Requests that still run then are cut,
//! and counted in the [`Report`]. A handler that blocks its loop cannot be cut; the server waits a
//! second for it and leaves its thread behind.
//!
//! A connection that has become something else, a WebSocket or the tunnel of a `CONNECT`, is open
//! until its handler drops the stream. It counts as a connection all the while, the stop waits for
//! it as well, and [`ServerHandle::stopping`] lets its handler end it in time. [`Limits`] say how
//! many there may be and how long they may be silent; all other time limits are the handler's.
//!
//! Pools are separate: jobs that are detached, or that run on when their callers have given up, end
//! with the process. If they matter, await [`Pool::shutdown`](crate::Pool::shutdown) after the
//! server has stopped, on any executor.
//!
//! # Several processes
//!
//! With [`processes(n)`](ServerBuilder::processes) the program starts itself *n* times. The
//! children inherit the listening sockets by the convention of systemd's socket activation
//! (`LISTEN_FDS`), so that the same program also runs under a systemd socket unit.

// The code, in the order of a server's life:
//
//   builder, config, limits ──▶ server ─┬▶ run ──▶ accept ──▶ connection ──▶ request
//   what can be set             listens │  serves in this process
//                                       └▶ processes
//                                          the parent of children that `run`
//
//   signals ──▶ shutdown                 who asks for the stop, and the phase that all watch
//   running                              a server on a thread of its own
//   socket, timeouts, upgrade,           what accept, connection and request share
//   in_flight, select
mod accept;
mod builder;
mod config;
mod connection;
mod error;
mod in_flight;
mod limits;
mod processes;
mod request;
mod run;
mod running;
mod select;
#[expect(clippy::module_inception, reason = "it holds the type `Server`")]
mod server;
mod shutdown;
mod signals;
mod socket;
mod timeouts;
mod upgrade;

pub use crate::restart_budget::Restarts;
pub use builder::ServerBuilder;
pub use config::{Role, is_child};
pub use error::ServerError;
pub use limits::Limits;
pub use request::body::{Body, BodyError};
pub use request::service::{Hyper, IntoService, Tower};
pub use request::text_response::TextResponse;
pub use running::RunningServer;
pub use server::Server;
#[cfg(feature = "dashboard")]
pub(crate) use shutdown::ShutdownWatch;
pub use shutdown::{Report, ServerHandle};
