//! The addresses that clients connect from.

use std::io;
use std::net::{SocketAddr, TcpStream};

/// Begins to connect from an address of the client's own, as if it were another machine: on Linux a
/// whole network is local. From one address the ports run out, and finding a free one takes longer
/// and longer before that.
#[cfg(target_os = "linux")]
pub(super) fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    use std::net::Ipv4Addr;
    use std::sync::atomic::{AtomicU32, Ordering};

    use rustix::io::Errno;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with};

    const FIRST: Ipv4Addr = Ipv4Addr::new(127, 1, 0, 0);
    static CLIENTS: AtomicU32 = AtomicU32::new(0);
    let number = CLIENTS.fetch_add(1, Ordering::Relaxed) % (1 << 16);
    let own = Ipv4Addr::from_bits(FIRST.to_bits() + number);

    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
    bind(&socket, &SocketAddr::from((own, 0)))?;
    match connect(&socket, &address) {
        Ok(()) | Err(Errno::INPROGRESS) => {}
        Err(error) => return Err(error.into()),
    }
    let stream = TcpStream::from(socket);
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Connects.
#[cfg(not(target_os = "linux"))]
pub(super) fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nonblocking(true)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
