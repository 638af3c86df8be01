//! A worker process: this program again, which serves calls instead of running its `main`.
//!
//! ```text
//! main ─▶ init ─▶ Setup? ─ no ─▶ main goes on
//!                   │ yes
//!                   ▼
//!          limits, on_start, Hello ─▶ Run ─▶ the function, as a job of an inline pool ─▶ Answer ─┐
//!                                      ▲                                                        │
//!                                      └────────────────────────────────────────────────────────┘
//! ```
//!
//! The main thread reads calls and runs them. A second one reads the control socket, by which a
//! call is cancelled. It ends when the parent does, and takes the process and all that it has
//! started along.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{self, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rustix::net::{RecvFlags, recv};
use rustix::process::{Resource, Rlimit, Signal};
use serde::{Deserialize, Serialize};

use super::frame::{self, Block, Kind, Message, Reader, number};
use crate::error::{Error, Unportable};
use crate::job::{CancelledBy, Run, SubmitOptions, context};
use crate::pool::Pool;
use crate::remote::{self, Arguments, Encoder, Reply};
use crate::sync::Mutex;
use crate::workers::profile::JobType;

/// Tells a process that it may be a worker. The value is in its first message, too.
pub(super) const VARIABLE: &str = "UNBLOCK_WORKER";
/// Set in a process that has begun anew to be rid of descriptors.
const CLEAN: &str = "UNBLOCK_WORKER_CLEAN";
/// The bytes of the number of a call, and of the id of a function.
const NUMBER: usize = 8;

/// Set if `init` has found that this process is no worker.
static IS_PARENT: AtomicBool = AtomicBool::new(false);
static IS_WORKER: AtomicBool = AtomicBool::new(false);
/// The arguments by which a program of tests gets to the test that called `init_in_test`.
static TEST_ARGUMENTS: OnceLock<Vec<OsString>> = OnceLock::new();

/// Makes worker processes of this program serve: the first line of `main`, before threads are
/// started and arguments are read.
///
/// In a worker, which a [`ProcessPool`](super::ProcessPool) has started, it runs jobs and never
/// returns. In any other process it does next to nothing. A pool of processes cannot be built in a
/// program that has not called it, because its workers would run `main`.
///
/// ```
/// unblock_runtime::processes::init();
/// // the program
/// ```
pub fn init() {
    Worker::new().init();
}

/// Makes worker processes of this program of tests serve: the first line of each `#[test]` that
/// uses a pool of processes, as [`init`] is in `main`.
///
/// A worker is the program of tests again, with arguments by which libtest runs one test and
/// nothing else: the one that called this first. Its name is that of its thread.
///
/// # Panics
///
/// If the thread is not one of libtest's. Then have the workers call [`init`] in another way, and
/// give [`arguments`](super::ProcessPoolBuilder::arguments) that lead there.
#[track_caller]
pub fn init_in_test() {
    let thread = std::thread::current();
    let name = thread.name().filter(|name| *name != "main");
    let name = name.expect("`init_in_test` is for the thread on which libtest runs a test");
    let arguments = ["--exact", name, "--include-ignored", "--nocapture", "--test-threads=1"];
    TEST_ARGUMENTS.get_or_init(|| arguments.map(OsString::from).to_vec());
    Worker::new().init();
}

/// What a worker process does before its first job.
#[derive(Default)]
#[must_use = "`init` is to be called"]
pub struct Worker {
    on_start: Option<Box<dyn FnOnce()>>,
}

impl Worker {
    /// Creates a worker that does nothing before its first job.
    pub fn new() -> Self {
        Self::default()
    }

    /// Has each worker process call `hook` once, after its limits are set and before its first job:
    /// to load a model, to open a connection, to close itself off from files and networks.
    ///
    /// Jobs wait for it. If it panics or ends the process, the start has failed, and the pool tries
    /// again after a pause.
    ///
    /// ```
    /// # fn load_model() {}
    /// unblock_runtime::processes::Worker::new().on_start(load_model).init();
    /// // the program
    /// ```
    pub fn on_start(mut self, hook: impl FnOnce() + 'static) -> Self {
        self.on_start = Some(Box::new(hook));
        self
    }

    /// Does what [`init`] does.
    pub fn init(self) {
        let Some(token) = token_of_worker() else {
            return IS_PARENT.store(true, Ordering::Relaxed);
        };
        IS_WORKER.store(true, Ordering::Relaxed);
        let ended = Wire::take(&token).and_then(|(wire, setup)| serve(wire, &setup, self.on_start));
        if let Err(error) = &ended {
            eprintln!("the worker process cannot go on: {error}");
        }
        process::exit(i32::from(ended.is_err()));
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").finish_non_exhaustive()
    }
}

