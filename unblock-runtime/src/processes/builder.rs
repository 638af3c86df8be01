//! The settings of a pool of processes.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::time::Duration;

use super::supervisor::{Requests, Supervisor};
use super::worker::test_arguments;
use super::{Core, ProcessPool, Processes, State, this_program, worker};
use crate::cores;
use crate::error::BuildError;
use crate::pool::Pool;
use crate::restart_budget::Restarts;
use crate::spawner;

/// Settings for a [`ProcessPool`]; from [`ProcessPool::builder`].
#[derive(Debug, Clone)]
#[must_use = "settings do nothing until `build`"]
pub struct ProcessPoolBuilder {
    config: Config,
    processes: Option<usize>,
    queue_capacity: usize,
}

/// What a pool of processes was built with.
#[derive(Debug, Clone)]
pub(super) struct Config {
    pub(super) name: String,
    pub(super) processes: usize,
    pub(super) memory: Option<u64>,
    pub(super) most_resident: Option<u64>,
    pub(super) jobs_per_process: Option<u64>,
    pub(super) kill_after: Duration,
    pub(super) start_timeout: Duration,
    pub(super) niceness: i32,
    pub(super) restarts: Restarts,
    pub(super) message_limit: usize,
    pub(super) program: Option<PathBuf>,
    pub(super) arguments: Option<Vec<OsString>>,
}

impl ProcessPoolBuilder {
    pub(super) fn new() -> Self {
        let config = Config {
            name: "processes".to_owned(),
            processes: 0,
            memory: None,
            most_resident: None,
            jobs_per_process: None,
            kill_after: Duration::from_secs(1),
            start_timeout: Duration::from_secs(30),
            niceness: 10,
            restarts: Restarts::default(),
            message_limit: 256 << 20,
            program: None,
            arguments: None,
        };
        Self { config, processes: None, queue_capacity: 1024 }
    }

