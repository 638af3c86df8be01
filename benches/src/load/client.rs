//! A client that blocks.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::answer::Answer;
use super::socket::connect;

/// An answer that takes longer than this after it was asked for counts as a failure.
const PATIENCE: Duration = Duration::from_secs(10);

/// A keep-alive connection; each of these has a thread to itself, or waits for its turn on one.
pub(crate) struct Client {
    stream: TcpStream,
    answer: Answer,
}

impl Client {
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = connect(address, true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, answer: Answer::new() })
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    ///
    /// There is none, or it is not a 200. The connection is of no more use then.
    pub(crate) fn ask(&mut self, request: &[u8]) -> io::Result<()> {
        self.stream.write_all(request)?;
        loop {
            let count = self.stream.read(self.answer.space())?;
            match self.answer.filled(count)? {
                Some(200) => return Ok(()),
                Some(_) => return Err(io::ErrorKind::InvalidData.into()),
                None => {}
            }
        }
    }
}
