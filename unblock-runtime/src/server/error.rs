//! The errors of a server.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// The error of a service or a body.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a server could not be started, or ended without being asked to.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServerError {
    /// The server cannot listen on the address: it is in use, not of this machine, or needs a
    /// privilege.
    Bind {
        /// The address as it was given, or resolved where that succeeded.
        address: String,
        /// The error of the operating system.
        source: io::Error,
    },
    /// `LISTEN_FDS` passes a descriptor that is not a socket of TCP or a Unix socket.
    Inherit(io::Error),
    /// A socket that was handed over is bound and does not listen.
    NotListening {
        /// The address that it is bound to.
        address: SocketAddr,
    },
    /// A setting is a time of 0, within which nothing can happen.
    NoTime {
        /// Name of the setting.
        setting: &'static str,
    },
    /// The server would block a thread that runs asynchronous tasks.
    WithinRuntime,
    /// This process is a child of another server of the program.
    /// See [`is_child`](super::is_child).
    ChildOfAnother,
    /// The operating system refuses a thread, a descriptor or a signal handler that the server
    /// needs.
    Start(io::Error),
    /// A loop ended by a panic outside of any handler, for example one of the function given to
    /// [`serve_with`](super::Server::serve_with).
    LoopEnded {
        /// Number of the loop, counted from 0.
        index: usize,
    },
    /// A child process cannot be started.
    Spawn(io::Error),
    /// Children died more often than [`Restarts`](super::Restarts) allows. The others have been
    /// stopped.
    TooManyRestarts {
        /// Number of times that a child was started again.
        restarts: usize,
        /// Time within which those restarts happened.
        within: Duration,
        /// How the last child ended.
        last: String,
    },
    /// This process is a child whose parent died before it had started to serve.
    ParentGone,
    /// Several processes on one socket are not available on this platform.
    Unsupported,
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bind { address, source } => write!(f, "cannot listen on {address}: {source}"),
            Self::Inherit(source) => {
                write!(f, "cannot use the socket that LISTEN_FDS hands over: {source}")
            }
            Self::NotListening { address } => {
                write!(f, "the socket that is handed over for {address} does not listen")
            }
            Self::NoTime { setting } => {
                write!(f, "{setting} must be more than 0: nothing could happen in time")
            }
            Self::WithinRuntime => f.write_str(
                "`serve` blocks its thread, which runs a tokio runtime: \
                 await `serve_async` instead, or call `start`",
            ),
            Self::ChildOfAnother => f.write_str(
                "this process is a child of another server of the program, and has no part in \
                 this one; `server::is_child()` tells",
            ),
            Self::Start(source) => write!(f, "cannot start the server: {source}"),
            Self::LoopEnded { index } => write!(f, "event loop {index} ended by a panic"),
            Self::Spawn(source) => write!(f, "cannot start a child process: {source}"),
            Self::TooManyRestarts { restarts, within, last } => write!(
                f,
                "child processes keep dying: {restarts} restarts within {within:?}, \
                 the last ended with {last}"
            ),
            Self::ParentGone => f.write_str("the parent process is gone"),
            Self::Unsupported => {
                f.write_str("several processes are not available on this platform")
            }
        }
    }
}

impl std::error::Error for ServerError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Bind { source, .. }
            | Self::Inherit(source)
            | Self::Start(source)
            | Self::Spawn(source) => Some(source),
            _ => None,
        }
    }
}