/// Says why this process can have no worker processes, if it can have none.
pub(super) fn cannot_have_workers() -> Option<&'static str> {
    if IS_WORKER.load(Ordering::Relaxed) {
        Some(
            "this is a worker process, which has none of its own: call the function without \
             `remote` here, or on a pool of threads",
        )
    } else if IS_PARENT.load(Ordering::Relaxed) {
        None
    } else {
        Some(
            "a worker process is this program again, and would run all of `main`: call \
             `unblock_runtime::processes::init()` in its first line, or `init_in_test()` in that \
             of a test",
        )
    }
}

/// Returns the arguments by which a program of tests gets to the line that serves.
pub(super) fn test_arguments() -> Option<&'static [OsString]> {
    TEST_ARGUMENTS.get().map(Vec::as_slice)
}

/// What a worker is told first.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Setup {
    pub(super) token: String,
    pub(super) pool: String,
    /// The limit of its memory in bytes.
    pub(super) memory: Option<u64>,
    pub(super) niceness: i32,
    pub(super) message_limit: usize,
}

/// The sockets of a worker.
struct Wire {
    calls: UnixStream,
    control: UnixStream,
    reader: Reader,
}

/// Returns the token of this process, if it is a worker.
///
/// The environment is inherited by whatever a worker starts, and standard input is not. So it is a
/// worker if the first message is there and has the token of the environment.
fn token_of_worker() -> Option<String> {
    let token = env::var(VARIABLE).ok().filter(|token| !token.is_empty())?;
    let mut first = [0; 256];
    // The parent has written the message before it started this process.
    let peek = RecvFlags::PEEK | RecvFlags::DONTWAIT;
    let (_, read) = recv(rustix::stdio::stdin(), &mut first, peek).ok()?;
    let mut parts = first[..read.min(first.len())].windows(token.len());
    parts.any(|part| part == token.as_bytes()).then_some(token)
}

impl Wire {
    /// Takes the sockets of a worker, and what it is told first.
    fn take(token: &str) -> io::Result<(Self, Setup)> {
        close_inherited();
        let calls = UnixStream::from(rustix::stdio::stdin().try_clone_to_owned()?);
        let control = UnixStream::from(rustix::stdio::stdout().try_clone_to_owned()?);
        // What a job reads from standard input and writes to standard output is no message.
        rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
        rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
        let mut reader = Reader::default();
        let setup = reader.receive(&calls, usize::MAX, &mut Block)?;
        let setup = setup.ok_or(io::ErrorKind::UnexpectedEof)?;
        let setup = Arguments::new(&setup.body).take::<Setup>("the first message");
        let setup = setup.map_err(|unportable| io::Error::other(unportable.to_string()))?;
        debug_assert_eq!(setup.token, token);
        Ok((Self { calls, control, reader }, setup))
    }
}

impl Setup {
    pub(super) fn message(&self) -> Vec<u8> {
        let mut message = Encoder::new();
        // It has texts and numbers.
        let _ = message.put("the setup", self);
        message.pieces().collect::<Vec<_>>().concat()
    }
}

/// Begins this program anew if it has inherited descriptors that its parent did not mean to pass
/// on, which ends them. Nothing else closes a descriptor that nobody owns.
fn close_inherited() {
    if env::var_os(CLEAN).is_some() || !has_inherited() {
        return;
    }
    close_fds::set_fds_cloexec(3, &[]);
    let mut arguments = env::args_os();
    let mut command = Command::new(super::this_program());
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    let error = command.args(arguments).env(CLEAN, "1").exec();
    eprintln!("the worker process keeps descriptors of its parent: {error}");
}

/// Returns true if the process has a descriptor, beyond the standard ones, that stays open when
/// another program begins.
fn has_inherited() -> bool {
    const CLOSE_ON_EXEC: u32 = 0o2_000_000;
    let Ok(descriptors) = fs::read_dir("/proc/self/fdinfo") else { return false };
    descriptors.flatten().any(|entry| {
        let number: Option<u32> = entry.file_name().to_str().and_then(|name| name.parse().ok());
        let text = fs::read_to_string(entry.path()).unwrap_or_default();
        let flags = text.lines().find_map(|line| line.strip_prefix("flags:"));
        let flags = flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok());
        number.is_some_and(|number| number > 2)
            && flags.is_some_and(|flags| flags & CLOSE_ON_EXEC == 0)
    })
}

/// The call that runs, as the thread sees it that reads the control socket.
#[derive(Default)]
struct Current {
    job: Option<(u64, Arc<dyn Run>)>,
    /// The last call that was cancelled. The word may come before the call.
    cancelled: Option<u64>,
}

