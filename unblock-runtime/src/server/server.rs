//! A server that listens, and the ways to serve on it.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use super::accept::listener::Listener;
#[cfg(unix)]
use super::accept::socket_file::SocketFile;
use super::builder::ServerBuilder;
use super::config::{Config, Role};
use super::error::ServerError;
use super::request::service::IntoService;
use super::run::run_in_process;
use super::running::RunningServer;
use super::shutdown::{Report, ServerHandle};

/// A server that listens and does not serve yet. Until it serves, new connections wait in the
/// kernel's queue.
pub struct Server {
    /// At least one.
    pub(super) listeners: Vec<Listener>,
    /// The file of a Unix socket that the server has bound.
    #[cfg(unix)]
    pub(super) socket_file: Option<SocketFile>,
    pub(super) address: SocketAddr,
    pub(super) role: Role,
    /// Number of the server among those of the program that have several processes.
    pub(super) number: usize,
    pub(super) handle: ServerHandle,
    pub(super) config: Config,
}

impl Server {
    /// Returns a builder with the default settings.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    /// Returns the address that the server listens on. If port 0 was asked for, it has the port
    /// that was assigned. If several sockets were handed over, it is that of the first.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Returns the addresses of all sockets that the server listens on.
    pub fn local_addrs(&self) -> Vec<SocketAddr> {
        self.listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect()
    }

    /// Returns the role of this process. It tells a parent, which needs no pool and no database,
    /// from its children.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Returns a handle that stops the server, from any thread.
    pub fn handle(&self) -> ServerHandle {
        self.handle.clone()
    }

    /// Serves until the server is stopped, and reports what was unfinished then. Blocks this
    /// thread, and therefore must not be called on one that runs a tokio runtime: there,
    /// [`serve_async`](Self::serve_async) serves.
    ///
    /// Each loop gets a clone of `service`: an axum `Router`, or any other service of tower or
    /// hyper. Its futures need not be `Send`. If it panics or returns an error, the server logs
    /// that and responds 500; the connection and the loop go on.
    ///
    /// # Errors
    ///
    /// Returns why the server could not be started, or why it ended by itself. See [`ServerError`].
    pub fn serve<K, S>(self, service: S) -> Result<Report, ServerError>
    where
        K: 'static,
        S: IntoService<K> + Clone + Send + 'static,
    {
        self.serve_with(clones_of(service))
    }

    /// Serves as [`serve`](Self::serve) does, with a service that `make` creates once for each
    /// loop, on the thread of the loop. The service need not be `Send`, and `make` may use tokio,
    /// `spawn_local` included. In the parent of several processes `make` is never called.
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
        if tokio::runtime::Handle::try_current().is_ok() {
            return Err(ServerError::WithinRuntime);
        }
        let Self { listeners, role, handle, config, .. } = self;
        // Removed when this function returns.
        #[cfg(unix)]
        let _socket_file = self.socket_file;
        match role {
            #[cfg(unix)]
            Role::Parent => {
                super::processes::parent::supervise(listeners, self.number, &handle, config)
            }
            #[cfg(not(unix))]
            Role::Parent => Err(ServerError::Unsupported),
            Role::Alone | Role::Child { .. } => {
                run_in_process(listeners, role, &handle, config, make)
            }
        }
    }

    /// Serves as [`serve`](Self::serve) does, on threads of its own, while an asynchronous task of
    /// any executor waits for the end.
    ///
    /// ```no_run
    /// # use unblock_runtime::server::{Server, ServerError};
    /// # fn router() -> axum::Router { axum::Router::new() }
    /// #[tokio::main]
    /// async fn main() -> Result<(), ServerError> {
    ///     let server = Server::builder().stop_on_signals().bind("127.0.0.1:8888")?;
    ///     server.serve_async(router()).await?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// The futures of the service run on the server's loops, and not in the runtime of the task.
    /// Dropping the future of this function cuts the requests that run, as
    /// [`ServerHandle::cut`] does, and waits for nothing; [`ServerHandle::stop`] stops gracefully.
    ///
    /// # Errors
    ///
    /// As for [`serve`](Self::serve).
    pub async fn serve_async<K, S>(self, service: S) -> Result<Report, ServerError>
    where
        K: 'static,
        S: IntoService<K> + Clone + Send + 'static,
    {
        self.start(service)?.ended().await
    }

    /// Serves as [`serve`](Self::serve) does, on a thread of its own: for tests, and for programs
    /// that do something else meanwhile.
    ///
    /// # Errors
    ///
    /// Returns [`ServerError::Start`] if the thread cannot be started. All other errors are
    /// returned when the server is stopped.
    pub fn start<K, S>(self, service: S) -> Result<RunningServer, ServerError>
    where
        K: 'static,
        S: IntoService<K> + Clone + Send + 'static,
    {
        self.start_with(clones_of(service))
    }

    /// Serves as [`serve_with`](Self::serve_with) does, on a thread of its own.
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

/// Returns a function that clones `service`. The lock lets all loops share a service that is only
/// `Send`.
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
