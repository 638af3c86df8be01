//! An HTTP server of event loops: HTTP/1.1 and HTTP/2 without TLS, on hyper.
//!
//! A [`Server`] is *N* [event loops](crate::EventLoop), each a thread with a current-thread tokio runtime of its
//! own. They share one listening socket; a connection is accepted by one loop, which keeps it or hands it to one
//! that has fewer. From then on it stays with its loop, so that a service's future need not be `Send` (axum's handlers must be all the
//! same), and results of `#[unblock]` calls come back through that loop's mailbox.
//!
//! ```no_run
//! use unblock_runtime::server::Server;
//!
//! # fn router() -> axum::Router { axum::Router::new() }
//! # fn main() -> Result<(), unblock_runtime::server::ServerError> {
//! let server = Server::builder().stop_on_signals().bind("127.0.0.1:8888")?;
//! println!("listening on http://{}", server.local_addr());
//! let report = server.serve(router())?; // an axum router, or any hyper or tower service
//! println!("{report}"); // what was left when the server stopped
//! # Ok(())
//! # }
//! ```
//!
//! # The path of a request
//!
//! ```text
//! listener ─ loops ─ serve ─────── connection ────── request ─ service ────────── answer
//! the socket         a loop's      hyper on one      limits,   the caller's:      its response, or one
//!                    accept loop   socket, the       deadline, axum, tower,       line of the server's own
//!                    (spread)      time limits       panics    hyper
//!                                  (stream,          (body,
//!                                  activity,         pace)
//!                                  protocol)
//! ```
//!
//! Around it: [`Limits`] say what a client may take, `stop` how a server ends and what it reports, and with
//! [`processes`](ServerBuilder::processes) this process only minds children that do the serving.
//!
//! # How a server stops
//!
//! By [`ServerHandle::stop`] from any thread, or by a signal. The listening socket is closed at once, idle
//! connections too; requests that run or have just come are answered, within the [grace period](ServerBuilder::grace); what is left
//! then is cut and counted in the [`Report`]. A handler that blocks its loop cannot be cut; the server does not
//! wait for it for more than a second, and the process may exit over its head.
//!
//! Pools are not part of it: jobs that are detached, and those that run on when their caller has given up, end with the process.
//! Where they matter, await [`Pool::shutdown`](crate::Pool::shutdown) after the server, on any executor.
//!
//! # Several processes
//!
//! With `processes(n)` the calling program starts itself *n* times; the children inherit the listening socket by
//! the convention of systemd's socket activation (`LISTEN_FDS`), so that the same program also runs as it is
//! under a systemd socket unit. See [`ServerBuilder::processes`].

mod accept;
mod builder;
mod connection;
mod error;
mod in_flight;
mod limits;
mod processes;
mod race;
mod request;
mod run;
mod running;
mod shutdown;
mod signals;
mod socket;
mod timeouts;

pub use builder::{Role, Server, ServerBuilder};
pub use error::ServerError;
pub use limits::Limits;
pub use processes::restart_budget::Restarts;
pub use request::body::{Body, BodyError};
pub use request::service::{Hyper, IntoService, Tower};
use request::text_response::ResponseBody;
pub use request::text_response::TextResponse;
pub use running::RunningServer;
pub use shutdown::{Report, ServerHandle};

/// What a failed service or body may be.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;
