//! A contender's server, in a process of its own.

use std::env;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use super::demo;
use crate::Cores;

/// A server that a bench compares with others.
#[derive(Clone, Copy)]
pub struct Contender {
    /// Name in the tables.
    pub name: &'static str,
    /// The program that serves.
    pub program: Program,
}

/// A program that announces its address, as [`announce`] does, and serves until it is killed.
#[derive(Clone, Copy)]
pub enum Program {
    /// The demo, at its default settings but for these options.
    Demo(&'static [&'static str]),
    /// The bench itself, which calls this function when it is started with `--serve`.
    This(fn()),
}

/// Prints the line by which a server says that it accepts connections. The demo prints the same.
pub fn announce(address: SocketAddr) {
    println!("listening on http://{address}");
}

/// A server that runs, and is killed when this is dropped.
pub struct Server {
    /// Address that it listens on.
    pub address: SocketAddr,
    process: Process,
}

struct Process(Child);

impl Server {
    /// Starts a contender.
    pub(crate) fn start(contender: &Contender, cores: &Cores) -> Self {
        let mut command = match contender.program {
            Program::Demo(options) => {
                let mut command = Command::new(demo::program());
                command.args(["--addr", "127.0.0.1:0", "--db", ":memory:"]).args(options);
                command.env("RUST_LOG", "warn");
                command
            }
            Program::This(_) => {
                let mut command = Command::new(env::current_exe().expect("this program's path"));
                command.args(["--serve", contender.name]);
                command
            }
        };
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = Process(cores.spawn(&mut command).expect("a server's process"));
        let mut line = String::new();
        let output = process.0.stdout.take().expect("the server's output");
        BufReader::new(output).read_line(&mut line).expect("the server's first line");
        let address = line
            .strip_prefix("listening on http://")
            .and_then(|rest| rest.split_whitespace().next())
            .and_then(|address| address.parse().ok());
        Self { address: address.expect("an address in the server's first line"), process }
    }

    /// Process id of the server.
    pub fn id(&self) -> u32 {
        self.process.0.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