    /// Sets the pool's name in statistics and logs. Default: `processes`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.config.name = name.into();
        self
    }

    /// Sets how many worker processes there are. Each runs one job at a time. Default: the number
    /// of cores, as for [`parallelism`](crate::PoolBuilder::parallelism).
    pub fn processes(mut self, processes: usize) -> Self {
        self.processes = Some(processes);
        self
    }

    /// Sets how many jobs wait in the queue before callers wait for room. Default: 1,024.
    pub fn queue_capacity(mut self, jobs: usize) -> Self {
        self.queue_capacity = jobs;
        self
    }

    /// Limits the memory of each process to this number of bytes: its data, heap and private
    /// mappings, by `RLIMIT_DATA`. A process that asks for more aborts as soon as the allocator is
    /// refused, and the job's caller gets [`Error::Died`](crate::Error::Died), which says so.
    /// Default: no limit.
    pub fn memory(mut self, bytes: u64) -> Self {
        self.config.memory = Some(bytes);
        self
    }

    /// Has a process replaced between two jobs once it has this number of bytes of memory in use,
    /// as the system counts them, for functions that leak. It is looked at every eight jobs.
    /// Default: never.
    pub fn recycle_above(mut self, bytes: u64) -> Self {
        self.config.most_resident = Some(bytes);
        self
    }

    /// Has a process replaced after this number of jobs, or up to a tenth less, so that not all
    /// are replaced at the same time. The other one is ready before it leaves. Default: never.
    pub fn jobs_per_process(mut self, jobs: u64) -> Self {
        self.config.jobs_per_process = Some(jobs);
        self
    }

    /// Sets how long a job may go on after its caller is gone or its deadline has passed. Then its
    /// process is killed, with all that it has started. It is also how long a process that is
    /// asked to end may take. Default: 1 s.
    pub fn kill_after(mut self, time: Duration) -> Self {
        self.config.kill_after = time;
        self
    }

    /// Sets how long a process may take until it is ready, [`Worker::on_start`] included. Then it
    /// is killed, and the start has failed. Default: 30 s.
    ///
    /// [`Worker::on_start`]: super::Worker::on_start
    pub fn start_timeout(mut self, time: Duration) -> Self {
        self.config.start_timeout = time;
        self
    }

    /// Sets the niceness of the processes, 0 to 19, so that event loops go first. Default: 10.
    pub fn niceness(mut self, niceness: i32) -> Self {
        self.config.niceness = niceness;
        self
    }

    /// Limits how many processes may die at their start or before their first job. Each is tried
    /// again after a pause, of 0.1 s at first. Beyond the limit calls fail with
    /// [`Error::Unreachable`](crate::Error::Unreachable), which has the reason, and the next try is
    /// after five seconds. A process that dies in a job is replaced at once and does not count.
    /// Default: that of [`Restarts`].
    pub fn restarts(mut self, restarts: Restarts) -> Self {
        self.config.restarts = restarts;
        self
    }

    /// Limits the size of the arguments of a call, and of its value, to this number of bytes.
    /// Beyond, the call fails with [`Error::Unportable`](crate::Error::Unportable). Default:
    /// 256 MiB.
    pub fn message_limit(mut self, bytes: usize) -> Self {
        self.config.message_limit = bytes;
        self
    }

    /// Has another program run in the worker processes, which has the functions too and calls
    /// [`init`](super::init). Default: this program, as it was when it was started, even if its
    /// file has been replaced.
    ///
    /// A function is run if its path, its signature and the version of its crate are the same
    /// there.
    pub fn program(mut self, path: impl Into<PathBuf>) -> Self {
        self.config.program = Some(path.into());
        self
    }

    /// Sets the arguments of the worker program. Default: the word `unblock-worker` and the name of
    /// the pool, which are for people who list processes.
    pub fn arguments<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.config.arguments = Some(arguments.into_iter().map(Into::into).collect());
        self
    }

    /// Builds the pool, and starts its processes. Blocks until the first one is started, which
    /// takes about a millisecond, and not until it is ready: jobs wait for that. So build a pool
    /// in `main` (`LazyLock::force`) rather than at its first call on an event loop.
    ///
    /// # Errors
    ///
    /// [`BuildError::Setting`] for a setting out of range, [`BuildError::Thread`] if the system
    /// gives no threads, and [`BuildError::Processes`] if [`init`](super::init) has not been
    /// called, in a worker process, and if the first process cannot be started.
    pub fn build(self) -> Result<ProcessPool, BuildError> {
        let Self { mut config, processes, queue_capacity } = self;
        config.processes = match processes {
            Some(processes) => processes,
            None => cores::count().map_err(BuildError::Setting)?,
        };
        if config.message_limit > u32::MAX as usize {
            let text = "message_limit must be less than 4 GiB".to_owned();
            return Err(BuildError::Setting(text));
        }
        if config.jobs_per_process == Some(0) {
            return Err(BuildError::Setting("jobs_per_process must be at least 1".to_owned()));
        }
        if !(0..=19).contains(&config.niceness) {
            let text = format!("niceness must be 0 to 19, not {}", config.niceness);
            return Err(BuildError::Setting(text));
        }
        if config.processes == 0 {
            return Err(BuildError::Setting("processes must be at least 1".to_owned()));
        }
        if let Some(text) = worker::cannot_have_workers() {
            return Err(BuildError::Processes(text.to_owned()));
        }
        // A thread waits for the answer of its process, and does little else.
        let threads = Pool::builder()
            .name(&config.name)
            .parallelism(config.processes)
            .max_threads(config.processes)
            .queue_capacity(queue_capacity)
            .niceness(0)
            .build()?;
        let (requests, woken) = Requests::new().map_err(BuildError::Thread)?;
        let core = Arc::new(Core {
            config,
            state: Mutex::new(State::default()),
            changed: Condvar::new(),
            requests,
        });
        let supervisor = Supervisor::new(Arc::clone(&core), woken);
        let (started, starts) = mpsc::channel();
        let name = core.config.name.clone();
        // The spawner's thread has the priority and the cores of the process.
        spawner::run(move || {
            let builder = std::thread::Builder::new().name(format!("{name}-supervisor"));
            builder.spawn(move || supervisor.run(&started)).map(drop)
        })
        .flatten()
        .map_err(BuildError::Thread)?;
        match starts.recv() {
            Ok(Ok(())) => Ok(ProcessPool { threads, processes: Arc::new(Processes { core }) }),
            Ok(Err(error)) => Err(BuildError::Processes(format!(
                "a worker process could not be started: {error}"
            ))),
            Err(_) => Err(BuildError::Processes("the supervisor of the processes died".to_owned())),
        }
    }
}

impl Config {
    /// Returns the command that starts a worker.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(self.program.clone().unwrap_or_else(this_program));
        if self.program.is_none()
            && let Some(name) = std::env::args_os().next()
        {
            command.arg0(name);
        }
        match (&self.arguments, test_arguments()) {
            (Some(arguments), _) => command.args(arguments),
            (None, Some(arguments)) if self.program.is_none() => command.args(arguments),
            // They are for people who read the list of processes.
            (None, _) => command.args(["unblock-worker", &self.name]),
        };
        command
    }

    /// Returns the number of jobs after which the next process is to be replaced. They differ by a
    /// tenth, so that processes which began together do not end together.
    pub(super) fn jobs_of_next(&self) -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let Some(jobs) = self.jobs_per_process else { return u64::MAX };
        let tenth = jobs / 10;
        let step = NEXT.fetch_add(7, Ordering::Relaxed) % 10;
        jobs - tenth * step / 10
    }
}
