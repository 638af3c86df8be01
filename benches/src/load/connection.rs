//! A keep-alive connection, one of many on a thread.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use super::response::ResponseBuffer;
use super::run::Pending;
use super::socket::connect;

pub(super) struct Connection {
    /// The request that waits for its response.
    pub(super) request: Option<Pending>,
    stream: TcpStream,
    response: ResponseBuffer,
    connected: bool,
}

impl Connection {
    /// Begins to connect. An event of `token` says when the connection may be there.
    pub(super) fn open(address: SocketAddr, registry: &Registry, token: usize) -> io::Result<Self> {
        let mut stream = TcpStream::from_std(connect(address)?);
        registry.register(&mut stream, Token(token), Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self { request: None, stream, response: ResponseBuffer::new(), connected: false })
    }

    /// Sends the request. If the connection is not there yet, this is to be called again at its
    /// next event.
    pub(super) fn send(&mut self, request: &[u8]) -> io::Result<()> {
        match self.stream.write(request) {
            Ok(written) if written == request.len() => {
                self.connected = true;
                Ok(())
            }
            // A request is shorter than any socket's buffer.
            Ok(_) => Err(ErrorKind::WriteZero.into()),
            Err(error) if !self.connected && is_pending(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Returns true if a request has been sent on this connection.
    pub(super) fn is_connected(&self) -> bool {
        self.connected
    }

    /// Returns true if the server closes the connection after the last response.
    pub(super) fn closes(&self) -> bool {
        self.response.closes()
    }

    /// Reads the bytes that have arrived; returns the status if they complete a response.
    ///
    /// # Errors
    ///
    /// The connection is of no more use.
    pub(super) fn receive(&mut self) -> io::Result<Option<u16>> {
        loop {
            match self.stream.read(self.response.space()) {
                Ok(count) => {
                    if let Some(status) = self.response.filled(count)? {
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

fn is_pending(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected)
}
