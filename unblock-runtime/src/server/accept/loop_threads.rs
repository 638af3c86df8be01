//! The threads of all loops of a process, as the thread that started them sees them.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::sync::Arc;
use std::thread;

use tokio::sync::{Semaphore, mpsc};

use super::balancer::balancers;
use super::listener::Listener;
use super::loop_thread::{LoopThread, Permits};
use crate::server::config::Config;
use crate::server::error::ServerError;
use crate::server::in_flight::InFlight;
use crate::server::request::service::IntoService;
use crate::server::shutdown::ServerHandle;

/// The threads of the loops that still run.
pub(crate) struct LoopThreads {
    events: mpsc::UnboundedReceiver<LoopEvent>,
    running: Vec<(usize, InFlight)>,
    /// Number of loops that do not accept connections yet.
    starting: usize,
}

/// The work that is unfinished: the loops that still run, with their open connections and requests.
pub(crate) struct Unfinished {
    pub(crate) loops: usize,
    pub(crate) connections: usize,
    pub(crate) requests: usize,
}

/// An event that a loop reports.
enum LoopEvent {
    /// A loop accepts connections.
    Ready,
    /// A loop has ended. It has no outcome if it panicked.
    Ended { index: usize, outcome: Option<io::Result<()>> },
}

/// Reports the events of one loop. Dropping it reports the end.
struct Reporter {
    index: usize,
    sender: mpsc::UnboundedSender<LoopEvent>,
    outcome: Cell<Option<io::Result<()>>>,
}

impl LoopThreads {
    /// Starts the loops on the sockets, each with a service of its own that `make` creates on the
    /// thread of the loop.
    pub(crate) fn start<K, S, M>(
        listeners: &[Listener],
        config: &Config,
        handle: &ServerHandle,
        make: M,
    ) -> Result<Self, ServerError>
    where
        K: 'static,
        S: IntoService<K> + 'static,
        M: Fn() -> S + Send + Sync + 'static,
    {
        let make = Arc::new(make);
        let limits = &config.requests.limits;
        let permits = Permits {
            connections: Arc::new(Semaphore::new(limits.connections)),
            upgrades: Arc::new(Semaphore::new(limits.upgraded_connections)),
        };
        let (sender, events) = mpsc::unbounded_channel();
        let loops = config.loops()?;
        let mut threads = Self { events, running: Vec::new(), starting: loops };
        let in_flight: Vec<_> = (0..loops).map(|_| InFlight::default()).collect();
        let balancers = balancers(in_flight.iter().cloned());
        for (index, (in_flight, (balancer, handoffs))) in
            in_flight.into_iter().zip(balancers).enumerate()
        {
            let copies = listeners.iter().map(Listener::try_clone).collect::<io::Result<_>>();
            let started = copies.and_then(|listeners| {
                let loop_thread = LoopThread {
                    index,
                    listeners,
                    config: config.requests.clone(),
                    permits: permits.clone(),
                    in_flight: in_flight.clone(),
                    balancer,
                    handoffs,
                    shutdown: handle.watch(),
                };
                let reporter = Reporter { index, sender: sender.clone(), outcome: Cell::new(None) };
                let make = make.clone();
                thread::Builder::new().name(format!("unblock-loop-{index}")).spawn(move || {
                    let outcome = loop_thread.run(|| make(), || reporter.ready());
                    reporter.outcome.set(Some(outcome));
                })
            });
            if let Err(error) = started {
                handle.cut();
                return Err(ServerError::Start(error));
            }
            threads.running.push((index, in_flight));
        }
        Ok(threads)
    }

    /// Waits until all loops accept connections.
    ///
    /// # Errors
    ///
    /// A loop has ended instead.
    pub(crate) async fn ready(&mut self) -> Result<(), ServerError> {
        while self.starting > 0 {
            self.next_event().await?;
        }
        Ok(())
    }

    /// Waits until a loop fails.
    pub(crate) async fn failed(&mut self) -> Result<Infallible, ServerError> {
        loop {
            self.next_event().await?;
        }
    }

    /// Waits until all loops have ended, with whatever outcome.
    pub(crate) async fn ended(&mut self) {
        while !self.running.is_empty() {
            let _ = self.next_event().await;
        }
    }

    pub(crate) fn unfinished(&self) -> Unfinished {
        let in_flight = || self.running.iter().map(|(_, in_flight)| in_flight);
        Unfinished {
            loops: self.running.len(),
            connections: in_flight().map(InFlight::connections).sum(),
            requests: in_flight().map(InFlight::requests).sum(),
        }
    }

    async fn next_event(&mut self) -> Result<(), ServerError> {
        match self.events.recv().await {
            Some(LoopEvent::Ready) => {
                self.starting -= 1;
                Ok(())
            }
            Some(LoopEvent::Ended { index, outcome }) => {
                self.running.retain(|(running, _)| *running != index);
                match outcome {
                    // The loop saw the stop before this thread did.
                    Some(Ok(())) => Ok(()),
                    Some(Err(error)) => Err(ServerError::Start(error)),
                    None => Err(ServerError::LoopEnded { index }),
                }
            }
            // All loops have ended.
            None => pending().await,
        }
    }
}

impl Reporter {
    fn ready(&self) {
        // Sending fails if the server has left this loop behind, blocked, and nobody receives any
        // more.
        let _ = self.sender.send(LoopEvent::Ready);
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        let outcome = self.outcome.take();
        let _ = self.sender.send(LoopEvent::Ended { index: self.index, outcome });
    }
}
