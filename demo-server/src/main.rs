//! A server whose handlers block, and whose event loop does not.
//!
//! Read `routes.rs` first: it has the handlers, each with `#[unblock]` above. Their work is in
//! `work.rs`, `thumbnail.rs` and `notes.rs`, which are ordinary blocking code. `single.rs` calls
//! the same code without the attribute, as the control experiment.

mod error_response;
mod experiment;
mod input;
mod limits;
mod load;
mod log;
mod notes;
mod options;
mod pages;
mod routes;
mod single;
mod thumbnail;
mod work;

use std::error::Error;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZero;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use unblock_runtime::Pool;
use unblock_runtime::server::{Report, Role, Server};

use experiment::Experiment;
use load::Target;
use log::Log;
use notes::Notes;
use options::{Addr, Mode, Options};
use pages::Site;

fn main() -> ExitCode {
    let options = Options::parse_checked();
    let _log = Log::start();
    match serve(&options) {
        Ok(report) => {
            tracing::info!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            // Nobody may read it.
            let _ = writeln!(io::stderr(), "demo-server: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(options: &Options) -> Result<Report, Box<dyn Error>> {
    // A parent of several processes opens the database too, so that it fails at once, and not
    // through its children.
    let notes = Notes::open(&options.db)?;
    let mode = options.mode;
    let path = match &options.addr {
        Addr::Unix(path) => Some(path.clone()),
        Addr::Tcp(_) => None,
    };
    let mut server = Server::builder();
    if let Some(longest) = options.request_timeout {
        server = server.request_timeout(longest);
    }
    let server = server
        .limits(options.limits.limits())
        .access_log(options.access_log)
        .loops(options.loops())
        .processes(options.processes())
        .stop_on_signals()
        .on_ready(move |address| {
            // A Unix socket has no such address. One that was handed over may be anywhere.
            let place = match path {
                _ if !address.ip().is_unspecified() || address.port() != 0 => {
                    format!("http://{address}")
                }
                Some(path) => format!("unix:{}", path.display()),
                None => "a Unix socket".to_owned(),
            };
            // The server runs even if nobody reads its standard output.
            let _ = writeln!(io::stdout(), "listening on {place} (mode: {mode})");
        });
    let server = match &options.addr {
        Addr::Tcp(address) => server.bind(address.as_str())?,
        #[cfg(unix)]
        Addr::Unix(path) => server.bind_unix(path)?,
        #[cfg(not(unix))]
        Addr::Unix(_) => return Err("Unix sockets are not available on this platform".into()),
    };

    let experiment = Experiment {
        who: options.experiment,
        target: target(options, server.local_addr()),
        is_running: Arc::default(),
    };
    let site = Site { mode, loops: options.loops(), experiment };
    let report = match mode {
        Mode::Unblock => {
            if server.role() != Role::Parent {
                install_pool(options)?;
            }
            // The parent of several processes must not sample a pool that it does not have.
            server.serve_with(move || routes::router(notes.clone(), &site))
        }
        Mode::Single | Mode::Processes => {
            server.serve_with(move || single::router(notes.clone(), &site))
        }
    };
    Ok(report?)
}

/// Returns where the server's own experiments reach it.
fn target(options: &Options, mut address: SocketAddr) -> Target {
    if let Addr::Unix(path) = &options.addr {
        return Target::Unix(path.clone());
    }
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    Target::Tcp(address)
}

/// Installs the pool that `#[unblock]` uses, at its defaults unless options set something else.
fn install_pool(options: &Options) -> Result<(), Box<dyn Error>> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let mut pool = Pool::builder();
    if let Some(most) = options.max_threads {
        pool = pool.max_threads(most.get()).parallelism(cores.min(most.get()));
    }
    if let Some(niceness) = options.niceness {
        pool = pool.niceness(niceness);
    }
    Ok(pool.install_global()?)
}