/// Serves calls until the parent has no more. Returns then.
fn serve(wire: Wire, setup: &Setup, on_start: Option<Box<dyn FnOnce()>>) -> io::Result<()> {
    let Wire { calls, control, mut reader } = wire;
    let current = Arc::new(Mutex::new(Current::default()));
    let watched = Arc::clone(&current);
    let builder = std::thread::Builder::new().name(format!("{}-control", setup.pool));
    builder.spawn(move || obey(&control, &watched))?;
    limit(setup)?;
    if let Some(hook) = on_start {
        hook();
    }
    let pool = Pool::builder().name(&setup.pool).in_place().build();
    let pool = pool.map_err(io::Error::other)?;
    let ids: Vec<[u8; NUMBER]> = remote::ids().map(u64::to_le_bytes).collect();
    frame::send(&calls, Kind::Hello, 0, [ids.as_flattened()].into_iter(), &mut Block)?;
    while let Some(message) = reader.receive(&calls, usize::MAX, &mut Block)? {
        if message.kind != Kind::Run {
            break;
        }
        let call = message.call;
        let (kind, answer) = match run(&pool, message, &current) {
            Ok(Ok(reply)) if reply.len() > setup.message_limit => {
                let (size, limit) = (reply.len(), setup.message_limit);
                let text = format!("the value has {size} bytes, and the limit is {limit}");
                (Kind::Unportable, Reply::text(text))
            }
            Ok(Ok(reply)) => (Kind::Answer, reply),
            Ok(Err(unportable)) => (Kind::Unportable, Reply::text(unportable.to_string())),
            Err(Error::Panicked(panicked)) => match panicked.message() {
                Some(text) => (Kind::Panicked, Reply::text(text.to_owned())),
                None => (Kind::PanickedWithoutText, Reply::text(String::new())),
            },
            // The deadline passed before it began. The caller has its answer.
            Err(error) => (Kind::Unportable, Reply::text(error.to_string())),
        };
        current.lock().job = None;
        frame::send(&calls, kind, call, answer.pieces(), &mut Block)?;
    }
    Ok(())
}

/// Runs a call, as a job, on this thread.
fn run(
    pool: &Pool,
    message: Message,
    current: &Arc<Mutex<Current>>,
) -> Result<Result<Reply, Unportable>, Error> {
    let Message { call, body, .. } = message;
    if body.len() < 2 * NUMBER {
        return Ok(Err(Unportable::new("the call has no function")));
    }
    let (head, _) = body.split_at(2 * NUMBER);
    let (id, time_left) = (number(&head[..NUMBER]), number(&head[NUMBER..]));
    let Some(function) = remote::find(id) else {
        return Ok(Err(Unportable::new("the worker program does not know the function")));
    };
    let own_deadline = Some(time_left)
        .filter(|&nanos| nanos != u64::MAX)
        .and_then(|nanos| Instant::now().checked_add(Duration::from_nanos(nanos)));
    let options =
        SubmitOptions { handler: Some(function.handler()), ..SubmitOptions::until(own_deadline) };
    let current = Arc::clone(current);
    let work = move || {
        announce(call, &current);
        function.run(&body[2 * NUMBER..])
    };
    let job_type = JobType::of::<fn()>();
    Pool::submit_as(&pool.shared, job_type, work, options).wait()
}

/// Tells the other thread of the job that runs here, and cancels it if it was to be.
fn announce(call: u64, current: &Mutex<Current>) {
    let Some(job) = context::current() else { return };
    let mut current = current.lock();
    let is_cancelled = current.cancelled == Some(call);
    current.job = Some((call, Arc::clone(&job)));
    drop(current);
    if is_cancelled {
        job.cancel(CancelledBy::Caller);
    }
}

/// Cancels calls as the parent says, and ends the process with its parent.
fn obey(control: &UnixStream, current: &Mutex<Current>) {
    let mut call = [0; NUMBER];
    while io::Read::read_exact(&mut &*control, &mut call).is_ok() {
        let call = u64::from_le_bytes(call);
        let mut current = current.lock();
        current.cancelled = Some(call);
        let job = current.job.as_ref().filter(|(number, _)| *number == call);
        let job = job.map(|(_, job)| Arc::clone(job));
        drop(current);
        if let Some(job) = job {
            job.cancel(CancelledBy::Caller);
        }
    }
    // Nobody is left to answer to. What the process has started is in its group.
    let _ = rustix::process::kill_current_process_group(Signal::KILL);
}

/// Sets what a worker may take of the machine.
fn limit(setup: &Setup) -> io::Result<()> {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    // No core files: a worker that crashes is a result.
    rustix::process::setrlimit(Resource::Core, none)?;
    if setup.memory.is_some() {
        let memory = Rlimit { current: setup.memory, maximum: setup.memory };
        rustix::process::setrlimit(Resource::Data, memory)?;
    }
    if setup.niceness > 0 {
        // On Linux this is about this thread, and those that it starts.
        rustix::process::setpriority_process(None, setup.niceness)?;
    }
    // If the machine runs out of memory, a worker goes before its parent. Elsewhere than on Linux
    // there is no such file.
    let _ = fs::write("/proc/self/oom_score_adj", "500");
    Ok(())
}
