//! The thread of one event loop: accepts connections until the server stops, and ends with the last
//! of them.

use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::runtime::{Builder, LocalOptions, LocalRuntime};
use tokio::sync::{Notify, Semaphore};
use tokio::task::spawn_local;

use super::acceptor::Acceptor;
use super::balancer::{Accepted, Balancer, Handoffs};
use super::busy_poll::{BusyPoll, Idle};
use super::listener::Listener;
use crate::EventLoop;
use crate::server::config::RequestConfig;
use crate::server::connection::ConnectionContext;
use crate::server::in_flight::InFlight;
use crate::server::request::service::IntoService;
use crate::server::select::select;
use crate::server::shutdown::ShutdownWatch;
use crate::watchdog::{self, PollingThread};

/// The permits for what all loops of a process may have open together.
#[derive(Clone)]
pub(super) struct Permits {
    pub(super) connections: Arc<Semaphore>,
    pub(super) upgrades: Arc<Semaphore>,
}

/// A loop that is ready to run on a thread.
pub(super) struct LoopThread {
    pub(super) index: usize,
    pub(super) listeners: Vec<Listener>,
    pub(super) config: RequestConfig,
    pub(super) permits: Permits,
    pub(super) in_flight: InFlight,
    pub(super) balancer: Balancer,
    pub(super) handoffs: Handoffs,
    pub(super) shutdown: ShutdownWatch,
}

impl LoopThread {
    /// Runs the loop on this thread until the server has stopped. Calls `make` once, and then
    /// `ready`, when the sockets are registered with the loop.
    pub(super) fn run<K: 'static, S>(
        self,
        make: impl FnOnce() -> S,
        ready: impl FnOnce(),
    ) -> io::Result<()>
    where
        S: IntoService<K> + 'static,
    {
        let poll_again = Arc::new(Notify::new());
        let is_watched = self.config.long_poll.is_some();
        let thread = is_watched.then(|| watchdog::register_loop(self.index));
        let runtime = runtime(&poll_again, &self.in_flight, thread.clone())?;
        let Self { listeners, config, permits, in_flight, balancer, .. } = self;
        let (mut handoffs, mut shutdown) = (self.handoffs, self.shutdown);
        #[cfg(feature = "dashboard")]
        shutdown.set_of_this_loop();
        let main = async move {
            let acceptor = Acceptor::new(listeners, permits.connections, balancer)?;
            let context = Rc::new(ConnectionContext::new(
                config,
                permits.upgrades,
                in_flight.clone(),
                shutdown.clone(),
            ));
            let service = make().into_service();
            let serve = |accepted| {
                let (context, service) = (Rc::clone(&context), service.clone());
                spawn_local(async move { context.serve::<K, S>(accepted, service).await });
            };
            spawn_local(async move {
                loop {
                    poll_again.notified().await;
                }
            });
            if let Some(thread) = thread {
                spawn_local(async move { thread.show_lag().await });
            }
            ready();
            acceptor.run(shutdown.clone(), &mut handoffs, serve).await;
            // Connections that have become something else know nothing of the server's stop.
            let cut = pin!(shutdown.cut());
            select(cut, finish(&in_flight, &mut handoffs, serve)).await;
            Ok(())
        };
        // Tasks that remain, of connections that were cut, are dropped with the runtime, on this
        // thread.
        runtime.block_on(EventLoop::new().run(main))
    }
}

/// Waits for the last connection, and serves those that another loop still hands over.
async fn finish(in_flight: &InFlight, handoffs: &mut Handoffs, serve: impl Fn(Accepted)) {
    loop {
        let all_closed = async {
            in_flight.no_connections().await;
            None
        };
        if let Some(accepted) = select(all_closed, async { Some(handoffs.next().await) }).await {
            serve(accepted);
        } else if let Some(accepted) = handoffs.close().await {
            serve(accepted);
        } else {
            return;
        }
    }
}

/// Creates the runtime of this thread, which polls busily as [`BusyPoll`] decides, and notes when
/// it sleeps.
///
/// The task that waits for `poll_again` does nothing. Waking it when the runtime is about to park
/// makes the runtime poll its sockets without waiting instead.
fn runtime(
    poll_again: &Arc<Notify>,
    in_flight: &InFlight,
    thread: Option<Arc<PollingThread>>,
) -> io::Result<LocalRuntime> {
    let busy_poll = Arc::new(Mutex::new(BusyPoll::default()));
    let park = {
        let (poll_again, in_flight) = (Arc::clone(poll_again), in_flight.clone());
        let (busy_poll, thread) = (Arc::clone(&busy_poll), thread.clone());
        move || {
            if let Some(thread) = &thread {
                thread.sleeps();
            }
            if lock(&busy_poll).idle(Instant::now(), in_flight.progress()) == Idle::Poll {
                poll_again.notify_one();
            }
        }
    };
    let unpark = move || {
        if let Some(thread) = &thread {
            thread.wakes();
        }
        lock(&busy_poll).woken(Instant::now());
    };
    let mut builder = Builder::new_current_thread();
    builder.enable_all().on_thread_park(park).on_thread_unpark(unpark);
    builder.build_local(LocalOptions::default())
}

/// Locks the state of the hooks. Both run on the thread of the loop, so that the lock is always
/// free.
fn lock(busy_poll: &Mutex<BusyPoll>) -> MutexGuard<'_, BusyPoll> {
    busy_poll.lock().unwrap_or_else(PoisonError::into_inner)
}
