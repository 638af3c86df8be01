//! Settings that a server is given before it listens.

use std::fmt;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
#[cfg(unix)]
use std::path::Path;
use std::time::Duration;

#[cfg(unix)]
use super::accept::inherited::{self, Place};
use super::accept::listener::Listener;
use super::config::{Config, Role};
use super::error::ServerError;
use super::limits::Limits;
use super::server::Server;
use super::shutdown::ServerHandle;
use crate::restart_budget::Restarts;

/// Configures a [`Server`] before it listens.
#[must_use]
#[derive(Default)]
pub struct ServerBuilder {
    config: Config,
}

impl ServerBuilder {
    /// Sets the number of event loops in each process, at least one. Default: one for each core
    /// that the process may use, or as many as the environment variable `UNBLOCK_CORES` says.
    ///
    /// A connection stays with the loop that it is given to when it is accepted. On a machine of
    /// few cores whose handlers do little on the loop, one loop has the better 99th percentile.
    pub fn loops(mut self, count: usize) -> Self {
        self.config.loops = Some(count.max(1));
        self
    }

    /// Sets what clients may use of the server.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.config.requests.limits = limits;
        self
    }

    /// Sets how long a service may take until the head of its response is there, counted from when
    /// the head of the request has been read. Default: no limit.
    ///
    /// When the time is up the server responds `504 Gateway Timeout` with one line of text and
    /// drops the service's future, which cancels the jobs that it has queued. The service has no
    /// say in it. A job that the service submits inherits the deadline: the earlier one of it and
    /// the handler's own `timeout` counts, [`job::deadline`](crate::job::deadline) returns it, and
    /// a job that is still queued then never runs. [`detach`](crate::Submission::detach) lifts the
    /// deadline from a job. Tasks that the service spawns inherit nothing.
    ///
    /// The time includes reading the body of the request, as far as the service waits for it, and
    /// excludes sending the body of the response: a download or a stream of events may take as long
    /// as it needs. The limit cannot interrupt a handler that blocks its loop.
    ///
    /// It is off by default because no number suits a page as well as an upload or a long poll.
    /// nginx and Apache do not limit the whole time of a request either: their 60 s
    /// (`proxy_read_timeout`, `TimeOut`) are between two reads, and a slow client is limited
    /// [separately](Limits). A service of pages and calls should set it to a little less than the
    /// time that its clients wait.
    pub fn request_timeout(mut self, longest: Duration) -> Self {
        self.config.requests.timeout = Some(longest);
        self
    }

    /// Sets whether each request is logged. Default: it is not.
    ///
    /// When a request has ended, it is one event of `tracing` at the level `INFO`, with the target
    /// `unblock_runtime::access` and these fields:
    ///
    /// | field | contents |
    /// | --- | --- |
    /// | `peer` | address of the client, or of the proxy in front; missing on a Unix socket |
    /// | `method`, `path` | those of the request; without the query, which may hold secrets |
    /// | `status` | status of the response; missing if there was none |
    /// | `bytes` | length of the body as far as it was handed to the connection; the client need not have taken the last of them |
    /// | `duration_ms` | time from the head of the request to the end of the response, in milliseconds |
    /// | `loop_ms` | time for which the service was called and polled on the loop, in milliseconds |
    /// | `wait_ms`, `run_ms` | time for which the jobs of the request waited and ran: those that ended before it did, added up |
    /// | `end` | `complete`; `broken off` for a body that was not sent whole; `unanswered` if the client had gone, or the stop came, before there was a response |
    ///
    /// Refusals by the server itself are logged as well: 400, 408, 413, 431, 500, 503, 504. A head
    /// that cannot be read, for which HTTP/1.1 has 400, 414 and 431, has no method, path and
    /// duration. A connection that becomes something else is logged when that begins.
    ///
    /// The event is emitted on the loop, so a subscriber that blocks delays all clients of the
    /// loop; `tracing_appender::non_blocking` does not. One that panics ends nothing.
    pub fn access_log(mut self, on: bool) -> Self {
        self.config.requests.access_log = on;
        self
    }

    /// Sets the time from which a poll of a request is long, which the
    /// [watchdog](crate::watchdog) reports: a handler that blocks its loop, and is not annotated.
    /// `None` switches that off, and [`watchdog::loops`](crate::watchdog::loops) has no readings of
    /// this server's loops then. Default: [25 ms](crate::watchdog::DEFAULT_THRESHOLD).
    ///
    /// The body of a response counts as well where its length is not known, as that of a stream.
    pub fn long_poll(mut self, threshold: impl Into<Option<Duration>>) -> Self {
        self.config.requests.long_poll = threshold.into();
        self
    }

    /// Sets the grace period: how long requests may still run when the server stops. Default: 30 s.
    pub fn grace(mut self, longest: Duration) -> Self {
        self.config.grace = longest;
        self
    }

    /// Stops the server gracefully on SIGTERM and on Ctrl-C (SIGINT); a second Ctrl-C ends the
    /// grace period. On platforms other than Unix, only on Ctrl-C.
    ///
    /// From then on these signals do not end the process by themselves, and SIGHUP has no effect: a
    /// server has no configuration that it could read again, and a service manager or a terminal
    /// that sends it must not cut requests. Default: off with one process, and always on with
    /// several.
    pub fn stop_on_signals(mut self) -> Self {
        self.config.stop_on_signals = true;
        self
    }

    /// Calls `f` with the address as soon as connections are accepted and signals are handled: on
    /// the thread that serves, and in the process that bound the socket, not in its children.
    pub fn on_ready(mut self, f: impl FnOnce(SocketAddr) + Send + 'static) -> Self {
        self.config.on_ready = Some(Box::new(f));
        self
    }

    /// Sets how many processes serve on the socket. Default: 1, which is this one. More are
    /// available on Unix only.
    ///
    /// With more than one, this process becomes their [parent](Role::Parent):
    /// [`serve`](Server::serve) starts `count` children, which are this program with the same
    /// arguments, and serves nothing itself. The children therefore run everything before `serve`
    /// too; [`Server::role`] tells them apart. A child takes the parent's socket over in
    /// [`bind`](Self::bind).
    ///
    /// - A child serves this server only. Whatever else the program does, another server included,
    ///   belongs behind `if !server::is_child()`.
    /// - A child that dies is started again, after a pause that doubles with each of its deaths,
    ///   within the budget of [`restarts`](Self::restarts). When the budget is used up the parent
    ///   stops the other children and fails.
    /// - SIGTERM and Ctrl-C end the parent, which passes them on, waits for its children for the
    ///   grace period and a few seconds, and then kills them.
    /// - A parent that is killed leaves no child: on Linux the kernel sends them a signal (the
    ///   parent-death signal), and they stop gracefully. Call `serve` on a thread that lives as
    ///   long as the process, such as the main thread.
    pub fn processes(mut self, count: usize) -> Self {
        self.config.processes = count.max(1);
        self
    }

    /// Sets how often dead children are started again. Default: 10 times within a minute, over all
    /// children.
    pub fn restarts(mut self, restarts: Restarts) -> Self {
        self.config.restarts = restarts;
        self
    }

    /// Listens on `address`, or on the sockets that the program that started this process passes by
    /// `LISTEN_FDS`: systemd, or a parent of several processes. All of them are served. Resolving a
    /// host name may block.
    ///
    /// The socket has `SO_REUSEADDR` where the standard library sets it, and the kernel queues up
    /// to 4096 connections for it. Sockets that are passed are for the first server of the program
    /// that binds; their variable is then removed from the environment, so call `bind` before any
    /// thread reads the environment.
    ///
    /// # Errors
    ///
    /// Returns [`ServerError::Bind`], [`ServerError::Inherit`], [`ServerError::NotListening`],
    /// [`ServerError::NoTime`] or [`ServerError::ChildOfAnother`].
    pub fn bind(self, address: impl ToSocketAddrs + fmt::Debug) -> Result<Server, ServerError> {
        self.listen(|| {
            #[cfg(unix)]
            let listeners = inherited::sockets()?;
            #[cfg(not(unix))]
            let listeners = Vec::new();
            if listeners.is_empty() { Ok(vec![Listener::bind(&address)?]) } else { Ok(listeners) }
        })
    }

    /// Listens on a Unix socket at a path, for a proxy or a client on the same machine, or on the
    /// sockets that are passed as for [`bind`](Self::bind).
    ///
    /// A socket that a server has left there is replaced if nobody listens at it any more; a file
    /// of another kind is not. Who may connect is a matter of the permissions of the folder, and of
    /// the process's umask: a client needs the permission to write to the socket. The socket is
    /// removed when the server has ended, unless another one is at the path by then. One
    /// that was passed belongs to who passed it. [`Server::local_addr`] is unspecified, and no
    /// client has an address.
    ///
    /// # Errors
    ///
    /// As for [`bind`](Self::bind).
    #[cfg(unix)]
    pub fn bind_unix(self, path: impl AsRef<Path>) -> Result<Server, ServerError> {
        let mut socket_file = None;
        let mut server = self.listen(|| {
            let mut listeners = inherited::sockets()?;
            if listeners.is_empty() {
                let (listener, file) = Listener::bind_unix(path.as_ref())?;
                listeners.push(listener);
                socket_file = Some(file);
            }
            Ok(listeners)
        })?;
        server.socket_file = socket_file;
        Ok(server)
    }

    /// Serves on a socket that already listens.
    ///
    /// # Errors
    ///
    /// Returns [`ServerError::Start`] if the socket has no address, and the errors of
    /// [`bind`](Self::bind).
    pub fn from_listener(self, listener: TcpListener) -> Result<Server, ServerError> {
        self.listen(|| Ok(vec![Listener::Tcp(listener)]))
    }

    /// Creates the server, on the sockets that `listeners` returns unless this process is a child.
    fn listen(
        self,
        listeners: impl FnOnce() -> Result<Vec<Listener>, ServerError>,
    ) -> Result<Server, ServerError> {
        self.config.check()?;
        #[cfg(unix)]
        let place = match self.config.processes {
            1 => None,
            _ => Some(inherited::place()?),
        };
        #[cfg(unix)]
        let (role, number, listeners) = match place {
            None => (Role::Alone, 0, listeners()?),
            Some(Place::Parent { server }) => (Role::Parent, server, listeners()?),
            Some(Place::Child { index, server, listeners }) => {
                (Role::Child { index }, server, listeners)
            }
        };
        #[cfg(not(unix))]
        let (role, number, listeners) = match self.config.processes {
            1 => (Role::Alone, 0, listeners()?),
            _ => (Role::Parent, 0, listeners()?),
        };
        listeners.iter().try_for_each(Listener::check)?;
        let address = listeners[0].local_addr().map_err(ServerError::Start)?;
        let handle = ServerHandle::new();
        Ok(Server {
            listeners,
            #[cfg(unix)]
            socket_file: None,
            address,
            role,
            number,
            handle,
            config: self.config,
        })
    }
}

impl fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBuilder")
            .field("loops", &self.config.loops)
            .field("processes", &self.config.processes)
            .field("limits", &self.config.requests.limits)
            .finish_non_exhaustive()
    }
}
