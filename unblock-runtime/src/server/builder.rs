//! A server, and what can be set before it listens.

use std::fmt;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::num::NonZero;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::accept::listener;
use super::request::service::IntoService;
use super::run::run_in_process;
use super::{Limits, Report, Restarts, RunningServer, ServerError, ServerHandle};

/// A server that listens and does not serve yet. Connections that come meanwhile wait in the kernel's queue.
pub struct Server {
    pub(super) listener: TcpListener,
    pub(super) address: SocketAddr,
    pub(super) role: Role,
    pub(super) handle: ServerHandle,
    pub(super) config: Config,
}

/// What this process does for the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// It serves, by itself.
    Alone,
    /// It minds the child processes that serve, and calls no service.
    Parent,
    /// It serves, as one of several processes on the socket.
    Child {
        /// Which of them, counted from 0. One that is started again keeps its number.
        index: usize,
    },
}

impl Role {
    /// Whether this is one of several processes that serve.
    pub fn is_child(self) -> bool {
        matches!(self, Self::Child { .. })
    }
}

impl Server {
    /// What can be set, at its defaults.
    pub fn builder() -> ServerBuilder {
        ServerBuilder { config: Config::default() }
    }

    /// Where the server listens; with port 0 asked for, the port that it got.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// What this process does for the server: it tells a parent, which needs no pool and no database, from its
    /// children.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Stops the server, from any thread.
    pub fn handle(&self) -> ServerHandle {
        self.handle.clone()
    }

    /// Serves until the server is stopped, and says what was left. Blocks this thread.
    ///
    /// Each loop gets a clone of `service`: an axum `Router`, or any other service of tower's or hyper's. Its
    /// futures need not be `Send`. A panic in it is logged and answered 500, as an error of it is; connection and
    /// loop go on.
    ///
    /// # Errors
    ///
    /// The server could not be started, or has ended by itself. See [`ServerError`].
    pub fn serve<K, S>(self, service: S) -> Result<Report, ServerError>
    where
        K: 'static,
        S: IntoService<K> + Clone + Send + 'static,
    {
        self.serve_with(clones_of(service))
    }

    /// As [`serve`](Self::serve), with a service that `make` makes once for each loop, on the loop's thread: it
    /// need not be `Send`. `make` may use tokio (`spawn_local` too); a parent of several processes never calls it.
    ///
    /// # Errors
    ///
    /// As for [`serve`](Self::serve). A panic in `make` ends the server.
    pub fn serve_with<K, S, M>(self, make: M) -> Result<Report, ServerError>
    where
        K: 'static,
        S: IntoService<K> + 'static,
        M: Fn() -> S + Send + Sync + 'static,
    {
        match self.role {
            #[cfg(unix)]
            Role::Parent => super::processes::parent::supervise(self),
            #[cfg(not(unix))]
            Role::Parent => Err(ServerError::Unsupported),
            Role::Alone | Role::Child { .. } => run_in_process(self, make),
        }
    }

    /// As [`serve`](Self::serve), on a thread of its own: for tests, and programs that have something else to do.
    ///
    /// # Errors
    ///
    /// [`ServerError::Start`]: there is no thread to be had. What else fails is told when it is stopped.
    pub fn start<K, S>(self, service: S) -> Result<RunningServer, ServerError>
    where
        K: 'static,
        S: IntoService<K> + Clone + Send + 'static,
    {
        self.start_with(clones_of(service))
    }

    /// As [`serve_with`](Self::serve_with), on a thread of its own.
    ///
    /// # Errors
    ///
    /// As for [`start`](Self::start).
    pub fn start_with<K, S, M>(self, make: M) -> Result<RunningServer, ServerError>
    where
        K: 'static,
        S: IntoService<K> + 'static,
        M: Fn() -> S + Send + Sync + 'static,
    {
        RunningServer::start(self.address, self.handle(), move || self.serve_with(make))
            .map_err(ServerError::Start)
    }
}

