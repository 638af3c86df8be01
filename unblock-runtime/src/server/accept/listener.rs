//! The listening socket: bound here, or taken over from whoever started this process.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};

use crate::server::ServerError;

/// How many completed connections the kernel keeps for the loops to accept; it lowers the number to
/// `net.core.somaxconn` if that is less. The standard library's 128 overflows in a burst, and a connection that
/// finds no room is tried again by its client after a second.
#[cfg(unix)]
const BACKLOG: i32 = 4096;

/// Binds the first of the addresses that can be bound. The standard library sets `SO_REUSEADDR` where that means
/// that a restarted server need not wait for the connections of its predecessor to be forgotten.
pub(crate) fn bind(
    address: &(impl ToSocketAddrs + std::fmt::Debug),
) -> Result<TcpListener, ServerError> {
    let addresses: Vec<SocketAddr> = match address.to_socket_addrs() {
        Ok(addresses) => addresses.collect(),
        Err(source) => return Err(ServerError::Bind { address: format!("{address:?}"), source }),
    };
    TcpListener::bind(addresses.as_slice())
        .and_then(|listener| widen_backlog(&listener).map(|()| listener))
        .map_err(|source| ServerError::Bind { address: list(&addresses), source })
}

fn list(addresses: &[SocketAddr]) -> String {
    let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

/// Listening once more on a listening socket changes its backlog and nothing else.
#[cfg(unix)]
fn widen_backlog(listener: &TcpListener) -> io::Result<()> {
    Ok(rustix::net::listen(listener, BACKLOG)?)
}

#[cfg(not(unix))]
fn widen_backlog(_: &TcpListener) -> io::Result<()> {
    Ok(())
}

/// The socket that `LISTEN_FDS` hands over to this process, by systemd or by a parent of this library's, if any.
///
/// The variables are removed, so that programs that this one starts do not take the socket for theirs.
#[cfg(unix)]
pub(crate) fn inherited() -> Result<Option<TcpListener>, ServerError> {
    listenfd::ListenFd::from_env().take_tcp_listener(0).map_err(ServerError::Inherit)
}

#[cfg(not(unix))]
pub(crate) fn inherited() -> Result<Option<TcpListener>, ServerError> {
    Ok(None)
}
