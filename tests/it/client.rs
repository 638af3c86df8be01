//! A client: hyper's, used from tests that block, and a bare socket for what a well-behaved client
//! does not do.

use std::future::Future;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::client::legacy::Client as Pooled;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

/// No test waits longer than this for a response: it is what tells a hang from a slow machine.
const DEADLINE: Duration = Duration::from_mins(1);

/// A client with a thread of its own, so that requests go on while a test looks elsewhere.
pub(crate) struct Client {
    runtime: Runtime,
    pooled: Pooled<HttpConnector, Full<Bytes>>,
    server: SocketAddr,
}

impl Client {
    /// Speaks HTTP/1.1 and opens as many connections as it has requests.
    pub(crate) fn new(server: SocketAddr) -> Self {
        Self::build(server, false)
    }

    /// Speaks HTTP/2 without asking first, all on one connection.
    pub(crate) fn http2(server: SocketAddr) -> Self {
        Self::build(server, true)
    }

    fn build(server: SocketAddr, http2: bool) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let pooled = Pooled::builder(TokioExecutor::new()).http2_only(http2).build_http();
        Self { runtime, pooled, server }
    }

    /// Sends a request and waits for the response.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> ClientResponse {
        self.begin(Method::GET, path, Bytes::new()).wait()
    }

    /// Asks on a connection of its own, which is closed then.
    #[track_caller]
    pub(crate) fn fresh(&self, path: &str) -> ClientResponse {
        Self::new(self.server).get(path)
    }

    /// Sends a body and waits for the response.
    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: impl Into<Bytes>) -> ClientResponse {
        self.begin(Method::POST, path, body.into()).wait()
    }

    /// Sends a request; the response comes when it comes.
    pub(crate) fn begin(&self, method: Method, path: &str, body: Bytes) -> Pending<'_> {
        let uri = format!("http://{}{path}", self.server);
        let request = Request::builder().method(method).uri(uri).body(Full::new(body)).unwrap();
        let response = self.pooled.request(request);
        let task = self.runtime.spawn(async move {
            let (head, body) = response.await?.into_parts();
            let body =
                body.collect().await.map_err(|error| Box::new(error) as BoxError)?.to_bytes();
            Ok(ClientResponse { status: head.status, headers: head.headers, body })
        });
        Pending { runtime: &self.runtime, task }
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A request that has been sent. Dropping it changes nothing; see [`Pending::abandon`].
pub(crate) struct Pending<'a> {
    runtime: &'a Runtime,
    task: JoinHandle<Result<ClientResponse, BoxError>>,
}

impl Pending<'_> {
    #[track_caller]
    pub(crate) fn wait(self) -> ClientResponse {
        self.outcome().expect("a response")
    }

    /// The response, or what came in its place.
    #[track_caller]
    pub(crate) fn outcome(self) -> Result<ClientResponse, BoxError> {
        let task = self.task;
        within(self.runtime, task).expect("no panic in the client")
    }

    /// Goes away without waiting: an HTTP/1.1 connection is closed, an HTTP/2 stream is reset.
    pub(crate) fn abandon(self) {
        self.task.abort();
    }
}

#[track_caller]
fn within<F: Future>(runtime: &Runtime, future: F) -> F::Output {
    let timed = runtime.block_on(async { tokio::time::timeout(DEADLINE, future).await });
    timed.expect("a response before the deadline of all tests")
}

/// A whole response.
#[derive(Debug)]
pub(crate) struct ClientResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl ClientResponse {
    /// The status and the text.
    pub(crate) fn told(&self) -> (u16, &str) {
        (self.status.as_u16(), std::str::from_utf8(&self.body).expect("text"))
    }

    /// Whether it is this status with one line of plain text.
    #[track_caller]
    pub(crate) fn assert_line(&self, status: u16) {
        let (got, text) = self.told();
        assert_eq!(got, status, "{text}");
        assert!(
            text.len() > 1 && text.ends_with('\n') && text.lines().count() == 1,
            "not one line: {text:?}"
        );
        let kind = self.headers.get("content-type").expect("a content type");
        assert_eq!(kind, "text/plain; charset=utf-8");
    }
}

/// A socket to the server, for bytes as a test wants them.
pub(crate) struct Bare(TcpStream);

impl Bare {
    #[track_caller]
    pub(crate) fn connect(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).expect("a connection");
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        Self(stream)
    }

    /// Sends bytes. On loopback they are at the server's end, in its kernel, when this returns.
    #[track_caller]
    pub(crate) fn send(&mut self, text: impl AsRef<[u8]>) {
        self.0.write_all(text.as_ref()).expect("to send");
    }

    /// Sends a `GET` that leaves the connection open.
    #[track_caller]
    pub(crate) fn get(&mut self, path: &str) {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n"));
    }

    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.0.local_addr().expect("an address")
    }

    /// Closes the client's side, and can still read.
    pub(crate) fn shut(&mut self) {
        self.0.shutdown(std::net::Shutdown::Write).expect("half a close");
    }

    /// Reads these bytes, and no more.
    #[track_caller]
    pub(crate) fn expect(&mut self, text: &str) {
        let mut bytes = vec![0; text.len()];
        self.0.read_exact(&mut bytes).expect("to receive");
        assert_eq!(String::from_utf8_lossy(&bytes), text);
    }

    /// Reads up to the end of these bytes.
    #[track_caller]
    pub(crate) fn skip_to(&mut self, text: &str) {
        let mut read = Vec::new();
        while !read.ends_with(text.as_bytes()) {
            let mut byte = [0];
            self.0.read_exact(&mut byte).expect("to receive");
            read.push(byte[0]);
        }
    }

    /// The next response: its status and its body, which must have a length.
    #[track_caller]
    pub(crate) fn response(&mut self) -> (u16, String) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte).expect("a response");
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).expect("a head of text").to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().expect("a length"))];
        self.0.read_exact(&mut body).expect("a body");
        (status, String::from_utf8(body).expect("a body of text"))
    }

    /// What comes until the server closes the connection. A reset is an end like any other.
    #[track_caller]
    pub(crate) fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        match self.0.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
            Err(error) => panic!("the server did not close the connection: {error}"),
        }
        String::from_utf8(rest).expect("text")
    }
}
