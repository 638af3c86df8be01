//! Messages between a pool and a worker process, on a socket: a head of a fixed size, and a body.
//!
//! ```text
//! length of the body: u32 │ kind: u8 │ call: u64 │ body
//! ```

use std::io::{self, ErrorKind, IoSlice};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags, recv, sendmsg};

const HEAD: usize = 13;
/// The most that one system call reads of a message whose length is not known yet.
const FIRST_READ: usize = 16 << 10;
/// The most pieces that one system call writes.
const MOST_PIECES: usize = 64;

/// What a message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// To a worker, first of all: what it is.
    Setup = 1,
    /// From a worker: it is ready, and has these functions.
    Hello,
    /// To a worker: run this function.
    Run,
    /// From a worker: the answer of the function.
    Answer,
    /// From a worker: the function panicked with this text, or with something else.
    Panicked,
    PanickedWithoutText,
    /// From a worker: the arguments or the answer could not be carried.
    Unportable,
    /// To a worker: end.
    Stop,
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        use Kind::{Answer, Hello, Panicked, PanickedWithoutText, Run, Setup, Stop, Unportable};
        [Setup, Hello, Run, Answer, Panicked, PanickedWithoutText, Unportable, Stop]
            .into_iter()
            .find(|kind| *kind as u8 == byte)
    }
}

/// A message that has been read.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) kind: Kind,
    /// The number of the call that it is about, or 0.
    pub(super) call: u64,
    pub(super) body: Vec<u8>,
}

/// A socket that has no room for more, or nothing to read, and what it would be ready for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    Readable,
    Writable,
}

/// Waits until a socket is ready.
pub(super) trait Wait {
    /// Waits until the socket is likely to be ready, if it does not wait by itself.
    fn wait(&mut self, socket: BorrowedFd<'_>, until: Until) -> io::Result<()>;
}

/// Waits for as long as it takes.
pub(super) struct Block;

impl Wait for Block {
    fn wait(&mut self, socket: BorrowedFd<'_>, until: Until) -> io::Result<()> {
        // A read waits by itself.
        if until == Until::Writable { poll_once(socket, until, None).map(drop) } else { Ok(()) }
    }
}

/// Waits until a socket is ready, for `timeout` at the most. Returns false if that is over.
pub(super) fn poll_once(
    socket: BorrowedFd<'_>,
    until: Until,
    timeout: Option<Duration>,
) -> io::Result<bool> {
    let events = match until {
        Until::Readable => PollFlags::IN,
        Until::Writable => PollFlags::OUT,
    };
    let timeout = timeout.map(timespec);
    match poll(&mut [PollFd::from_borrowed_fd(socket, events)], timeout.as_ref()) {
        Ok(ready) => Ok(ready > 0),
        // Whoever waits asks again.
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Returns a timeout as `poll` takes it. One that is too long for that is as good as for ever.
pub(super) fn timespec(timeout: Duration) -> Timespec {
    const LONGEST: Timespec = Timespec { tv_sec: i32::MAX as i64, tv_nsec: 0 };
    Timespec::try_from(timeout).unwrap_or(LONGEST)
}

/// Writes a message.
///
/// # Errors
///
/// The other side is gone, or the wait fails. Part of the message may have been written then.
pub(super) fn send<'a>(
    socket: impl AsFd,
    kind: Kind,
    call: u64,
    body: impl Iterator<Item = &'a [u8]> + Clone,
    wait: &mut impl Wait,
) -> io::Result<()> {
    let socket = socket.as_fd();
    let length: usize = body.clone().map(<[u8]>::len).sum();
    let length = u32::try_from(length).map_err(|_| ErrorKind::InvalidInput)?;
    let mut head = [0; HEAD];
    head[..4].copy_from_slice(&length.to_le_bytes());
    head[4] = kind as u8;
    head[5..].copy_from_slice(&call.to_le_bytes());
    let mut pieces = vec![IoSlice::new(&head)];
    for piece in body {
        pieces.push(IoSlice::new(piece));
    }
    let mut rest = pieces.as_mut_slice();
    // A socket that blocks is not asked to, because the wait has a limit of its own.
    let flags = SEND_FLAGS | SendFlags::DONTWAIT;
    while !rest.is_empty() {
        let next = &rest[..rest.len().min(MOST_PIECES)];
        match sendmsg(socket, next, &mut SendAncillaryBuffer::default(), flags) {
            Ok(sent) => IoSlice::advance_slices(&mut rest, sent),
            Err(Errno::AGAIN) => wait.wait(socket, Until::Writable)?,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
const SEND_FLAGS: SendFlags = SendFlags::NOSIGNAL;
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
const SEND_FLAGS: SendFlags = SendFlags::empty();

/// What was read of a socket and belongs to no message yet.
#[derive(Debug, Default)]
pub(super) struct Reader {
    read: Vec<u8>,
}

impl Reader {
    /// Reads a message. Returns `None` if the other side is gone, and has sent all that it began.
    ///
    /// # Errors
    ///
    /// It is gone in the middle of a message, the message is none, its body is longer than `limit`
    /// or than there is memory, or the wait fails.
    pub(super) fn receive(
        &mut self,
        socket: impl AsFd,
        limit: usize,
        wait: &mut impl Wait,
    ) -> io::Result<Option<Message>> {
        let socket = socket.as_fd();
        while self.read.len() < HEAD {
            self.read.reserve(FIRST_READ);
            if read_some(socket, &mut self.read, wait)? == 0 {
                let is_between = self.read.is_empty();
                return if is_between { Ok(None) } else { Err(ErrorKind::UnexpectedEof.into()) };
            }
        }
        let invalid = |text: String| io::Error::new(ErrorKind::InvalidData, text);
        let (head, rest) = self.read.split_at(HEAD);
        let (length, call) = (number(&head[..4]), number(&head[5..]));
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let kind =
            Kind::of(head[4]).ok_or_else(|| invalid("the message has no kind".to_owned()))?;
        if length > limit {
            return Err(invalid(format!(
                "the message has {length} bytes, and its limit is {limit}"
            )));
        }
        let mut body = Vec::new();
        body.try_reserve_exact(length).map_err(|_| ErrorKind::OutOfMemory)?;
        let here = rest.len().min(length);
        body.extend_from_slice(&rest[..here]);
        self.read.drain(..HEAD + here);
        // The allocator may have given more room than was asked for, so that part of the next
        // message is read, too.
        while body.len() < length {
            if read_some(socket, &mut body, wait)? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        self.read.extend_from_slice(&body[length..]);
        body.truncate(length);
        Ok(Some(Message { kind, call, body }))
    }
}

/// Reads what is there into the spare room of `into`. Returns the number of bytes, 0 at the end.
fn read_some(
    socket: BorrowedFd<'_>,
    into: &mut Vec<u8>,
    wait: &mut impl Wait,
) -> io::Result<usize> {
    loop {
        wait.wait(socket, Until::Readable)?;
        match recv(socket, spare_capacity(into), RecvFlags::empty()) {
            Ok((read, _)) => return Ok(read),
            Err(Errno::INTR) => {}
            // The other side died with messages unread.
            Err(Errno::CONNRESET) => return Ok(0),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Returns a number in little-endian order.
pub(super) fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
