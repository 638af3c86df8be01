//! A listening socket: bound here, or handed over by somebody else. Its connections are those of
//! TCP, or of a Unix socket, which a proxy on the same machine can use.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
#[cfg(unix)]
use std::os::fd::{AsFd, OwnedFd};
#[cfg(unix)]
use std::os::unix::net::{UnixListener, UnixStream};
#[cfg(unix)]
use std::path::Path;
use std::task::{Context, Poll, ready};

use tokio::net::TcpStream;

#[cfg(unix)]
use super::socket_file::SocketFile;
use crate::server::error::ServerError;

/// Number of completed connections that the kernel queues until the loops accept them. The kernel
/// lowers it to `net.core.somaxconn`.
///
/// The standard library's 128 overflow in a burst, and a client whose connection finds no room
/// tries again only after a second.
#[cfg(unix)]
const BACKLOG: i32 = 4096;

/// A listening socket.
pub(crate) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
}

/// A listening socket that is registered with a loop.
pub(crate) enum LoopListener {
    Tcp(tokio::net::TcpListener),
    #[cfg(unix)]
    Unix(tokio::net::UnixListener),
}

impl Listener {
    /// Binds the first of the addresses that can be bound. The standard library sets `SO_REUSEADDR`
    /// on platforms where it lets a restarted server bind the port while connections of its
    /// predecessor are still known to the kernel.
    pub(crate) fn bind(
        address: &(impl ToSocketAddrs + std::fmt::Debug),
    ) -> Result<Self, ServerError> {
        let addresses: Vec<SocketAddr> = match address.to_socket_addrs() {
            Ok(addresses) => addresses.collect(),
            Err(source) => {
                return Err(ServerError::Bind { address: format!("{address:?}"), source });
            }
        };
        TcpListener::bind(addresses.as_slice())
            .and_then(|listener| widen_backlog(&listener).map(|()| Self::Tcp(listener)))
            .map_err(|source| ServerError::Bind { address: list(&addresses), source })
    }

    /// Binds a path. Whoever has the listener keeps the file with it.
    #[cfg(unix)]
    pub(crate) fn bind_unix(path: &Path) -> Result<(Self, SocketFile), ServerError> {
        SocketFile::bind(path)
            .and_then(|(listener, file)| {
                widen_backlog(&listener)?;
                Ok((Self::Unix(listener), file))
            })
            .map_err(|source| ServerError::Bind { address: path.display().to_string(), source })
    }

    /// Returns the address, which is unspecified for a Unix socket.
    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr(),
            #[cfg(unix)]
            Self::Unix(_) => Ok(SocketAddr::from(([0; 4], 0))),
        }
    }

    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        Ok(match self {
            Self::Tcp(listener) => Self::Tcp(listener.try_clone()?),
            #[cfg(unix)]
            Self::Unix(listener) => Self::Unix(listener.try_clone()?),
        })
    }

    /// Checks that the socket listens, which it need not if somebody else has made it. A socket
    /// that is only bound has an address, and refuses every client.
    pub(crate) fn check(&self) -> Result<(), ServerError> {
        #[cfg(unix)]
        if !rustix::net::sockopt::socket_acceptconn(self)
            .map_err(|error| ServerError::Start(error.into()))?
        {
            let address = self.local_addr().map_err(ServerError::Start)?;
            return Err(ServerError::NotListening { address });
        }
        Ok(())
    }

    /// Accepts a connection that the kernel has already, without waiting.
    pub(crate) fn accept_now(&self) -> io::Result<TcpStream> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept()?;
                stream.set_nonblocking(true)?;
                TcpStream::from_std(stream)
            }
            #[cfg(unix)]
            Self::Unix(listener) => {
                let (stream, _) = listener.accept()?;
                stream.set_nonblocking(true)?;
                as_tcp(stream)
            }
        }
    }

    /// Registers the socket with the loop of this thread.
    pub(crate) fn register(self) -> io::Result<LoopListener> {
        Ok(match self {
            Self::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                LoopListener::Tcp(tokio::net::TcpListener::from_std(listener)?)
            }
            #[cfg(unix)]
            Self::Unix(listener) => {
                listener.set_nonblocking(true)?;
                LoopListener::Unix(tokio::net::UnixListener::from_std(listener)?)
            }
        })
    }
}

#[cfg(unix)]
impl AsFd for Listener {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        match self {
            Self::Tcp(listener) => listener.as_fd(),
            Self::Unix(listener) => listener.as_fd(),
        }
    }
}

impl LoopListener {
    /// Waits for the next connection.
    pub(crate) fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        match self {
            Self::Tcp(listener) => {
                Poll::Ready(ready!(listener.poll_accept(cx)).map(|(tcp, _)| tcp))
            }
            #[cfg(unix)]
            Self::Unix(listener) => {
                let (stream, _) = ready!(listener.poll_accept(cx))?;
                Poll::Ready(stream.into_std().and_then(as_tcp))
            }
        }
    }

    /// Takes the socket from its loop.
    pub(crate) fn into_std(self) -> io::Result<Listener> {
        Ok(match self {
            Self::Tcp(listener) => Listener::Tcp(listener.into_std()?),
            #[cfg(unix)]
            Self::Unix(listener) => Listener::Unix(listener.into_std()?),
        })
    }
}

/// Treats the stream of a Unix socket as one of TCP. Reading, writing and closing are the same
/// system calls; what TCP alone has, an address and a delay, fails with an error.
#[cfg(unix)]
fn as_tcp(stream: UnixStream) -> io::Result<TcpStream> {
    TcpStream::from_std(std::net::TcpStream::from(OwnedFd::from(stream)))
}

fn list(addresses: &[SocketAddr]) -> String {
    let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

/// Widens the backlog of a listening socket: listening once more changes that and nothing else.
#[cfg(unix)]
fn widen_backlog(listener: &impl AsFd) -> io::Result<()> {
    Ok(rustix::net::listen(listener, BACKLOG)?)
}

#[cfg(not(unix))]
fn widen_backlog(_: &TcpListener) -> io::Result<()> {
    Ok(())
}
