//! The command line of the benches that put load on servers.

use std::num::NonZero;
use std::process;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Parser};

use crate::cores::Cores;
use crate::heading::print_heading;
use crate::servers::{Contender, Program};

/// Options of the load generator, and with them those of one bench.
#[derive(Parser)]
#[command(about = None, long_about = None)]
pub struct Options<Own: Args> {
    /// Rounds, of which the tables show the medians
    #[arg(long, value_name = "N", default_value = "3")]
    rounds: NonZero<usize>,
    /// Seconds of each round and contender that count
    #[arg(long, default_value = "5", value_parser = seconds)]
    seconds: Duration,
    /// Measure only the contenders whose name contains this text
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// Run the load generator on one core and the servers on the others (Linux)
    #[arg(long)]
    pin: bool,
    /// Options of this bench alone.
    #[command(flatten)]
    pub own: Own,
    /// Be the contender of this name: how the bench starts its servers
    #[arg(long, hide = true)]
    serve: Option<String>,
    /// Passed by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
    #[arg(skip)]
    cores: Cores,
}

impl<Own: Args> Options<Own> {
    /// Reads the command line, prints the heading, and pins the load generator if told to.
    ///
    /// In a process that is to be one of the `contenders`, this serves and does not return.
    pub fn read(contenders: &[Contender]) -> Self {
        let mut options = Self::parse();
        if let Some(name) = &options.serve {
            let named = contenders.iter().find(|contender| contender.name == name);
            let Some(Contender { program: Program::This(serve), .. }) = named else {
                Self::command().error(ErrorKind::InvalidValue, "no contender of this name").exit()
            };
            serve();
            process::exit(0);
        }
        // The heading is first, because it has the cores of the machine.
        print_heading();
        if options.pin {
            options.cores = Cores::pinned().unwrap_or_else(|reason| {
                Self::command().error(ErrorKind::ArgumentConflict, reason).exit()
            });
        }
        options
    }

    /// Number of rounds; the tables show their medians.
    pub fn rounds(&self) -> usize {
        self.rounds.get()
    }

    /// Time of each round and contender that counts.
    pub fn time(&self) -> Duration {
        self.seconds
    }

    /// Returns true if the contender of this name is to be measured.
    pub fn includes(&self, name: &str) -> bool {
        name.contains(&self.only)
    }

    /// The cores of the load generator and the servers.
    pub fn cores(&self) -> &Cores {
        &self.cores
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a decimal number")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
