//! Clients that speak HTTP/2, many on each connection.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::Request as HttpRequest;
use h2::client::{SendRequest, handshake};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::sync::Mutex;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{sleep, timeout};

use super::results::{Outcome, Request, Results};

/// Clients of one connection: the least that a server is to allow at a time (RFC 9113, section
/// 6.5.2).
const CLIENTS_PER_CONNECTION: usize = 100;

/// Puts a closed loop on the server, on this thread: each client sends its next request when it has
/// the response to the last, or has waited for its patience and has reset the stream. Requests that
/// have no response when the time is over do not count.
pub fn http2_clients(
    address: SocketAddr,
    path: &str,
    clients: usize,
    time: Duration,
    patience: Duration,
) -> Results {
    let uri: Rc<str> = format!("http://bench{path}").into();
    let (start, ended) = (Instant::now(), Rc::new(RefCell::new(Vec::new())));
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    LocalSet::new().block_on(&runtime, async {
        let mut connection = Rc::new(Connection::new(address));
        for number in 0..clients {
            if number % CLIENTS_PER_CONNECTION == 0 {
                connection = Rc::new(Connection::new(address));
            }
            let client = Client {
                connection: Rc::clone(&connection),
                uri: Rc::clone(&uri),
                patience,
                start,
                ended: Rc::clone(&ended),
            };
            spawn_local(client.run());
        }
        sleep(time).await;
    });
    drop(runtime);
    Results { requests: ended.take(), time }
}

struct Client {
    connection: Rc<Connection>,
    uri: Rc<str>,
    patience: Duration,
    start: Instant,
    ended: Rc<RefCell<Vec<Request>>>,
}

impl Client {
    async fn run(self) {
        loop {
            let due = self.start.elapsed();
            let status = timeout(self.patience, self.ask()).await;
            let latency = self.start.elapsed().saturating_sub(due);
            let outcome = match status {
                // The client would have gone, if it had been in time itself.
                _ if latency > self.patience => Outcome::TimedOut,
                Ok(Ok(200)) => Outcome::Succeeded,
                Ok(Ok(503)) => Outcome::Refused,
                Ok(Ok(504)) | Err(_) => Outcome::TimedOut,
                Ok(_) => Outcome::Failed,
            };
            let request = Request { path: 0, due, late: Duration::ZERO, outcome, latency };
            self.ended.borrow_mut().push(request);
        }
    }

    /// Sends a request; returns the status once the response has ended.
    async fn ask(&self) -> Result<u16, h2::Error> {
        let mut sender = self.connection.sender().await;
        let request = HttpRequest::get(&*self.uri).body(()).expect("a request");
        let (response, _) = sender.send_request(request, true)?;
        let (head, mut body) = response.await?.into_parts();
        while let Some(bytes) = body.data().await {
            body.flow_control().release_capacity(bytes?.len())?;
        }
        Ok(head.status.as_u16())
    }
}

/// A connection, and the one after it when the server has closed it.
struct Connection {
    address: SocketAddr,
    sender: Mutex<Option<SendRequest<Bytes>>>,
}

impl Connection {
    fn new(address: SocketAddr) -> Self {
        Self { address, sender: Mutex::new(None) }
    }

    /// Waits until a request can be sent.
    async fn sender(&self) -> SendRequest<Bytes> {
        loop {
            let mut current = self.sender.lock().await;
            if let Some(sender) = &*current
                && let Ok(sender) = sender.clone().ready().await
            {
                return sender;
            }
            let Ok(stream) = TcpStream::connect(self.address).await else { continue };
            stream.set_nodelay(true).expect("a socket");
            let Ok((sender, connection)) = handshake(stream).await else { continue };
            spawn_local(connection);
            *current = Some(sender);
        }
    }
}
