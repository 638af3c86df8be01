//! As much of HTTP/1.1 as a load generator needs: a request as bytes, and where an answer ends.

use std::io::{self, ErrorKind};

/// A request, ready to be sent any number of times.
pub(crate) fn request(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n").into_bytes()
}

/// An answer, on its way in. The buffer serves one after the other.
pub(crate) struct Answer {
    bytes: Box<[u8]>,
    filled: usize,
    last: bool,
}

impl Answer {
    pub(crate) fn new() -> Self {
        Self { bytes: vec![0; 1024].into_boxed_slice(), filled: 0, last: false }
    }

    /// Whether the server has said that the connection brings no other: servers limit the requests of one.
    pub(crate) fn was_last(&self) -> bool {
        self.last
    }

    /// Where the next bytes go.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        &mut self.bytes[self.filled..]
    }

    /// Takes note of `count` more bytes; gives the status if those were the last of an answer.
    ///
    /// # Errors
    ///
    /// An end before its end, more than its end, and what is no answer. The connection is of no more use then.
    pub(crate) fn filled(&mut self, count: usize) -> io::Result<Option<u16>> {
        if count == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.filled += count;
        let bytes = &self.bytes[..self.filled];
        match length(bytes) {
            Some(length) if length == bytes.len() => {
                let status = status(bytes).ok_or(ErrorKind::InvalidData)?;
                self.last = header(bytes, b"connection:").is_some_and(|value| value == b"close");
                self.filled = 0;
                Ok(Some(status))
            }
            Some(length) if length < bytes.len() => Err(ErrorKind::InvalidData.into()),
            _ if self.filled == self.bytes.len() => Err(ErrorKind::InvalidData.into()),
            _ => Ok(None),
        }
    }
}

/// How long the answer that begins here will be, head included, once its head is there.
fn length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let body: usize =
        std::str::from_utf8(header(&bytes[..head], b"content-length:")?).ok()?.parse().ok()?;
    Some(head + body)
}

/// What a head says under this name, which ends in a colon.
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
