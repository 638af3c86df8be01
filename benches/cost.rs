//! The cost of a job in things that can be counted, so that a noisy machine gives the same figures
//! twice: instructions, system calls, and bytes while it is queued.
//!
//! ```text
//! cargo bench -p unblock-benches --bench cost
//! ```
//!
//! One caller submits a number of empty jobs at a time and awaits them. While it submits more than
//! one, the only worker is held, so that all of them are queued. The program runs itself, with and
//! without jobs, under `valgrind` and under `strace`. The difference is the cost of the jobs, in
//! all threads. If a tool is not installed, its column is empty.

use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use clap::Parser;
use tokio::runtime::{Builder, LocalOptions};
use unblock_benches::figures::print_columns;
use unblock_benches::print_heading;
use unblock_runtime::{EventLoop, Pool, Submission};

#[derive(Parser)]
struct Args {
    /// Jobs that are queued at a time; each value makes a row
    #[arg(long, value_delimiter = ',', default_values_t = [1, 10, 100, 1_000, 100_000, 1_000_000])]
    queued: Vec<usize>,
    /// Run this number of jobs and count nothing: what runs under the tools
    #[arg(long, hide = true)]
    run: Option<usize>,
    /// Passed by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

/// The cost of fewer jobs could not be told from that of starting a process.
const LEAST_JOBS: usize = 20_000;

fn main() {
    let args = Args::parse();
    if let Some(jobs) = args.run {
        run(args.queued[0], jobs);
        return;
    }
    print_heading();
    println!();
    print_columns(&[
        "queued at a time",
        "instructions per job",
        "system calls per job",
        "bytes per queued job",
    ]);
    for &queued in &args.queued {
        let jobs = queued.max(LEAST_JOBS);
        println!(
            "| {queued} | {} | {} | {} |",
            per_job(instructions(queued, jobs), instructions(queued, 0), jobs, 0),
            per_job(system_calls(queued, jobs), system_calls(queued, 0), jobs, 3),
            bytes(queued).map_or("-".to_owned(), |bytes| bytes.to_string()),
        );
    }
    println!(
        "\nThe caller of a job holds a `Submission` of {} bytes besides.",
        size_of::<Submission<()>>()
    );
}

/// Runs this number of empty jobs, of which `queued` are queued at a time. Returns the growth of
/// the resident size while the first of these were submitted.
fn run(queued: usize, jobs: usize) -> usize {
    let pool = Pool::builder()
        .parallelism(1)
        .max_threads(1)
        .queue_capacity(queued)
        .build()
        .expect("a pool");
    let runtime =
        Builder::new_current_thread().build_local(LocalOptions::default()).expect("a runtime");
    runtime.block_on(EventLoop::new().run(async {
        // The vector is filled, so that its memory is there before anything is measured.
        let mut submissions: Vec<Option<Submission<()>>> = (0..queued).map(|_| None).collect();
        let mut grown = None;
        for _ in 0..jobs / queued {
            let held = (queued > 1).then(|| hold(&pool));
            let before = resident();
            for submission in &mut submissions {
                *submission = Some(pool.submit(|| ()));
            }
            grown.get_or_insert(resident().saturating_sub(before));
            drop(held);
            for submission in submissions.iter_mut().filter_map(Option::take) {
                submission.await.expect("the job's value");
            }
        }
        grown.unwrap_or_default()
    }))
}

/// Holds the only worker until the returned sender is dropped.
fn hold(pool: &Pool) -> mpsc::Sender<()> {
    let ((told, tells), (release, released)) = (mpsc::channel(), mpsc::channel());
    pool.submit(move || {
        let _ = told.send(());
        let _ = released.recv();
    })
    .detach();
    tells.recv_timeout(Duration::from_mins(1)).expect("a job that begins");
    release
}

/// Number of instructions of such a run; `None` without valgrind.
fn instructions(queued: usize, jobs: usize) -> Option<u64> {
    let valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"];
    let report = under(&valgrind, queued, jobs)?;
    let collected = report.lines().find_map(|line| line.split_once("Collected :"))?;
    collected.1.split_whitespace().next()?.parse().ok()
}

/// Number of system calls of such a run; `None` without strace.
fn system_calls(queued: usize, jobs: usize) -> Option<u64> {
    let report = under(&["strace", "-f", "-c", "-U", "calls,name"], queued, jobs)?;
    let total = report.lines().find(|line| line.trim_end().ends_with(" total"))?;
    total.split_whitespace().next()?.parse().ok()
}

/// Runs this program under a tool; returns the report of the tool.
fn under(tool: &[&str], queued: usize, jobs: usize) -> Option<String> {
    let program = std::env::current_exe().expect("this program's path");
    let (queued, jobs) = (queued.to_string(), jobs.to_string());
    let mut command = Command::new(tool[0]);
    command.args(&tool[1..]).arg(program).args(["--queued", &queued, "--run", &jobs]);
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stderr).into_owned())
}

#[expect(clippy::cast_precision_loss, reason = "figures of a benchmark")]
fn per_job(with: Option<u64>, without: Option<u64>, jobs: usize, digits: usize) -> String {
    match with.zip(without) {
        Some((with, without)) => {
            format!("{:.digits$}", with.saturating_sub(without) as f64 / jobs as f64)
        }
        None => "-".to_owned(),
    }
}

/// Memory of a queued job; `None` if there are too few to be seen in the size of the process.
fn bytes(queued: usize) -> Option<usize> {
    (queued >= LEAST_JOBS).then(|| run(queued, queued) / queued)
}

/// Resident size of the process in bytes; 0 if the system does not tell.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm
        .split_whitespace()
        .nth(1)
        .and_then(|pages| pages.parse().ok())
        .map_or(0, |pages: usize| pages * 4096)
}
