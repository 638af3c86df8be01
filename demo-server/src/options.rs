//! The command line.

use std::fmt;
use std::num::NonZero;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, ValueEnum};

use crate::experiment::Who;
use crate::limits::{LimitOptions, time};

/// A server whose handlers block, and whose event loop does not.
///
/// Routes: GET / · GET /sleep/{seconds} · GET /spin/{micros} · POST /hash ·
/// POST /thumbnail?width=N · GET and POST /notes · GET /healthz · GET /metrics · GET /dashboard ·
/// GET /unblock (the page without the experiment) · GET /on-the-loop/sleep/{seconds} and
/// /on-the-loop/spin/{micros}, which block an event loop
///
/// /thumbnail takes PNG and JPEG. Its header Thumbnail-Note says what became of the picture
/// besides: turned as its Exif data says, 16 bits for each color or CMYK converted to 8 bits, or
/// the first picture of an animation taken.
///
/// It prints one line when it is ready and logs to standard error (RUST_LOG sets the level). On
/// SIGTERM or Ctrl-C it accepts no new connections, finishes the requests that run within 30
/// seconds, and exits with status 0; SIGHUP has no effect.
// These comments are also what `--help` prints, where backticks would be noise.
#[allow(clippy::doc_markdown)]
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub(crate) struct Options {
    /// Address to listen on, where port 0 takes any free port, or `unix:PATH` for a Unix socket. If
    /// LISTEN_FDS is set, the sockets that it passes are used instead
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8888")]
    pub(crate) addr: Addr,

    /// Place where the handlers run
    #[arg(long, value_enum, default_value_t = Mode::Unblock)]
    pub(crate) mode: Mode,

    /// Event loops in each process [default: the cores in mode unblock, else always 1]
    #[arg(long, value_name = "N")]
    loops: Option<NonZero<usize>>,

    /// Processes on the one socket [default: the cores in mode processes, else 1]
    #[arg(long, value_name = "N")]
    processes: Option<NonZero<usize>>,

    /// Largest number of threads of the pool, blocked ones included, in mode unblock [default: 512]
    #[arg(long, value_name = "N")]
    pub(crate) max_threads: Option<NonZero<usize>>,

    /// Niceness of the pool's threads, 0 to 19, in mode unblock [default: 10 while they get cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..=19))]
    pub(crate) niceness: Option<i32>,

    /// Time for a response, in seconds or as in 500ms, 2s, 1m; beyond it, 504. In the modes single
    /// and processes a handler that blocks cannot be interrupted [default: no limit]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) request_timeout: Option<Duration>,

    /// Log each request when it has ended, at the level info: its client, method, path, status,
    /// bytes and milliseconds
    #[arg(long)]
    pub(crate) access_log: bool,

    /// Who may fire the requests of the page /dashboard, and use the routes below /on-the-loop,
    /// which block an event loop
    #[arg(long, value_enum, value_name = "WHO", default_value_t = Who::Local)]
    pub(crate) experiment: Who,

    /// SQLite file for /notes, which is created if it is missing; `:memory:` for none (each process
    /// has its own then)
    #[arg(long, value_name = "PATH", default_value = "notes.db")]
    pub(crate) db: PathBuf,

    #[command(flatten)]
    pub(crate) limits: LimitOptions,
}

/// What the server listens on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Addr {
    /// A host and a port.
    Tcp(String),
    /// The path of a Unix socket.
    Unix(PathBuf),
}

impl From<&str> for Addr {
    fn from(text: &str) -> Self {
        match text.strip_prefix("unix:") {
            Some(path) => Self::Unix(path.into()),
            None => Self::Tcp(text.to_owned()),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// Handlers run on a pool of threads, and no event loop waits for them
    Unblock,
    /// Handlers run on the one event loop: a handler that blocks, blocks all requests
    Single,
    /// `single` in several processes: as many handlers may block as there are processes
    Processes,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unblock => "unblock",
            Self::Single => "single",
            Self::Processes => "processes",
        })
    }
}

