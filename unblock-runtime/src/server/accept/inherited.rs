//! What the program that started this process hands over to it: listening sockets, and to a child
//! of a server of several processes who it is.
//!
//! Sockets come by the convention of systemd's socket activation: they are descriptors from 3 on,
//! and `LISTEN_FDS` is their number. Behind them a parent passes one end of a pair of sockets, in
//! which the child finds its introduction. Nothing else tells it, so that programs which this one
//! starts inherit nothing of that: `LISTEN_FDS` is removed when it is read, and descriptors are
//! closed when another program begins.

use std::io::{self, Read as _};
use std::mem;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Mutex, MutexGuard, PoisonError};

use listenfd::ListenFd;

use super::listener::Listener;
use crate::server::error::ServerError;

/// Number of bytes that are enough for an introduction.
const LONGEST: u64 = 100;

/// What was handed over and has not been claimed. `None` until somebody asks.
static INHERITED: Mutex<Option<Inherited>> = Mutex::new(None);

#[derive(Default)]
struct Inherited {
    listeners: Vec<Listener>,
    introduction: Option<Introduction>,
    /// Number of servers of several processes that this process has bound so far.
    servers: usize,
}

/// Who a child is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Introduction {
    /// Number of the child, counted from 0.
    pub(crate) index: usize,
    /// Process id of the parent.
    pub(crate) parent: u32,
    /// Number of the server that it is a child of, among those of the program that have several
    /// processes, in the order in which they are bound.
    pub(crate) server: usize,
}

/// The place of a server of several processes.
pub(crate) enum Place {
    /// This process is the parent, or will be.
    Parent { server: usize },
    /// This process is a child of the server.
    Child { index: usize, server: usize, listeners: Vec<Listener> },
}

/// Returns the sockets for a server of one process.
pub(crate) fn sockets() -> Result<Vec<Listener>, ServerError> {
    let mut inherited = lock();
    let inherited = look(&mut inherited)?;
    // Those of a child are for the server that it is a child of.
    Ok(if inherited.introduction.is_none() {
        mem::take(&mut inherited.listeners)
    } else {
        Vec::new()
    })
}

/// Returns the place of the next server of several processes.
pub(crate) fn place() -> Result<Place, ServerError> {
    let mut inherited = lock();
    let inherited = look(&mut inherited)?;
    let server = inherited.servers;
    inherited.servers += 1;
    match inherited.introduction {
        None => Ok(Place::Parent { server }),
        Some(child) if child.server == server => Ok(Place::Child {
            index: child.index,
            server,
            listeners: mem::take(&mut inherited.listeners),
        }),
        Some(_) => Err(ServerError::ChildOfAnother),
    }
}

/// Returns who this process is, if it is a child.
pub(crate) fn introduction() -> Option<Introduction> {
    look(&mut lock()).ok()?.introduction
}

fn lock() -> MutexGuard<'static, Option<Inherited>> {
    INHERITED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn look(inherited: &mut Option<Inherited>) -> Result<&mut Inherited, ServerError> {
    if inherited.is_none() {
        // What cannot be used is not looked at twice.
        *inherited = Some(Inherited::default());
        *inherited = Some(take_over().map_err(ServerError::Inherit)?);
    }
    Ok(inherited.get_or_insert_default())
}

fn take_over() -> io::Result<Inherited> {
    let mut passed = ListenFd::from_env();
    let mut inherited = Inherited::default();
    for index in 0..passed.len() {
        if let Ok(Some(socket)) = passed.take_unix_listener(index) {
            if index + 1 == passed.len() && !rustix::net::sockopt::socket_acceptconn(&socket)? {
                inherited.introduction = Some(Introduction::read(socket)?);
            } else {
                inherited.listeners.push(Listener::Unix(socket));
            }
        } else if let Some(listener) = passed.take_tcp_listener(index)? {
            inherited.listeners.push(Listener::Tcp(listener));
        }
    }
    Ok(inherited)
}

impl Introduction {
    /// Returns a socket that a child reads its introduction from.
    pub(crate) fn write(self) -> io::Result<OwnedFd> {
        use std::io::Write as _;
        let (mut here, there) = UnixStream::pair()?;
        write!(here, "{} {} {}", self.index, self.parent, self.server)?;
        Ok(there.into())
    }

    /// Reads an introduction. The type of the socket is only what it was handed over as.
    fn read(socket: UnixListener) -> io::Result<Self> {
        let unknown = || io::Error::other("a Unix socket that is none of this library's");
        // Whatever a parent writes is there when the child begins.
        socket.set_nonblocking(true)?;
        let mut text = String::new();
        let stream = UnixStream::from(OwnedFd::from(socket));
        stream.take(LONGEST).read_to_string(&mut text).map_err(|_| unknown())?;
        let mut words = text.split(' ');
        let mut word = || words.next().ok_or_else(unknown);
        let number = |word: &str| word.parse().map_err(|_| unknown());
        Ok(Self {
            index: number(word()?)?,
            parent: word()?.parse().map_err(|_| unknown())?,
            server: number(word()?)?,
        })
    }
}
