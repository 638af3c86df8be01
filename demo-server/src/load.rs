//! The requests of an experiment, from outside of the event loops: from a thread of its own, which
//! goes on when a loop does not.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde::Serialize;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::error_response::{TextResponse, busy, internal};
use crate::experiment::Running;

/// The most requests that are open at once. What is due beyond it is not sent.
const MOST_OPEN: usize = 512;

/// The time between two rounds.
const ROUND: Duration = Duration::from_millis(100);

/// The time after which an answer is not awaited any more.
const LONGEST: Duration = Duration::from_mins(1);

/// Where the requests go.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// What is fired.
pub(crate) struct Load {
    pub(crate) target: Target,
    pub(crate) path: String,
    /// The requests of each round. A round does not wait for the answers to the one before.
    pub(crate) requests: usize,
    pub(crate) rounds: usize,
}

/// What came of it.
#[derive(Default, Serialize)]
pub(crate) struct Answers {
    /// How many answers had each status; 0 is that of no answer.
    statuses: Vec<(u16, u64)>,
    /// The requests that were not sent because too many were open.
    unsent: u64,
    /// The time that the slowest answer took, in microseconds.
    slowest: u64,
}

impl Load {
    /// Fires all requests and waits for the answers. `running` ends when they are there, whether
    /// the caller waits for that or not.
    pub(crate) async fn run(self, running: Running) -> Result<Answers, TextResponse> {
        let (reply, replied) = oneshot::channel();
        let thread = thread::Builder::new().name("experiment".into()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let answers = runtime.map(|runtime| runtime.block_on(self.fire()));
            drop(running);
            let _ = reply.send(answers);
        });
        if let Err(error) = thread {
            tracing::warn!(%error, "no thread for an experiment");
            return Err(busy("the system gives no thread", Duration::from_secs(1)));
        }
        match replied.await {
            Ok(answers) => answers.map_err(|error| internal(&error)),
            Err(error) => Err(internal(&error)),
        }
    }

    async fn fire(self) -> Answers {
        let open = Arc::new(Semaphore::new(MOST_OPEN));
        let mut requests = JoinSet::new();
        let mut unsent = 0;
        let mut ticks = interval(ROUND);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        for _ in 0..self.rounds {
            ticks.tick().await;
            for _ in 0..self.requests {
                let Ok(permit) = Arc::clone(&open).try_acquire_owned() else {
                    unsent += 1;
                    continue;
                };
                let request = ask(self.target.clone(), self.path.clone());
                requests.spawn(async {
                    let begun = Instant::now();
                    let status = timeout(LONGEST, request).await.ok().and_then(Result::ok);
                    drop(permit);
                    (status.unwrap_or_default(), begun.elapsed())
                });
            }
        }
        let mut statuses = BTreeMap::new();
        let mut slowest = Duration::ZERO;
        for (status, time) in requests.join_all().await {
            *statuses.entry(status).or_default() += 1;
            slowest = slowest.max(time);
        }
        let slowest = u64::try_from(slowest.as_micros()).unwrap_or(u64::MAX);
        Answers { statuses: statuses.into_iter().collect(), unsent, slowest }
    }
}

/// Sends one request on a connection of its own and returns the status of its answer.
async fn ask(target: Target, path: String) -> io::Result<u16> {
    match target {
        Target::Tcp(address) => exchange(TcpStream::connect(address).await?, &path).await,
        #[cfg(unix)]
        Target::Unix(socket) => {
            exchange(tokio::net::UnixStream::connect(socket).await?, &path).await
        }
        #[cfg(not(unix))]
        Target::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
    }
}

async fn exchange(mut socket: impl AsyncRead + AsyncWrite + Unpin, path: &str) -> io::Result<u16> {
    let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    socket.write_all(head.as_bytes()).await?;
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await?;
    let status = answer.strip_prefix(b"HTTP/1.1 ").and_then(|rest| rest.get(..3));
    let status = status.and_then(|digits| str::from_utf8(digits).ok()?.parse().ok());
    status.ok_or_else(|| io::ErrorKind::InvalidData.into())
}
