//! A connection of HTTP/1.1, for clients that use it well and badly.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Time after which a client that waits has lost its response.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    /// What has come and is not part of a response that was taken.
    buffer: Vec<u8>,
}

pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// Whether the connection ends behind it.
    pub(crate) closes: bool,
}

impl Connection {
    pub(crate) async fn open(server: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    /// Sends bytes. That the server has had enough of them is seen by the response.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    /// Waits for the next response, and takes it.
    pub(crate) async fn response(&mut self) -> io::Result<Response> {
        loop {
            if let Some((response, length)) = parse(&self.buffer)? {
                self.buffer.drain(..length);
                return Ok(response);
            }
            if self.read().await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Waits until the server has closed the connection, and returns whether it has in time, with
    /// nothing behind the last response.
    pub(crate) async fn ends(&mut self) -> bool {
        loop {
            match self.read().await {
                Ok(1..) => {}
                // A reset is an end like any other.
                Err(error) if error.kind() == ErrorKind::TimedOut => return false,
                Ok(0) | Err(_) => return self.buffer.is_empty(),
            }
        }
    }

    async fn read(&mut self) -> io::Result<usize> {
        let read = timeout(PATIENCE, self.stream.read_buf(&mut self.buffer)).await;
        read.map_err(|_| io::Error::from(ErrorKind::TimedOut))?
    }
}

/// Returns the response that the bytes begin with, if it is there as a whole, and its length.
fn parse(bytes: &[u8]) -> io::Result<Option<(Response, usize)>> {
    let Some(end) = find(bytes, b"\r\n\r\n") else { return Ok(None) };
    let invalid = || io::Error::from(ErrorKind::InvalidData);
    let head = std::str::from_utf8(&bytes[..end + 2]).map_err(|_| invalid())?.to_ascii_lowercase();
    let status = head.strip_prefix("http/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    let status = status.ok_or_else(invalid)?;
    let closes = head.contains("\r\nconnection: close\r\n");
    let mut rest = &bytes[end + 4..];
    let mut body = Vec::new();
    if let Some(length) = head.lines().find_map(|line| line.strip_prefix("content-length: ")) {
        let length: usize = length.parse().map_err(|_| invalid())?;
        let Some((whole, behind)) = rest.split_at_checked(length) else { return Ok(None) };
        body.extend_from_slice(whole);
        rest = behind;
    } else if head.contains("\r\ntransfer-encoding: chunked\r\n") {
        loop {
            let Some(line) = find(rest, b"\r\n") else { return Ok(None) };
            let length = std::str::from_utf8(&rest[..line]).ok();
            let length = length.and_then(|text| usize::from_str_radix(text, 16).ok());
            let length = length.ok_or_else(invalid)?;
            let Some((chunk, behind)) = rest[line + 2..].split_at_checked(length) else {
                return Ok(None);
            };
            let Some(behind) = behind.strip_prefix(b"\r\n") else {
                return if behind.len() < 2 { Ok(None) } else { Err(invalid()) };
            };
            body.extend_from_slice(chunk);
            rest = behind;
            if length == 0 {
                break;
            }
        }
    } else if status != 101 {
        return Err(invalid());
    }
    Ok(Some((Response { status, body, closes }, bytes.len() - rest.len())))
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