/// The lock makes of a service that is only `Send` something that all loops can clone.
fn clones_of<S: Clone + Send>(service: S) -> impl Fn() -> S + Send + Sync {
    let service = Mutex::new(service);
    move || service.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// What can be set before a server listens.
#[must_use]
pub struct ServerBuilder {
    config: Config,
}

/// What has been set.
pub(super) struct Config {
    pub(super) loops: usize,
    pub(super) processes: usize,
    pub(super) limits: Limits,
    pub(super) request_timeout: Option<Duration>,
    pub(super) grace: Duration,
    pub(super) stop_on_signals: bool,
    pub(super) restarts: Restarts,
    pub(super) on_ready: Option<OnReady>,
}

type OnReady = Box<dyn FnOnce(SocketAddr) + Send>;

impl Default for Config {
    fn default() -> Self {
        Self {
            loops: thread::available_parallelism().map_or(1, NonZero::get),
            processes: 1,
            limits: Limits::default(),
            request_timeout: None,
            grace: Duration::from_secs(30),
            stop_on_signals: false,
            restarts: Restarts::default(),
            on_ready: None,
        }
    }
}

impl ServerBuilder {
    /// How many event loops each process runs; at least one. Default: one per core.
    pub fn loops(mut self, count: usize) -> Self {
        self.config.loops = count.max(1);
        self
    }

    /// What clients may take.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.config.limits = limits;
        self
    }

    /// How long the head of an answer may take, from when the head of its request has been read. Default: as long as it
    /// takes.
    ///
    /// When the time is up the server answers `504 Gateway Timeout` with one line of text and drops the service's
    /// future, which cancels its queued jobs. The service has no say in it. What it submits inherits the deadline: the
    /// nearer of it and the handler's own `timeout` counts, [`job::deadline`](crate::job::deadline) shows it, and a
    /// queued job past it never runs; [`detach`](crate::Submission::detach) frees a job of it. Tasks that the service
    /// spawns inherit nothing.
    ///
    /// The time covers reading the request's body, as far as the service waits for it, and not sending the answer's: a
    /// download or a stream of events takes as long as it takes. It cannot end a handler that blocks the loop.
    ///
    /// It is off because no number suits both a page and an upload or a long poll. Neither nginx nor Apache limits the
    /// whole time of a request: their 60 s (`proxy_read_timeout`, `TimeOut`) are between two reads, and what a slow
    /// client may take is limited [apart from this](Limits). A service of pages and calls does well to set it to a little
    /// less than its clients wait.
    pub fn request_timeout(mut self, longest: Duration) -> Self {
        self.config.request_timeout = Some(longest);
        self
    }

    /// How long running requests may take to finish when the server stops. Default: 30 s.
    pub fn grace(mut self, longest: Duration) -> Self {
        self.config.grace = longest;
        self
    }

    /// Stops gracefully on SIGTERM and on Ctrl-C (SIGINT); a second Ctrl-C ends the grace period. Elsewhere than
    /// on Unix, on Ctrl-C only.
    ///
    /// From then on these signals do not end the process by themselves. Default: off; on with several processes.
    pub fn stop_on_signals(mut self) -> Self {
        self.config.stop_on_signals = true;
        self
    }

    /// Calls `f` with the address once connections are accepted and signals are heard: on the thread that
    /// serves, and in the process that bound the socket, not in its children.
    pub fn on_ready(mut self, f: impl FnOnce(SocketAddr) + Send + 'static) -> Self {
        self.config.on_ready = Some(Box::new(f));
        self
    }

    /// How many processes serve on the socket. Default: 1, this one. On Unix only.
    ///
    /// With more, this process becomes their [parent](Role::Parent): [`serve`](Server::serve) starts `count`
    /// children, which are this program again with the same arguments, and serves nothing itself. So everything
    /// before `serve` is run in each of them too; [`Server::role`] tells where. A child takes the parent's socket
    /// over in [`bind`](Self::bind).
    ///
    /// - A child that dies is started again, after a pause that doubles with each of its deaths, within the
    ///   budget of [`restarts`](Self::restarts). When that is used up the parent stops the others and fails.
    /// - SIGTERM and Ctrl-C end the parent, which passes them on and waits for its children: for the grace period
    ///   and a few seconds, then it kills them.
    /// - A parent that is killed leaves no child: on Linux the kernel tells them (the parent-death signal), and
    ///   they stop gracefully. Call `serve` on a thread that lives as long as the process; the main one does.
    pub fn processes(mut self, count: usize) -> Self {
        self.config.processes = count.max(1);
        self
    }

    /// How often dead children are started again. Default: 10 times within a minute, over all of them.
    pub fn restarts(mut self, restarts: Restarts) -> Self {
        self.config.restarts = restarts;
        self
    }

    /// Listens on `address` (`SO_REUSEADDR` where it is usual, a queue of up to 4096 connections) - or on the
    /// socket that whoever started this process hands over by `LISTEN_FDS`: systemd, or a parent of several
    /// processes. Resolving a host's name may block.
    ///
    /// A socket that is handed over is taken once; its variables are removed from the environment, which is why
    /// `bind` should come before the first thread that looks at the environment.
    ///
    /// # Errors
    ///
    /// [`ServerError::Bind`] or [`ServerError::Inherit`].
    pub fn bind(self, address: impl ToSocketAddrs + fmt::Debug) -> Result<Server, ServerError> {
        #[cfg(unix)]
        let child = super::processes::child::index();
        #[cfg(not(unix))]
        let child = None;
        let listener = match listener::inherited()? {
            Some(listener) => listener,
            None => listener::bind(&address)?,
        };
        self.with_role(listener, child)
    }

    /// Serves on a socket that listens already.
    ///
    /// # Errors
    ///
    /// [`ServerError::Start`]: it is not a socket that has an address.
    pub fn from_listener(self, listener: TcpListener) -> Result<Server, ServerError> {
        self.with_role(listener, None)
    }

    fn with_role(self, listener: TcpListener, child: Option<usize>) -> Result<Server, ServerError> {
        let address = listener.local_addr().map_err(ServerError::Start)?;
        let role = match child {
            Some(index) => Role::Child { index },
            None if self.config.processes > 1 => Role::Parent,
            None => Role::Alone,
        };
        Ok(Server { listener, address, role, handle: ServerHandle::new(), config: self.config })
    }
}

impl fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBuilder")
            .field("loops", &self.config.loops)
            .field("processes", &self.config.processes)
            .field("limits", &self.config.limits)
            .finish_non_exhaustive()
    }
}
