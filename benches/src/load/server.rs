//! A contender's server, in a process of its own.

use std::env;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// One of those that a bench compares.
#[derive(Clone, Copy)]
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    /// Announces its address, as [`announce`] does, and serves until the process is killed; `None` is the demo's own program.
    pub(crate) serve: Option<fn()>,
}

/// What a server is to print when it accepts connections; the demo's own program does.
pub(crate) fn announce(address: SocketAddr) {
    println!("listening on http://{address}");
}

/// A server that runs, and is killed when this is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) process: Process,
}

pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Server {
    /// Starts the contender of this number: this program again, with the hidden command `serve`, or the demo's at its
    /// default settings. What it logs goes where this program's errors go, and only what is worse than usual.
    pub(crate) fn start(contenders: &[Contender], number: usize) -> Self {
        let mut command = if contenders[number].serve.is_some() {
            let mut command = Command::new(env::current_exe().expect("this program's path"));
            command.args(["serve", &number.to_string()]);
            command
        } else {
            let mut command = Command::new(demo());
            command.args(["--addr", "127.0.0.1:0", "--db", ":memory:"]).env("RUST_LOG", "warn");
            command
        };
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a server's process");
        let mut process = Process(child);
        let mut line = String::new();
        let output = process.0.stdout.take().expect("the server's output");
        BufReader::new(output).read_line(&mut line).expect("the server's first line");
        let address = line
            .strip_prefix("listening on http://")
            .and_then(|rest| rest.split_whitespace().next());
        let address = address.and_then(|address| address.parse().ok());
        Self { address: address.expect("an address in the server's first line"), process }
    }
}

/// The demo's program, which cargo puts near this one.
fn demo() -> PathBuf {
    let name = format!("demo-server{}", env::consts::EXE_SUFFIX);
    let program = env::current_exe().expect("this program's path");
    let found = program.ancestors().map(|folder| folder.join(&name)).find(|path| path.is_file());
    found.expect("the demo's program: `cargo build --release -p demo-server` builds it")
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended by itself, then.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
