//! The demo, started for one test with a database of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, process};

use crate::process::{Process, address};

/// A demo that serves.
pub(crate) struct Demo {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    /// The line that it printed when it was ready.
    pub(crate) ready: String,
    _folder: Folder,
}

impl Demo {
    #[track_caller]
    pub(crate) fn start(options: &[&str]) -> Self {
        let folder = Folder::new();
        let mut command = command(options);
        command.args(["--addr", "127.0.0.1:0"]).current_dir(&folder.0);
        let process = Process::start(&mut command);
        let ready = process.line();
        let address = address(ready.split(" (").next().unwrap());
        Self { process, address, ready, _folder: folder }
    }
}

/// The demo's command, quiet unless something is wrong.
pub(crate) fn command(options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo-server"));
    command.args(options).env("RUST_LOG", "error");
    command
}

/// A folder that goes with the test.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("unblock-demo-{}-{number}", process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
