//! Where clients connect from.

use std::io;
use std::net::{SocketAddr, TcpStream};

/// Connects from an address of the client's own, as if it had come from another machine: Linux has a whole network of them. With
/// one for all, ports run out, and looking for one that is free takes longer and longer before that.
///
/// A socket that is not to block may be connected later than this returns.
#[cfg(target_os = "linux")]
pub(super) fn connect(address: SocketAddr, blocking: bool) -> io::Result<TcpStream> {
    use std::net::Ipv4Addr;
    use std::sync::atomic::{AtomicU32, Ordering};

    use rustix::io::Errno;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with};

    const FIRST: Ipv4Addr = Ipv4Addr::new(127, 1, 0, 0);
    static CLIENTS: AtomicU32 = AtomicU32::new(0);
    let number = CLIENTS.fetch_add(1, Ordering::Relaxed) % (1 << 16);
    let own = Ipv4Addr::from_bits(FIRST.to_bits() + number);

    let flags = if blocking { SocketFlags::empty() } else { SocketFlags::NONBLOCK };
    let socket =
        socket_with(AddressFamily::INET, SocketType::STREAM, flags | SocketFlags::CLOEXEC, None)?;
    bind(&socket, &SocketAddr::from((own, 0)))?;
    match connect(&socket, &address) {
        Ok(()) | Err(Errno::INPROGRESS) => {}
        Err(error) => return Err(error.into()),
    }
    let stream = TcpStream::from(socket);
    stream.set_nodelay(true)?;
    Ok(stream)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn connect(address: SocketAddr, blocking: bool) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nonblocking(!blocking)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
