//! The line above a bench's tables.

use std::path::Path;
use std::thread::available_parallelism;
use std::time::SystemTime;
use std::{env, fs};

/// Prints the command, the machine and the date: what a reader needs to judge a table.
pub fn print_heading() {
    println!("\n`{}`: {}", command(), machine_and_date());
}

/// The machine, and today.
pub(crate) fn machine_and_date() -> String {
    format!("{}, {}", machine(), date())
}

/// The command line that cargo was given for this program.
fn command() -> String {
    let mut arguments = env::args();
    let program = arguments.next().unwrap_or_default();
    let name = Path::new(&program).file_stem().unwrap_or_default().to_string_lossy();
    // Cargo puts a hash behind a bench's name.
    let name = name.rsplit_once('-').map_or(&*name, |(name, _)| name);
    let own: Vec<_> = arguments.filter(|argument| argument != "--bench").collect();
    let own = if own.is_empty() { String::new() } else { format!(" -- {}", own.join(" ")) };
    format!("cargo bench -p unblock-benches --bench {name}{own}")
}

/// Number and model of the cores, as far as the system tells (Linux).
fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = info.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(": ")).map(|(_, value)| value)
    };
    let virtual_machine =
        field("flags").is_some_and(|flags| flags.split(' ').any(|flag| flag == "hypervisor"));
    let count = available_parallelism().map_or(1, usize::from);
    let kind = if virtual_machine { "virtual " } else { "" };
    let cores = if count == 1 { "core" } else { "cores" };
    let model = field("model name").map_or(String::new(), |model| format!(" ({model})"));
    format!("{count} {kind}{cores}{model}")
}

fn date() -> String {
    // Such as "Thu, 26 Nov 2026 21:25:00 GMT".
    httpdate::fmt_http_date(SystemTime::now())[5..16].to_owned()
}
