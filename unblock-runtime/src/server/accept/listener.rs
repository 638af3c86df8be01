//! The listening socket that is bound here.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};

use crate::server::error::ServerError;

/// Number of completed connections that the kernel queues until the loops accept them. The kernel
/// lowers it to `net.core.somaxconn`.
///
/// The standard library's 128 overflow in a burst, and a client whose connection finds no room
/// tries again only after a second.
#[cfg(unix)]
const BACKLOG: i32 = 4096;

/// Binds the first of the addresses that can be bound. The standard library sets `SO_REUSEADDR` on
/// platforms where it lets a restarted server bind the port while connections of its predecessor
/// are still known to the kernel.
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

/// Checks that a socket listens, which it need not if somebody else has made it. A socket that is
/// only bound has an address, and refuses every client.
#[cfg(unix)]
pub(crate) fn check(listener: &TcpListener) -> Result<(), ServerError> {
    match rustix::net::sockopt::socket_acceptconn(listener) {
        Ok(true) => Ok(()),
        Ok(false) => {
            let address = listener.local_addr().map_err(ServerError::Start)?;
            Err(ServerError::NotListening { address })
        }
        Err(error) => Err(ServerError::Start(error.into())),
    }
}

#[cfg(not(unix))]
pub(crate) fn check(_: &TcpListener) -> Result<(), ServerError> {
    Ok(())
}

fn list(addresses: &[SocketAddr]) -> String {
    let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

/// Widens the backlog of a listening socket: listening once more changes that and nothing else.
#[cfg(unix)]
fn widen_backlog(listener: &TcpListener) -> io::Result<()> {
    Ok(rustix::net::listen(listener, BACKLOG)?)
}

#[cfg(not(unix))]
fn widen_backlog(_: &TcpListener) -> io::Result<()> {
    Ok(())
}
