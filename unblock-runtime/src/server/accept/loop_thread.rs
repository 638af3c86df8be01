//! One loop: it accepts connections until the server stops, and ends with the last of them.

use std::io;
use std::net::TcpListener;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::runtime::{Builder, LocalOptions, LocalRuntime};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::{spawn_local, yield_now};
use tokio::time::sleep;

use super::balancer::{Balancer, Connection, ConnectionGuard, Handoffs};
use super::busy_poll::{BusyPoll, Idle};
use crate::EventLoop;
use crate::server::Limits;
use crate::server::connection::ConnectionContext;
use crate::server::in_flight::InFlight;
use crate::server::race::{Race, race};
use crate::server::request::service::IntoService;
use crate::server::shutdown::ShutdownWatch;

/// What a loop is given to begin with.
pub(crate) struct LoopThread {
    pub(crate) listener: TcpListener,
    pub(crate) limits: Limits,
    pub(crate) request_timeout: Option<Duration>,
    pub(crate) permits: Arc<Semaphore>,
    pub(crate) in_flight: InFlight,
    pub(crate) balancer: Balancer,
    pub(crate) handoffs: Handoffs,
    pub(crate) phase: ShutdownWatch,
}

impl LoopThread {
    /// Runs the loop on this thread until the server has stopped. `make` is called once, on this thread;
    /// `ready` when the socket is registered.
    pub(crate) fn run<K: 'static, S>(
        self,
        make: impl FnOnce() -> S,
        ready: impl FnOnce(),
    ) -> io::Result<()>
    where
        S: IntoService<K> + 'static,
    {
        let again = Arc::new(Notify::new());
        let runtime = runtime(&again, &self.in_flight)?;
        let main = async {
            self.listener.set_nonblocking(true)?;
            let listener = tokio::net::TcpListener::from_std(self.listener)?;
            let (in_flight, phase) = (self.in_flight.clone(), self.phase.clone());
            let connections = Rc::new(ConnectionContext::new(
                self.limits,
                self.request_timeout,
                in_flight,
                phase,
            ));
            let mut handoffs = self.handoffs;
            let acceptor = Acceptor {
                listener,
                permits: self.permits,
                balancer: self.balancer,
                warned: false,
            };
            let service = make().into_service();
            let serve = |(socket, guard)| {
                let (connections, service) = (Rc::clone(&connections), service.clone());
                spawn_local(async move {
                    let _guard: ConnectionGuard = guard;
                    connections.serve::<K, S>(socket, service).await;
                });
            };
            spawn_local(async move {
                loop {
                    again.notified().await;
                }
            });
            ready();
            acceptor.run(self.phase, &mut handoffs, serve).await;
            // Another loop may still hand over what it accepts.
            loop {
                while let Race::Second(accepted) =
                    race(self.in_flight.no_connections(), handoffs.next()).await
                {
                    serve(accepted);
                }
                match handoffs.close().await {
                    Some(accepted) => serve(accepted),
                    None => return Ok(()),
                }
            }
        };
        // The tasks that are left, of HTTP/2 connections that were cut, are dropped with the runtime, on this thread.
        runtime.block_on(EventLoop::new().run(main))
    }
}

/// The runtime of this thread. When it has nothing to do and is to poll on, the task that waits for `again` is woken: a hook that
/// makes work turns tokio's parking into a poll of the sockets that does not wait.
fn runtime(again: &Arc<Notify>, in_flight: &InFlight) -> io::Result<LocalRuntime> {
    let busy_poll = Arc::new(Mutex::new(BusyPoll::default()));
    let park = {
        let (again, in_flight, busy_poll) =
            (Arc::clone(again), in_flight.clone(), Arc::clone(&busy_poll));
        move || {
            if lock(&busy_poll).idle(Instant::now(), in_flight.progress()) == Idle::Poll {
                again.notify_one();
            }
        }
    };
    let unpark = move || lock(&busy_poll).woken(Instant::now());
    let mut builder = Builder::new_current_thread();
    builder.enable_all().on_thread_park(park).on_thread_unpark(unpark);
    builder.build_local(LocalOptions::default())
}

fn lock(busy_poll: &Mutex<BusyPoll>) -> MutexGuard<'_, BusyPoll> {
    busy_poll.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The accepting half of a loop.
struct Acceptor {
    listener: tokio::net::TcpListener,
    permits: Arc<Semaphore>,
    balancer: Balancer,
    /// Whether the present row of failures has been logged.
    warned: bool,
}

impl Acceptor {
    /// Accepts until the server stops. The socket is closed when this ends; what the kernel had completed by
    /// then is still accepted, because its clients have a connection already.
    async fn run(
        mut self,
        mut phase: ShutdownWatch,
        handoffs: &mut Handoffs,
        serve: impl Fn(Connection),
    ) {
        loop {
            let accepted = match race(phase.stopping(), race(handoffs.next(), self.next())).await {
                Race::First(()) => break,
                Race::Second(Race::First(accepted)) => Some(accepted),
                Race::Second(Race::Second((stream, permit))) => {
                    self.balancer.assign(stream, permit).unwrap_or_default()
                }
            };
            if let Some(accepted) = accepted {
                serve(accepted);
            }
            // One connection a turn: what it brings is looked at, and the other loops get their share of a burst.
            yield_now().await;
        }
        // The socket itself is asked: what the runtime knows of it is from before this turn of the loop, which a
        // handler may have held up.
        let Ok(listener) = self.listener.into_std() else { return };
        while let Ok(permit) = self.permits.clone().try_acquire_owned()
            && let Ok((stream, _)) = listener.accept()
        {
            let stream = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
            if let Ok(Some(accepted)) =
                stream.and_then(|stream| self.balancer.assign(stream, permit))
            {
                serve(accepted);
            }
        }
    }

    /// The next connection, and its share of the limit.
    ///
    /// The share is taken first, so that at the limit connections wait in the kernel and not here.
    async fn next(&mut self) -> (TcpStream, OwnedSemaphorePermit) {
        let permit = self.permits.clone().acquire_owned().await.unwrap_or_else(|_| never_closed());
        let mut pause = FIRST_PAUSE;
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    self.warned = false;
                    return (stream, permit);
                }
                Err(error) if concerns_one_connection(&error) => {}
                // Out of descriptors or memory. The connection stays in the kernel's queue, so to try again at
                // once would be a busy loop; when something has been closed there is room.
                Err(error) => {
                    if !self.warned {
                        tracing::warn!(%error, "cannot accept connections; trying again");
                        self.warned = true;
                    }
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Whether an error of `accept` is about the connection that would have been accepted, and says nothing about
/// the next: it was closed before its turn came.
fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

fn never_closed() -> ! {
    unreachable!("the semaphore of connections is never closed")
}
