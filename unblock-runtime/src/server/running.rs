//! A server that runs on a thread of its own.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use super::error::ServerError;
use super::shutdown::{Report, ServerHandle};

/// A server that runs in the background. Dropping it cuts its requests and waits until it has
/// ended.
#[derive(Debug)]
pub struct RunningServer {
    address: SocketAddr,
    handle: ServerHandle,
    /// Closed when the server has ended.
    ended: oneshot::Receiver<Infallible>,
    // `None` once the thread has been joined.
    thread: Option<JoinHandle<Result<Report, ServerError>>>,
}

impl RunningServer {
    pub(super) fn start(
        address: SocketAddr,
        handle: ServerHandle,
        serve: impl FnOnce() -> Result<Report, ServerError> + Send + 'static,
    ) -> io::Result<Self> {
        let (running, ended) = oneshot::channel();
        let thread = thread::Builder::new().name("unblock-server".into()).spawn(move || {
            let _running = running;
            serve()
        })?;
        Ok(Self { address, handle, ended, thread: Some(thread) })
    }

    /// Returns the address that the server listens on.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Returns a handle that stops the server, from any thread.
    pub fn handle(&self) -> ServerHandle {
        self.handle.clone()
    }

    /// Stops the server gracefully and waits until it has ended. Blocks for the grace period and a
    /// second at most.
    ///
    /// # Errors
    ///
    /// Returns why the server could not start, or why it had ended by itself.
    pub fn stop(self) -> Result<Report, ServerError> {
        self.handle.stop();
        self.wait()
    }

    /// Waits until the server has ended, by a [handle](Self::handle), by a signal or by itself.
    /// Blocks.
    ///
    /// # Errors
    ///
    /// Returns why the server could not start, or why it ended by itself.
    pub fn wait(mut self) -> Result<Report, ServerError> {
        self.outcome()
    }

    /// Waits until the server has ended. Dropping the future cuts the server's requests and waits
    /// for nothing.
    pub(super) async fn ended(self) -> Result<Report, ServerError> {
        /// Cuts the server when the future is dropped, which must not block.
        struct Cut(RunningServer);

        impl Drop for Cut {
            fn drop(&mut self) {
                self.0.handle.cut();
                self.0.thread = None;
            }
        }
        let mut server = Cut(self);
        let _ = (&mut server.0.ended).await;
        server.0.outcome()
    }

    fn outcome(&mut self) -> Result<Report, ServerError> {
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(outcome)) => outcome,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => unreachable!("only the last call takes the thread"),
        }
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.handle.cut();
            let _ = thread.join();
        }
    }
}
