//! The file of a Unix socket, which outlasts the socket unless somebody removes it.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{self, Path, PathBuf};

/// The file of a socket that this process has bound. Dropping it removes the file, unless another
/// one is at the path by then, such as that of the server's successor.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    identity: Identity,
}

/// Device, inode and time of modification, which for a socket is that of its creation: a file that
/// comes later may get the inode of the last.
type Identity = (u64, u64, i64, i64);

impl SocketFile {
    /// Binds a path. A socket that is there, and at which nobody listens any more, is replaced.
    pub(crate) fn bind(path: &Path) -> io::Result<(UnixListener, Self)> {
        // The process may have another directory by the time that the file is removed.
        let path = path::absolute(path)?;
        let is_stale = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
        // The kernel refuses to connect to a file of another kind in the same words.
        if is_socket(&path) && UnixStream::connect(&path).is_err_and(is_stale) {
            // Should that fail, binding says why.
            let _ = fs::remove_file(&path);
        }
        let listener = UnixListener::bind(&path)?;
        let identity = identity(&path)?;
        Ok((listener, Self { path, identity }))
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|now| now == self.identity) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn is_socket(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket())
}

fn identity(path: &Path) -> io::Result<Identity> {
    let file = fs::symlink_metadata(path)?;
    Ok((file.dev(), file.ino(), file.mtime(), file.mtime_nsec()))
}
