//! A client of HTTP/2 that sends and sees single frames, for what a well-behaved client does not
//! do. It compresses nothing: a header field is a literal, or an index of the static table.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::support::DEADLINE;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const ACK: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The setting that limits what the server may send on a stream.
pub(crate) const INITIAL_WINDOW_SIZE: u16 = 4;

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    pub(crate) fn new(kind: u8, flags: u8, stream: u32, payload: impl Into<Vec<u8>>) -> Self {
        Self { kind, flags, stream, payload: payload.into() }
    }

    /// HEADERS of a request without a body.
    pub(crate) fn request(stream: u32, method: &str, path: &str) -> Self {
        Self::head(stream, END_STREAM, &request_fields(method, path))
    }

    /// HEADERS with these fields, in one frame.
    pub(crate) fn head(stream: u32, flags: u8, fields: &[(&str, &str)]) -> Self {
        Self::new(HEADERS, flags | END_HEADERS, stream, block(fields))
    }

    pub(crate) fn ping() -> Self {
        Self::new(PING, 0, 0, [0; 8])
    }

    pub(crate) fn settings(settings: &[(u16, u32)]) -> Self {
        let payload = settings
            .iter()
            .flat_map(|(name, value)| [&name.to_be_bytes()[..], &value.to_be_bytes()].concat());
        Self::new(SETTINGS, 0, 0, payload.collect::<Vec<_>>())
    }

    pub(crate) fn window_update(stream: u32, bytes: u32) -> Self {
        Self::new(WINDOW_UPDATE, 0, stream, bytes.to_be_bytes())
    }

    pub(crate) fn ends_stream(&self) -> bool {
        (self.kind == RST_STREAM)
            || (matches!(self.kind, DATA | HEADERS) && self.flags & END_STREAM != 0)
    }

    /// The error code of a GOAWAY or `RST_STREAM`.
    pub(crate) fn error(&self) -> u32 {
        let code = if self.kind == GOAWAY { &self.payload[4..8] } else { &self.payload[..4] };
        u32::from_be_bytes(code.try_into().unwrap())
    }

    fn bytes(&self) -> Vec<u8> {
        let length = u32::try_from(self.payload.len()).unwrap().to_be_bytes();
        let mut bytes = length[1..].to_vec();
        bytes.extend([self.kind, self.flags]);
        bytes.extend(self.stream.to_be_bytes());
        bytes.extend(&self.payload);
        bytes
    }
}

/// The fields of an ordinary request.
pub(crate) fn request_fields<'a>(method: &'a str, path: &'a str) -> [(&'a str, &'a str); 4] {
    [(":method", method), (":scheme", "http"), (":path", path), (":authority", "test")]
}

/// A block of header fields, each a literal that is not indexed (RFC 7541, section 6.2.2).
pub(crate) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            integer(&mut block, text.len());
            block.extend(text.as_bytes());
        }
    }
    block
}

/// A length with a prefix of seven bits (RFC 7541, section 5.1).
fn integer(block: &mut Vec<u8>, mut value: usize) {
    if value < 127 {
        block.push(u8::try_from(value).unwrap());
        return;
    }
    block.push(127);
    value -= 127;
    while value >= 128 {
        block.push(u8::try_from(value % 128).unwrap() | 128);
        value /= 128;
    }
    block.push(u8::try_from(value).unwrap());
}

/// A connection whose frames a test sends and sees. It answers nothing by itself.
pub(crate) struct Frames(TcpStream);

impl Frames {
    /// Connects, and sends the preface and SETTINGS.
    #[track_caller]
    pub(crate) fn connect(server: SocketAddr, settings: &[(u16, u32)]) -> Self {
        let mut frames = Self::silent(server);
        frames.raw(PREFACE);
        frames.send(&Frame::settings(settings));
        frames
    }

    /// Connects, and sends nothing.
    #[track_caller]
    pub(crate) fn silent(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).expect("a connection");
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    /// Sends a frame. What the server has closed by then is seen when the next frame is read.
    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.0.local_addr().expect("an address")
    }

    pub(crate) fn send(&mut self, frame: &Frame) {
        self.raw(&frame.bytes());
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        let _ = self.0.write_all(bytes);
    }

    /// Sends `frame` again and again until the server closes the connection.
    #[track_caller]
    pub(crate) fn send_until_closed(mut self, frame: &Frame) {
        let start = Instant::now();
        self.0.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
        while start.elapsed() < DEADLINE {
            self.send(frame);
            match self.0.read(&mut [0; 4096]) {
                Ok(1..) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Ok(0) | Err(_) => return,
            }
        }
        panic!("the connection is kept open");
    }

    /// The next frame, or nothing if the server has closed the connection.
    #[track_caller]
    pub(crate) fn next(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        if !self.read(&mut head) {
            return None;
        }
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        if !self.read(&mut payload) {
            return None;
        }
        let stream = u32::from_be_bytes(head[5..].try_into().unwrap());
        Some(Frame { kind: head[3], flags: head[4], stream, payload })
    }

    /// The next frame of this kind; others are passed over.
    #[track_caller]
    pub(crate) fn next_of(&mut self, kind: u8) -> Option<Frame> {
        loop {
            let frame = self.next()?;
            if frame.kind == kind {
                return Some(frame);
            }
        }
    }

    /// The frames of a stream up to its end.
    #[track_caller]
    pub(crate) fn stream(&mut self, stream: u32) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(frame) = self.next() {
            if frame.stream == stream {
                let last = frame.ends_stream();
                frames.push(frame);
                if last {
                    break;
                }
            }
        }
        frames
    }

    /// Everything until the server closes the connection.
    #[track_caller]
    pub(crate) fn rest(&mut self) -> Vec<Frame> {
        std::iter::from_fn(|| self.next()).collect()
    }

    #[track_caller]
    fn read(&mut self, buffer: &mut [u8]) -> bool {
        match self.0.read_exact(buffer) {
            Ok(()) => true,
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset
                ) =>
            {
                false
            }
            Err(error) => panic!("neither a frame nor the end: {error}"),
        }
    }
}

/// The status in the first HEADERS, if it is one of the static table or a literal.
pub(crate) fn status(frames: &[Frame]) -> Option<u16> {
    let head = frames.iter().find(|frame| frame.kind == HEADERS)?;
    match head.payload.first()? {
        index @ 0x88..=0x8e => Some([200, 204, 206, 304, 400, 404, 500][usize::from(index - 0x88)]),
        // A literal with the name of an entry of `:status`; its three digits may be compressed, in
        // the code of the digits, which is short enough to undo here.
        0x48 | 0x08 | 0x18 => {
            let (length, value) = (head.payload[1], &head.payload[2..]);
            if length & 0x80 == 0 {
                return std::str::from_utf8(&value[..3]).ok()?.parse().ok();
            }
            digits(&value[..usize::from(length & 0x7f)])
        }
        _ => None,
    }
}

/// Undoes the Huffman code for digits (RFC 7541, appendix B): `0`, `1`, `2` have five bits, all
/// others six.
fn digits(bytes: &[u8]) -> Option<u16> {
    let mut bits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
    let mut number = 0;
    for _ in 0..3 {
        let five = bits.by_ref().take(5).fold(0_u16, |value, bit| value << 1 | u16::from(bit));
        let digit = if five < 3 {
            five
        } else {
            let six = five << 1 | u16::from(bits.next()?);
            six.checked_sub(0x19)? + 3
        };
        number = number * 10 + digit;
    }
    Some(number)
}
