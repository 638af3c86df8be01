//! As much of HTTP/1.1 as a load generator needs: a request as bytes, and where a response ends.

use std::io::{self, ErrorKind};

use super::Connections;

/// A request, ready to be sent any number of times.
pub(super) fn request(path: &str, connections: Connections) -> Vec<u8> {
    let connection = match connections {
        Connections::KeepAlive => "",
        Connections::PerRequest => "Connection: close\r\n",
    };
    format!("GET {path} HTTP/1.1\r\nHost: bench\r\n{connection}\r\n").into_bytes()
}

/// Collects the bytes of one response after the other.
pub(super) struct ResponseBuffer {
    bytes: Box<[u8]>,
    filled: usize,
    closes: bool,
}

impl ResponseBuffer {
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; 1024].into_boxed_slice(), filled: 0, closes: false }
    }

    /// Returns true if the server closes the connection after the last response: servers limit the
    /// number of requests on one.
    pub(super) fn closes(&self) -> bool {
        self.closes
    }

    /// Space for the next bytes.
    pub(super) fn space(&mut self) -> &mut [u8] {
        &mut self.bytes[self.filled..]
    }

    /// Adds the first `count` bytes of the space; returns the status if they complete a response.
    ///
    /// # Errors
    ///
    /// The connection ended, or brought more than one response, or something else. It is of no
    /// more use.
    pub(super) fn filled(&mut self, count: usize) -> io::Result<Option<u16>> {
        if count == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.filled += count;
        let bytes = &self.bytes[..self.filled];
        match length(bytes) {
            Some(length) if length == bytes.len() => {
                let status = status(bytes).ok_or(ErrorKind::InvalidData)?;
                self.closes = header(bytes, b"connection:").is_some_and(|value| value == b"close");
                self.filled = 0;
                Ok(Some(status))
            }
            Some(length) if length < bytes.len() => Err(ErrorKind::InvalidData.into()),
            _ if self.filled == self.bytes.len() => Err(ErrorKind::InvalidData.into()),
            _ => Ok(None),
        }
    }
}

/// Length of the response that begins here, head included, once its head is complete.
fn length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let body: usize =
        std::str::from_utf8(header(&bytes[..head], b"content-length:")?).ok()?.parse().ok()?;
    Some(head + body)
}

/// Value of the header of this name, which ends in a colon.
fn header<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let mut lines = head.split(|&byte| byte == b'\n');
    let line = lines.find(|line| {
        line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
    })?;
    Some(line[name.len()..].trim_ascii())
}

fn status(bytes: &[u8]) -> Option<u16> {
    let number = bytes.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    std::str::from_utf8(number).ok()?.parse().ok()
}
