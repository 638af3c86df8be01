//! The loops of one process, seen from the thread that minds them.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};

use super::balancer::balancers;
use super::loop_thread::LoopThread;
use crate::server::in_flight::InFlight;
use crate::server::request::service::IntoService;
use crate::server::{Limits, ServerError, ServerHandle};

/// The threads of the loops: which still run, and what they have open.
pub(crate) struct LoopThreads {
    events: mpsc::UnboundedReceiver<LoopEvent>,
    running: Vec<(usize, InFlight)>,
    starting: usize,
}

impl LoopThreads {
    /// Starts `count` loops on the socket, each with a service of its own that `make` makes on its thread.
    pub(crate) fn start<K, S, M>(
        count: usize,
        listener: &TcpListener,
        limits: &Limits,
        request_timeout: Option<Duration>,
        handle: &ServerHandle,
        make: M,
    ) -> Result<Self, ServerError>
    where
        K: 'static,
        S: IntoService<K> + 'static,
        M: Fn() -> S + Send + Sync + 'static,
    {
        let make = Arc::new(make);
        let permits = Arc::new(Semaphore::new(limits.connections));
        let (sender, events) = mpsc::unbounded_channel();
        let mut loops = Self { events, running: Vec::new(), starting: count };
        let in_flight: Vec<_> = (0..count).map(|_| InFlight::default()).collect();
        let shares = balancers(in_flight.iter().cloned());
        for (index, (in_flight, (balancer, handoffs))) in
            in_flight.into_iter().zip(shares).enumerate()
        {
            let started = listener.try_clone().and_then(|listener| {
                let one = LoopThread {
                    listener,
                    limits: limits.clone(),
                    request_timeout,
                    permits: permits.clone(),
                    in_flight: in_flight.clone(),
                    balancer,
                    handoffs,
                    phase: handle.watch(),
                };
                let reporter = Reporter { index, sender: sender.clone(), outcome: Cell::new(None) };
                let make = make.clone();
                thread::Builder::new().name(format!("unblock-loop-{index}")).spawn(move || {
                    let outcome = one.run(|| make(), || reporter.ready());
                    reporter.outcome.set(Some(outcome));
                })
            });
            if let Err(error) = started {
                handle.cut();
                return Err(ServerError::Start(error));
            }
            loops.running.push((index, in_flight));
        }
        Ok(loops)
    }

    /// Waits until all loops accept connections.
    ///
    /// # Errors
    ///
    /// One has ended instead.
    pub(crate) async fn ready(&mut self) -> Result<(), ServerError> {
        while self.starting > 0 {
            self.next().await?;
        }
        Ok(())
    }

    /// Waits until a loop fails.
    pub(crate) async fn failed(&mut self) -> Result<Infallible, ServerError> {
        loop {
            self.next().await?;
        }
    }

    /// Waits until all have ended, however.
    pub(crate) async fn ended(&mut self) {
        while !self.running.is_empty() {
            let _ = self.next().await;
        }
    }

    /// How many loops still run, and how many connections and requests these have open.
    pub(crate) fn left(&self) -> (usize, usize, usize) {
        let connections = self.running.iter().map(|(_, in_flight)| in_flight.connections()).sum();
        let requests = self.running.iter().map(|(_, in_flight)| in_flight.requests()).sum();
        (self.running.len(), connections, requests)
    }

    async fn next(&mut self) -> Result<(), ServerError> {
        match self.events.recv().await {
            Some(LoopEvent::Ready) => {
                self.starting -= 1;
                Ok(())
            }
            Some(LoopEvent::Ended { index, outcome }) => {
                self.running.retain(|(running, _)| *running != index);
                match outcome {
                    // It was told to, and was quicker than the news of that.
                    Some(Ok(())) => Ok(()),
                    Some(Err(error)) => Err(ServerError::Start(error)),
                    None => Err(ServerError::LoopEnded { index }),
                }
            }
            // All have ended.
            None => pending().await,
        }
    }
}

enum LoopEvent {
    /// A loop accepts connections.
    Ready,
    /// A loop has ended; without an outcome, by a panic.
    Ended { index: usize, outcome: Option<io::Result<()>> },
}

/// A loop's line to the thread that minds it. Dropping it tells of the loop's end.
struct Reporter {
    index: usize,
    sender: mpsc::UnboundedSender<LoopEvent>,
    outcome: Cell<Option<io::Result<()>>>,
}

impl Reporter {
    fn ready(&self) {
        // Nobody listens any more when the server has left a blocked loop behind.
        let _ = self.sender.send(LoopEvent::Ready);
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        let _ =
            self.sender.send(LoopEvent::Ended { index: self.index, outcome: self.outcome.take() });
    }
}
