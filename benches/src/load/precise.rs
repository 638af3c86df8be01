//! A few requests that are due at fixed times, whatever becomes of those before, put to the microsecond: the light route.
//!
//! A latency counts from the time when its request was due, so that a server that answers late cannot slow the questions
//! down, nor a load generator that is late itself flatter it (*coordinated omission*, in Gil Tene's words).
//!
//! Each connection has a thread of its own that blocks: it takes the next number, sleeps until that is due, asks, and reads.
//! The system's timer wakes it within microseconds, where an event loop's would by the millisecond; as long as one thread is
//! free, all questions are put on time.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::answer::request;
use super::client::Client;
use super::figures::Latencies;
use super::priority::go_first;

/// Requests that can be on the way at a time: more than a second's at the rate of the light route.
const CONNECTIONS: usize = 256;

/// Connections that wait to be used on a schedule.
pub(crate) struct Askers {
    address: SocketAddr,
    request: Vec<u8>,
    connections: Vec<Client>,
}

/// What became of a schedule's requests.
pub(crate) struct Kept {
    /// From when each was due.
    pub(crate) latencies: Latencies,
    /// How late the load generator itself was to ask. The latencies include it.
    pub(crate) late: Latencies,
    /// Without that: from when each was really asked. The schedule holds as long as a client is free, so no question waits
    /// for the answer to another, and this leaves nothing out but the load generator.
    pub(crate) asked: Latencies,
}

impl Askers {
    /// Connects, and asks once on each connection, so that nothing of that is measured.
    pub(crate) fn connect(address: SocketAddr, path: &str) -> io::Result<Self> {
        let request = request(path);
        let connect = |_| {
            let mut connection = Client::open(address)?;
            connection.ask(&request)?;
            Ok(connection)
        };
        let connections = (0..CONNECTIONS).map(connect).collect::<io::Result<_>>()?;
        Ok(Self { address, request, connections })
    }

    /// Asks every `every` for `time`, and waits for what was asked. Blocks this thread.
    pub(crate) fn ask(&mut self, every: Duration, time: Duration) -> Kept {
        let Self { address, request, connections } = self;
        let (address, request) = (*address, request.as_slice());
        let count = u32::try_from(time.as_nanos() / every.as_nanos()).unwrap_or(u32::MAX);
        let next = AtomicU32::new(0);
        // By then all threads are there.
        let start = Instant::now() + Duration::from_millis(100);
        let due = || {
            let number = next.fetch_add(1, Ordering::Relaxed);
            (number < count).then(|| start + every * number)
        };

        let (mut latencies, mut late, mut from_asked, mut failed) =
            (Vec::new(), Vec::new(), Vec::new(), 0);
        thread::scope(|scope| {
            let askers: Vec<_> = connections
                .iter_mut()
                .map(|connection| {
                    let asker = move || {
                        go_first();
                        let mut outcomes = Vec::new();
                        while let Some(due) = due() {
                            thread::sleep(due.saturating_duration_since(Instant::now()));
                            let late = due.elapsed();
                            outcomes.push((late, connection.ask(request).map(|()| due.elapsed())));
                            if let Some((_, Err(_))) = outcomes.last()
                                && let Ok(another) = Client::open(address)
                            {
                                *connection = another;
                            }
                        }
                        outcomes
                    };
                    thread::Builder::new()
                        .stack_size(64 * 1024)
                        .spawn_scoped(scope, asker)
                        .expect("a thread")
                })
                .collect();
            for (was_late, outcome) in
                askers.into_iter().flat_map(|asker| asker.join().expect("an asker"))
            {
                late.push(was_late);
                match outcome {
                    Ok(latency) => {
                        latencies.push(latency);
                        from_asked.push(latency.saturating_sub(was_late));
                    }
                    Err(_) => failed += 1,
                }
            }
        });
        Kept {
            latencies: Latencies::new(latencies, failed),
            late: Latencies::new(late, 0),
            asked: Latencies::new(from_asked, failed),
        }
    }
}
