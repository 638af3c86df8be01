//! SIGTERM and Ctrl-C.

use std::convert::Infallible;
use std::future::pending;
use std::io;

use super::{ServerError, ServerHandle};

/// Who may wish, by a signal, that a server ends.
pub(super) struct StopSignals {
    signals: Option<Signals>,
    from_terminal: bool,
}

impl StopSignals {
    /// Nobody.
    pub(super) fn none() -> Self {
        Self { signals: None, from_terminal: false }
    }

    /// Whoever sends SIGTERM, or presses Ctrl-C: once to stop, and once more to do without the grace period.
    pub(super) fn by_signals() -> Result<Self, ServerError> {
        let signals = Signals::take_over().map_err(ServerError::Start)?;
        Ok(Self { signals: Some(signals), from_terminal: true })
    }

    /// A child's parent, by SIGTERM. A terminal's Ctrl-C goes to parent and children alike; it is for the parent
    /// to pass on.
    pub(super) fn of_a_parent() -> Result<Self, ServerError> {
        let signals = Signals::take_over().map_err(ServerError::Start)?;
        Ok(Self { signals: Some(signals), from_terminal: false })
    }

    /// Does as is wished, for as long as it is polled.
    pub(super) async fn forward_to(&mut self, handle: &ServerHandle) -> Infallible {
        let Some(signals) = &mut self.signals else { return pending().await };
        loop {
            match signals.next().await {
                StopSignal::Interrupt if !self.from_terminal => {}
                StopSignal::Interrupt if handle.is_stopping() => handle.cut(),
                // A service manager sends SIGTERM to every process of a service, and so does a parent to its
                // children: a second one says nothing new.
                StopSignal::Terminate | StopSignal::Interrupt => handle.stop(),
            }
        }
    }
}

/// A wish to end the process.
#[derive(Clone, Copy)]
enum StopSignal {
    /// SIGTERM: from a service manager, `docker stop`, `kill`, a parent.
    Terminate,
    /// SIGINT: Ctrl-C at a terminal, which sends it to every process of the group.
    Interrupt,
}

/// The signals that end a process, taken over from the operating system's default (to die at once) for as long
/// as the process lives.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn take_over() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> StopSignal {
        use super::race::{Race, race};
        match race(self.terminate.recv(), self.interrupt.recv()).await {
            Race::First(_) => StopSignal::Terminate,
            Race::Second(_) => StopSignal::Interrupt,
        }
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
            // It cannot be heard here; then it does what it does by default.
            Err(_) => pending().await,
        }
    }
}
