//! A keep-alive connection of a client that is one of many on a thread.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use super::answer::Answer;
use super::socket::connect;

pub(crate) struct Connection {
    stream: TcpStream,
    answer: Answer,
    connected: bool,
}

impl Connection {
    /// Begins to connect. The first sign of `token` may come before it can be written to.
    pub(crate) fn open(address: SocketAddr, registry: &Registry, token: usize) -> io::Result<Self> {
        let mut stream = TcpStream::from_std(connect(address, false)?);
        registry.register(&mut stream, Token(token), Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self { stream, answer: Answer::new(), connected: false })
    }

    /// Sends the request, if the connection is there: if not, this is to be called again at the first sign of it.
    pub(crate) fn ask(&mut self, request: &[u8]) -> io::Result<()> {
        match self.stream.write(request) {
            Ok(written) if written == request.len() => {
                self.connected = true;
                Ok(())
            }
            // A request is shorter than any socket's buffer.
            Ok(_) => Err(ErrorKind::WriteZero.into()),
            Err(error) if !self.connected && is_not_yet(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Whether [`ask`](Self::ask) has got a request out.
    pub(crate) fn is_connected(&self) -> bool {
        self.connected
    }

    /// Whether the server closes the connection after the answer that was read.
    pub(crate) fn is_over(&self) -> bool {
        self.answer.was_last()
    }

    /// Reads what is there; gives the status of an answer that is whole.
    ///
    /// # Errors
    ///
    /// The connection is over, or brings what is no answer.
    pub(crate) fn read(&mut self) -> io::Result<Option<u16>> {
        loop {
            match self.stream.read(self.answer.space()) {
                Ok(count) => {
                    if let Some(status) = self.answer.filled(count)? {
                        return Ok(Some(status));
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }
}

fn is_not_yet(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected)
}
