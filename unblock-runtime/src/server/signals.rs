//! The signals: SIGTERM and Ctrl-C stop the server, and SIGHUP has no effect.

use std::io;

use super::error::ServerError;
use super::shutdown::ServerHandle;

/// The signals that stop a server.
pub(super) struct StopSignals {
    signals: Signals,
    process: Process,
}

/// The process that receives the signals.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Process {
    Main,
    /// A child gets Ctrl-C from the terminal as its parent does, and leaves it to the parent to
    /// pass that on.
    Child,
}

/// A request to end the process.
#[derive(Clone, Copy)]
enum StopSignal {
    /// SIGTERM, which a service manager, `docker stop`, `kill` and a parent send.
    Terminate,
    /// SIGINT, which a terminal sends to every process of the group on Ctrl-C.
    Interrupt,
}

impl StopSignals {
    /// Takes over the signals. The first SIGTERM or Ctrl-C stops the server; a second Ctrl-C ends
    /// the grace period.
    pub(super) fn of_main_process() -> Result<Self, ServerError> {
        Self::take_over(Process::Main)
    }

    /// Takes over the signals in a child, which stops on SIGTERM and ignores Ctrl-C.
    pub(super) fn of_child() -> Result<Self, ServerError> {
        Self::take_over(Process::Child)
    }

    fn take_over(process: Process) -> Result<Self, ServerError> {
        let signals = Signals::take_over().map_err(ServerError::Start)?;
        Ok(Self { signals, process })
    }

    /// Stops the server whenever a signal says so. Never ends by itself.
    pub(super) async fn forward_to(mut self, handle: ServerHandle) {
        loop {
            match self.signals.next().await {
                StopSignal::Interrupt if self.process == Process::Child => {}
                StopSignal::Interrupt if handle.is_stopping() => handle.cut(),
                // A second SIGTERM does not cut anything: a service manager sends it to every
                // process of a service, and a parent sends it to its children as well.
                StopSignal::Terminate | StopSignal::Interrupt => handle.stop(),
            }
        }
    }
}

/// The signals that end a process. They are taken over from the operating system's default, which
/// is to end at once, for as long as the process lives.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    /// Nobody waits for it: having taken it over is all. For a daemon it means to read its
    /// configuration again (`daemon(7)`), and there is none; systemd sends it after SIGTERM to
    /// services with `SendSIGHUP=`, whose requests are to be finished all the same.
    #[cfg(unix)]
    _hangup: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn take_over() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            _hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> StopSignal {
        let terminate = async {
            self.terminate.recv().await;
            StopSignal::Terminate
        };
        let interrupt = async {
            self.interrupt.recv().await;
            StopSignal::Interrupt
        };
        super::select::select(terminate, interrupt).await
    }
}

#[cfg(not(unix))]
impl Signals {
    fn take_over() -> io::Result<Self> {
        Ok(Self {})
    }

    async fn next(&mut self) -> StopSignal {
        match tokio::signal::ctrl_c().await {
            Ok(()) => StopSignal::Interrupt,
            // The signal cannot be received here, so it keeps its default effect.
            Err(_) => std::future::pending().await,
        }
    }
}
