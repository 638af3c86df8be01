//! A visitor that speaks HTTP/1.1 on a bare socket, well or badly.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::Tally;
use super::dice::Dice;
use super::request_plan::RequestPlan;
use crate::support::DEADLINE;

pub(super) struct Visitor {
    server: SocketAddr,
    dice: Dice,
    connection: Option<Connection>,
    tally: Tally,
}

impl Visitor {
    pub(super) fn new(server: SocketAddr, dice: Dice) -> Self {
        Self { server, dice, connection: None, tally: Tally::default() }
    }

    /// Asks once for each number.
    pub(super) async fn run(mut self, ids: std::ops::Range<u64>) -> Tally {
        for id in ids {
            let mut connection = match self.connection.take() {
                Some(connection) => connection,
                None => Connection::open(self.server).await,
            };
            if self.visit(&mut connection, id).await {
                self.connection = Some(connection);
            }
        }
        self.tally
    }

    /// Whether the connection can be used again.
    async fn visit(&mut self, connection: &mut Connection, id: u64) -> bool {
        let plan = RequestPlan::random(&mut self.dice);
        let request = request(plan, id);
        // Where it is cut off, if it is: anywhere.
        let part = usize::try_from(self.dice.below(request.len() as u64)).unwrap();
        match self.dice.below(100) {
            // Vanishes before it has said all, or at once after it, or a little later.
            0..3 => {
                connection.send(&request[..part]).await;
                self.tally.vanished += 1;
                false
            }
            3..8 => {
                connection.send(&request).await;
                sleep(Duration::from_millis(self.dice.below(4))).await;
                self.tally.vanished += 1;
                false
            }
            // Vanishes in the middle of its response.
            8..11 => {
                connection.send(&self::request(RequestPlan::Stream, id)).await;
                let _ = connection.stream.read(&mut [0; 100]).await;
                self.tally.vanished += 1;
                false
            }
            // Stalls: in the body it is told so, in the head it is cut off.
            11..12 => self.stall(connection, id).await,
            // Asks again before it has its response.
            12..15 => {
                let second = request_again(id);
                connection.send(&[request, second].concat()).await;
                self.stay(connection, plan, id).await
                    && self.stay(connection, RequestPlan::Light, id).await
            }
            // Sends in two pieces.
            15..20 => {
                connection.send(&request[..part]).await;
                tokio::task::yield_now().await;
                connection.send(&request[part..]).await;
                self.stay(connection, plan, id).await
            }
            _ => {
                connection.send(&request).await;
                self.stay(connection, plan, id).await
            }
        }
    }

    /// Waits for the response.
    async fn stay(&mut self, connection: &mut Connection, plan: RequestPlan, id: u64) -> bool {
        let response =
            connection.response().await.unwrap_or_else(|error| panic!("{plan:?} {id}: {error}"));
        plan.check(id, response.status, &response.body);
        self.tally.answered(response.status);
        if response.closes {
            connection.ended(id).await;
        }
        !response.closes
    }

    async fn stall(&mut self, connection: &mut Connection, id: u64) -> bool {
        if self.dice.below(10) == 0 {
            connection.send(b"GET /light/0 HTTP/1.1\r\nhost: te").await;
        } else {
            let head = format!(
                "POST /echo/{id} HTTP/1.1\r\nhost: test\r\ncontent-length: 100\r\n\r\nhalf"
            );
            connection.send(head.as_bytes()).await;
            let response = connection.response().await.expect("a response");
            assert!(matches!(response.status, 408 | 504), "{id}: {}", response.status);
            self.tally.answered(response.status);
        }
        connection.ended(id).await;
        self.tally.stalled += 1;
        false
    }
}

/// The bytes of a request.
fn request(plan: RequestPlan, id: u64) -> Vec<u8> {
    let (method, path, body) = (plan.method(), plan.path(id), plan.body(id));
    let mut bytes = format!("{method} {path} HTTP/1.1\r\nhost: test\r\n").into_bytes();
    if method == "POST" && id.is_multiple_of(2) {
        bytes.extend(format!("transfer-encoding: chunked\r\n\r\n{:x}\r\n", body.len()).bytes());
        bytes.extend_from_slice(&body);
        bytes.extend(b"\r\n0\r\n\r\n");
    } else {
        bytes.extend(format!("content-length: {}\r\n\r\n", body.len()).bytes());
        bytes.extend_from_slice(&body);
    }
    bytes
}

fn request_again(id: u64) -> Vec<u8> {
    request(RequestPlan::Light, id)
}

struct Connection {
    stream: TcpStream,
    /// What has come and is not part of a response that was taken.
    buffer: Vec<u8>,
}

struct ClientResponse {
    status: u16,
    body: Vec<u8>,
    closes: bool,
}

impl Connection {
    async fn open(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).await.expect("a connection");
        Self { stream, buffer: Vec::new() }
    }

    /// Sends; that the server has had enough meanwhile is seen by the response.
    async fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    async fn response(&mut self) -> io::Result<ClientResponse> {
        loop {
            if let Some((response, length)) = parse(&self.buffer) {
                self.buffer.drain(..length);
                return Ok(response);
            }
            let read = timeout(DEADLINE, self.stream.read_buf(&mut self.buffer)).await?;
            if read? == 0 {
                let rest = String::from_utf8_lossy(&self.buffer);
                return Err(io::Error::other(format!(
                    "closed in the middle of a response: {rest:?}"
                )));
            }
        }
    }

    /// Waits until the server has closed the connection, over which nothing more may come.
    async fn ended(&mut self, id: u64) {
        // A reset is an end like any other.
        while let Ok(1..) =
            timeout(DEADLINE, self.stream.read_buf(&mut self.buffer)).await.expect("the end")
        {
        }
        assert!(
            self.buffer.is_empty(),
            "{id}: {:?} after the last response",
            String::from_utf8_lossy(&self.buffer)
        );
    }
}

/// The response that the bytes begin with, if it is there as a whole, and its length.
fn parse(bytes: &[u8]) -> Option<(ClientResponse, usize)> {
    let mut at = find(bytes, b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..at]).expect("a head of text").to_ascii_lowercase();
    let status = head.strip_prefix("http/1.1 ").expect("the head of a response")[..3]
        .parse()
        .expect("a status");
    let closes = head.contains("\r\nconnection: close\r\n");
    let mut body = Vec::new();
    if let Some(length) = head.lines().find_map(|line| line.strip_prefix("content-length: ")) {
        let length: usize = length.parse().expect("a length");
        body.extend_from_slice(bytes.get(at..at + length)?);
        at += length;
    } else {
        assert!(head.contains("\r\ntransfer-encoding: chunked\r\n"), "{head}");
        loop {
            let line = find(&bytes[at..], b"\r\n")?;
            let length = std::str::from_utf8(&bytes[at..at + line]).expect("a length of text");
            let length = usize::from_str_radix(length, 16).expect("a length");
            at += line + 2;
            body.extend_from_slice(bytes.get(at..at + length)?);
            at += length;
            assert_eq!(bytes.get(at..at + 2)?, b"\r\n");
            at += 2;
            if length == 0 {
                break;
            }
        }
    }
    Some((ClientResponse { status, body, closes }, at))
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
