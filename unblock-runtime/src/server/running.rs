//! A server that runs on a thread of its own.

use std::io;
use std::net::SocketAddr;
use std::thread::{self, JoinHandle};

use super::{Report, ServerError, ServerHandle};

/// A server that runs in the background. Dropping it cuts what runs and waits for the end.
#[derive(Debug)]
pub struct RunningServer {
    address: SocketAddr,
    handle: ServerHandle,
    // Gone when it has been joined.
    thread: Option<JoinHandle<Result<Report, ServerError>>>,
}

impl RunningServer {
    pub(super) fn start(
        address: SocketAddr,
        handle: ServerHandle,
        serve: impl FnOnce() -> Result<Report, ServerError> + Send + 'static,
    ) -> io::Result<Self> {
        let thread = thread::Builder::new().name("unblock-server".into()).spawn(serve)?;
        Ok(Self { address, handle, thread: Some(thread) })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Stops it from elsewhere.
    pub fn handle(&self) -> ServerHandle {
        self.handle.clone()
    }

    /// Stops it gracefully and waits for the end. Blocks, for the grace period and a second at most.
    ///
    /// # Errors
    ///
    /// It had ended by itself, or could not start.
    pub fn stop(self) -> Result<Report, ServerError> {
        self.handle.stop();
        self.wait()
    }

    /// Waits for its end, whoever stops it. Blocks.
    ///
    /// # Errors
    ///
    /// It ended by itself, or could not start.
    pub fn wait(mut self) -> Result<Report, ServerError> {
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(outcome)) => outcome,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => unreachable!("only this takes the thread, and only once"),
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
