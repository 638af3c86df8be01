//! The load: closed loops on the heavy route, and a schedule on the light one; with no more of HTTP than needed.

use std::cell::Cell;
use std::io::{self, Read as _, Write as _};
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, sleep_until};

/// So many connections take turns with the light requests, so that a late answer does not delay the next question.
const LIGHT_CONNECTIONS: usize = 16;

/// What became of the light requests.
pub(crate) struct Light {
    /// Sorted, from the time when each was due.
    latencies: Vec<Duration>,
    pub(crate) failed: usize,
}

impl Light {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index between 0 and the length"
    )]
    pub(crate) fn millis(&self, percent: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let index = (last as f64 * percent / 100.0) as usize;
        self.latencies.get(index).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1000.0)
    }
}

/// What became of the heavy requests.
pub(crate) struct Heavy {
    pub(crate) per_second: f64,
    pub(crate) failed: usize,
}

/// Asks for `/` at fixed times. Blocks until it has been done.
///
/// Threads with sleeps of their own ask, not tasks: a runtime's timer is a millisecond late, which is more than what is measured.
pub(crate) fn light(address: &str, every: Duration, time: Duration) -> Light {
    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n";
    let requests = u32::try_from(time.as_nanos() / every.as_nanos()).unwrap_or(u32::MAX);
    let start = std::time::Instant::now() + Duration::from_millis(100);
    let ask = |first: u32| {
        let mut stream = std::net::TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let mut latencies = Vec::new();
        for due in (first..requests).step_by(LIGHT_CONNECTIONS).map(|number| start + every * number) {
            std::thread::sleep(due.saturating_duration_since(std::time::Instant::now()));
            stream.write_all(REQUEST)?;
            let (mut buffer, mut answer) = ([0; 1024], Answer::default());
            while !answer.is_complete() {
                let read = stream.read(&mut buffer)?;
                answer.push(&buffer[..read])?;
            }
            latencies.push(due.elapsed());
        }
        io::Result::Ok(latencies)
    };
    let (mut latencies, mut failed) = (Vec::new(), 0);
    std::thread::scope(|scope| {
        let askers: Vec<_> = (0..LIGHT_CONNECTIONS)
            .map(|first| scope.spawn(move || ask(u32::try_from(first).unwrap_or(0))))
            .collect();
        for asker in askers {
            match asker.join().expect("an asker") {
                Ok(some) => latencies.extend(some),
                Err(_) => failed += 1,
            }
        }
    });
    latencies.sort_unstable();
    Light { latencies, failed }
}

/// Keeps clients busy with the heavy route and asks for `/` meanwhile.
pub(crate) fn both(
    address: &str,
    clients: usize,
    path: &str,
    every: Duration,
    time: Duration,
) -> (Heavy, Light) {
    block_on(async {
        // The heavy load is up before the first light question, and goes on until after the last.
        let settle = Duration::from_millis(500);
        let end = Instant::now() + settle + time;
        let (answered, failed) = (Rc::new(Cell::new(0_u32)), Rc::new(Cell::new(0)));
        let request = format!("GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n");
        let clients: Vec<_> = (0..clients)
            .map(|_| {
                let (address, request) = (address.to_owned(), request.clone());
                let (answered, failed) = (Rc::clone(&answered), Rc::clone(&failed));
                spawn_local(async move {
                    let mut connection = Connection::open(&address).await;
                    while Instant::now() < end {
                        if connection.ask(&request).await.is_ok() {
                            answered.set(answered.get() + 1);
                        } else {
                            failed.set(failed.get() + 1);
                            connection = Connection::open(&address).await;
                        }
                    }
                })
            })
            .collect();
        sleep_until(Instant::now() + settle).await;
        let (before, start) = (answered.get(), Instant::now());
        let asked = address.to_owned();
        let light =
            tokio::task::spawn_blocking(move || light(&asked, every, time)).await.expect("the light load");
        let per_second = f64::from(answered.get() - before) / start.elapsed().as_secs_f64();
        for client in clients {
            client.abort();
        }
        (Heavy { per_second, failed: failed.get() }, light)
    })
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    LocalSet::new().block_on(&runtime, future)
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("an option of the socket");
        Self { stream, buffer: vec![0; 4096] }
    }

    /// Sends a request and reads its answer; anything but a whole 200 is an error.
    async fn ask(&mut self, request: &str) -> io::Result<()> {
        self.stream.write_all(request.as_bytes()).await?;
        let mut answer = Answer::default();
        while !answer.is_complete() {
            let read = self.stream.read(&mut self.buffer).await?;
            answer.push(&self.buffer[..read])?;
        }
        Ok(())
    }
}

/// An answer as it comes in.
#[derive(Default)]
struct Answer(Vec<u8>);

impl Answer {
    /// Takes what was read.
    ///
    /// # Errors
    ///
    /// The connection ended, or the answer is not a 200.
    fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.0.extend_from_slice(bytes);
        if self.0.len() < STATUS.len() || self.0.starts_with(STATUS) {
            Ok(())
        } else {
            Err(io::ErrorKind::InvalidData.into())
        }
    }

    fn is_complete(&self) -> bool {
        answer_length(&self.0).is_some_and(|length| self.0.len() >= length)
    }
}

const STATUS: &[u8] = b"HTTP/1.1 200";

/// The length of the answer that begins here, once its head is complete.
fn answer_length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).ok()?.to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:"))?;
    Some(head + length.trim().parse::<usize>().ok()?)
}
