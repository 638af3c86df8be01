//! A closed loop: each client asks, waits for the answer, and asks again.
//!
//! One thread for all clients, keep-alive connections, requests that are bytes already: it shares the cores with the server
//! that it measures, and takes as little of them as it can.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::sleep;

use crate::answer::{Answer, request};
use crate::figures::Latencies;

/// Keeps `clients` busy for `settle` and then `time`, and gives the latencies of the answers of the latter; failures count
/// from the beginning. Blocks this thread.
pub(crate) fn ask_again_and_again(
    address: SocketAddr,
    clients: usize,
    path: &str,
    settle: Duration,
    time: Duration,
) -> Latencies {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    LocalSet::new().block_on(&runtime, async {
        let start = Instant::now() + settle;
        let notes =
            Rc::new(RefCell::new(Notes { start, end: start + time, latencies: Vec::new(), failed: 0 }));
        let request: Rc<[u8]> = request(path).into();
        let clients: Vec<_> = (0..clients)
            .map(|_| spawn_local(client(address, Rc::clone(&request), Rc::clone(&notes))))
            .collect();
        sleep(settle + time).await;
        for client in clients {
            client.abort();
        }
        let Notes { latencies, failed, .. } = &mut *notes.borrow_mut();
        Latencies::new(std::mem::take(latencies), *failed)
    })
}

struct Notes {
    start: Instant,
    end: Instant,
    latencies: Vec<Duration>,
    failed: usize,
}

/// A client that connects again after a failure, and goes on until it is aborted.
async fn client(address: SocketAddr, request: Rc<[u8]>, notes: Rc<RefCell<Notes>>) {
    loop {
        let Err(_failure) = ask(address, &request, &notes).await;
        notes.borrow_mut().failed += 1;
        // A server that refuses is not to be kept from serving.
        sleep(Duration::from_millis(10)).await;
    }
}

async fn ask(
    address: SocketAddr,
    request: &[u8],
    notes: &RefCell<Notes>,
) -> io::Result<std::convert::Infallible> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut answer = Answer::new();
    let mut asked = Instant::now();
    loop {
        stream.write_all(request).await?;
        while !answer.filled(stream.read(answer.space()).await?)? {}
        let answered = Instant::now();
        let Notes { start, end, latencies, .. } = &mut *notes.borrow_mut();
        if (*start..*end).contains(&answered) {
            latencies.push(answered - asked);
        }
        asked = answered;
    }
}
