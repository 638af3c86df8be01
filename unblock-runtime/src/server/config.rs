//! The settings of a server, as its builder collects them and as its threads and processes read
//! them.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::error::ServerError;
use super::limits::Limits;
use crate::cores;
use crate::restart_budget::Restarts;
use crate::watchdog;

/// The role of this process for the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// This process serves, by itself.
    Alone,
    /// This process starts and watches the child processes that serve, and calls no service.
    Parent,
    /// This process serves, as one of several processes that share the socket.
    Child {
        /// Number of the child, counted from 0. A child that is started again keeps its number.
        index: usize,
    },
}

impl Role {
    /// Returns whether this process is one of several that serve.
    pub fn is_child(self) -> bool {
        matches!(self, Self::Child { .. })
    }
}

/// Returns whether this process is a child of a server of several
/// [`processes`](super::ServerBuilder::processes). It can be asked before any server is bound.
///
/// A child runs the whole program and serves only the server whose child it is. What the program
/// does besides, such as serving on another address, is for the parent.
pub fn is_child() -> bool {
    #[cfg(unix)]
    return super::accept::inherited::introduction().is_some();
    #[cfg(not(unix))]
    return false;
}

/// The settings of a server. [`ServerBuilder`](super::ServerBuilder) documents each.
pub(super) struct Config {
    /// `None` for one per core.
    pub(super) loops: Option<usize>,
    pub(super) processes: usize,
    pub(super) requests: RequestConfig,
    pub(super) grace: Duration,
    pub(super) stop_on_signals: bool,
    pub(super) restarts: Restarts,
    pub(super) on_ready: Option<OnReady>,
}

/// The settings that concern connections and their requests. Each loop has a copy.
#[derive(Clone)]
pub(super) struct RequestConfig {
    pub(super) limits: Limits,
    /// Time that the service has until the head of its response is there.
    pub(super) timeout: Option<Duration>,
    /// Whether each request is logged.
    pub(super) access_log: bool,
    /// The time from which a poll is reported by the watchdog, if there is one.
    pub(super) long_poll: Option<Duration>,
}

impl Config {
    /// Returns the number of event loops.
    pub(super) fn loops(&self) -> Result<usize, ServerError> {
        self.loops.map_or_else(cores::count, Ok).map_err(|invalid| {
            ServerError::Start(io::Error::new(io::ErrorKind::InvalidInput, invalid))
        })
    }

    /// Checks the number of loops and the times. In a time of 0 nothing can happen; only the grace
    /// period may be so.
    pub(super) fn check(&self) -> Result<(), ServerError> {
        self.loops()?;
        let RequestConfig { limits, timeout, long_poll, .. } = &self.requests;
        let times = [
            ("ServerBuilder::request_timeout", timeout.unwrap_or(Duration::MAX)),
            ("ServerBuilder::long_poll", long_poll.unwrap_or(Duration::MAX)),
            ("Limits::idle", limits.idle),
            ("Limits::header_read", limits.header_read),
            ("Limits::body_read", limits.body_read.0),
            ("Limits::response_write", limits.response_write),
            ("Limits::upgraded_idle", limits.upgraded_idle),
        ];
        match times.into_iter().find(|(_, time)| time.is_zero()) {
            Some((setting, _)) => Err(ServerError::NoTime { setting }),
            None => Ok(()),
        }
    }
}

pub(super) type OnReady = Box<dyn FnOnce(SocketAddr) + Send>;

impl Default for RequestConfig {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            timeout: None,
            access_log: false,
            long_poll: Some(watchdog::DEFAULT_THRESHOLD),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            loops: None,
            processes: 1,
            requests: RequestConfig::default(),
            grace: Duration::from_secs(30),
            stop_on_signals: false,
            restarts: Restarts::default(),
            on_ready: None,
        }
    }
}