impl Options {
    /// Parses the options of this process, and exits with a message if they contradict each other.
    pub(crate) fn parse_checked() -> Self {
        let options = Self::parse();
        if let Err(conflict) = options.check() {
            Self::command().error(ErrorKind::ArgumentConflict, conflict).exit();
        }
        options
    }

    fn check(&self) -> Result<(), &'static str> {
        let several = |count: Option<NonZero<usize>>| count.is_some_and(|count| count.get() > 1);
        match self.mode {
            Mode::Single if several(self.processes) => {
                Err("--mode single is one process; several of it are --mode processes")
            }
            Mode::Single | Mode::Processes if several(self.loops) => {
                Err("--mode single and --mode processes have one event loop in each process")
            }
            Mode::Single | Mode::Processes if self.max_threads.is_some() => {
                Err("--max-threads is about the pool, which only --mode unblock has")
            }
            Mode::Unblock | Mode::Single | Mode::Processes => Ok(()),
        }
    }

    pub(crate) fn loops(&self) -> usize {
        match self.mode {
            Mode::Unblock => self.loops.map_or_else(cores, NonZero::get),
            Mode::Single | Mode::Processes => 1,
        }
    }

    pub(crate) fn processes(&self) -> usize {
        match self.mode {
            Mode::Unblock | Mode::Single => self.processes.map_or(1, NonZero::get),
            Mode::Processes => self.processes.map_or_else(cores, NonZero::get),
        }
    }
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Options {
        Options::parse_from(std::iter::once("demo-server").chain(line.split_whitespace()))
    }

    #[test]
    fn the_definition_is_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn each_mode_has_its_defaults() {
        let unblock = parse("");
        assert_eq!(
            (unblock.mode, unblock.loops(), unblock.processes()),
            (Mode::Unblock, cores(), 1)
        );
        assert_eq!(unblock.addr, Addr::Tcp("127.0.0.1:8888".into()));
        let single = parse("--mode single");
        assert_eq!((single.loops(), single.processes()), (1, 1));
        let processes = parse("--mode processes");
        assert_eq!((processes.loops(), processes.processes()), (1, cores()));
        let both = parse("--processes 3 --loops 2");
        assert_eq!((both.loops(), both.processes()), (2, 3));
    }

    #[test]
    fn the_request_timeout_is_a_decimal_number_of_seconds() {
        assert_eq!(parse("").request_timeout, None);
        assert_eq!(
            parse("--request-timeout 0.25").request_timeout,
            Some(Duration::from_millis(250))
        );
        for text in ["-1", "soon", "inf", "NaN", "0"] {
            let line = format!("--request-timeout={text}");
            assert!(Options::try_parse_from(["demo-server", &line]).is_err(), "{text}");
        }
    }

    #[test]
    fn an_address_is_that_of_a_unix_socket_if_it_says_so() {
        assert_eq!(parse("--addr unix:/run/demo.sock").addr, Addr::Unix("/run/demo.sock".into()));
        assert_eq!(parse("--addr unix:80").addr, Addr::Unix("80".into()));
        assert_eq!(parse("--addr [::1]:80").addr, Addr::Tcp("[::1]:80".into()));
    }

    #[test]
    fn the_niceness_is_one_that_needs_no_privilege() {
        assert_eq!(parse("").niceness, None);
        assert_eq!(parse("--niceness 0").niceness, Some(0));
        for line in ["--niceness=-1", "--niceness=20"] {
            assert!(Options::try_parse_from(["demo-server", line]).is_err(), "{line}");
        }
    }

    #[test]
    fn the_control_experiment_has_one_loop() {
        assert!(parse("--mode single --loops 1").check().is_ok());
        assert!(parse("--mode single --loops 2").check().is_err());
        assert!(parse("--mode processes --loops 2").check().is_err());
        assert!(parse("--mode single --processes 2").check().is_err());
        for mode in ["single", "processes"] {
            let line = format!("--mode {mode} --max-threads 4");
            assert!(parse(&line).check().unwrap_err().contains("--mode unblock"));
        }
    }
}
