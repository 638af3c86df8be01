//! The supervisor of a pool's processes, a thread: starts them, logs what they write, kills those
//! that do not obey, reaps those that die, and has others take their places.
//!
//! ```text
//!          spawn            Hello              Stop, or death of the pool
//! due ───────────▶ Starting ─────▶ Ready ───────────────▶ Stopping ──▶ reaped
//!  ▲                   │             │  ▲ replaced: another one is started first
//!  └── after a pause ◀─┘             │
//!  └── at once ◀─────────────────────┘ death
//! ```
//!
//! It alone signals processes and reaps them, so that no signal reaches a process that got the id
//! of a reaped one.

use std::collections::VecDeque;
use std::io::{self, Read as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, kill_process_group};

use super::Core;
use super::frame::{self, Block, Kind, Until, poll_once, timespec};
use super::output::Output;
use super::process::Process;
use super::worker::{Setup, VARIABLE};
use crate::error::{Death, Error};
use crate::restart_budget::RestartBudget;
use crate::unwind;

/// The pause between two attempts while the budget of restarts is used up.
const OUTAGE: Duration = Duration::from_secs(5);

/// What the other threads ask the supervisor for.
pub(super) enum Request {
    /// Kill a process.
    Kill(Kill),
    /// Start another process, and have this one leave when that is ready.
    Replace(Arc<Process>),
    /// Have a process that has no call leave.
    Stop(Arc<Process>),
}

/// A process that is to be killed at a time, if it lives then and still runs that call.
pub(super) struct Kill {
    pub(super) at: Instant,
    pub(super) process: Arc<Process>,
    /// `None` if it does not matter what it runs.
    pub(super) call: Option<u64>,
    pub(super) reason: String,
}

/// The requests that the supervisor has not read.
pub(super) struct Requests {
    requests: Mutex<Vec<Request>>,
    /// A byte in here wakes the supervisor.
    wake: UnixStream,
}

impl Requests {
    /// Returns the requests, and what becomes readable when there are some.
    pub(super) fn new() -> io::Result<(Self, UnixStream)> {
        let (wake, woken) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        woken.set_nonblocking(true)?;
        Ok((Self { requests: Mutex::default(), wake }, woken))
    }

    pub(super) fn send(&self, request: Request) {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        self.wake();
    }

    pub(super) fn wake(&self) {
        // If there is no room for a byte, there are enough.
        let _ = io::Write::write(&mut &self.wake, &[0]);
    }

    fn take(&self) -> Vec<Request> {
        std::mem::take(&mut *self.requests.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The processes die when they start, too often to be tried again at once.
#[derive(Debug, Clone)]
pub(super) struct Outage {
    reason: Box<str>,
    until: Instant,
}

impl Outage {
    pub(super) fn error(&self) -> Error {
        let retry_after = self.until.saturating_duration_since(Instant::now());
        Error::Unreachable { retry_after, reason: self.reason.clone() }
    }
}

/// A process that has not been reaped.
struct Member {
    process: Arc<Process>,
    child: Child,
    /// Becomes readable when the process dies.
    death: OwnedFd,
    output: Output,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// It has not said that it is ready, and has until then.
    Starting(Instant),
    /// It has said something else.
    Failing,
    Ready,
    /// It has been asked to end.
    Stopping,
}

pub(super) struct Supervisor {
    core: Arc<Core>,
    woken: UnixStream,
    members: Vec<Member>,
    /// When processes are to be started.
    due: Vec<Instant>,
    /// Processes that work on until others are ready, which are due or starting.
    to_replace: Vec<Arc<Process>>,
    /// The processes that are to be killed.
    kills: Vec<Kill>,
    budget: RestartBudget,
    /// Number of processes that have died in a row before they were ready, or before they had run
    /// a call.
    deaths: u32,
}

impl Supervisor {
    pub(super) fn new(core: Arc<Core>, woken: UnixStream) -> Self {
        let now = Instant::now();
        let due = vec![now; core.config.processes];
        let budget = RestartBudget::new(core.config.restarts.clone());
        let (members, to_replace, kills) = (Vec::new(), Vec::new(), Vec::new());
        Self { core, woken, members, due, to_replace, kills, budget, deaths: 0 }
    }

    /// Starts the processes, and sees to them until the pool is closed and all have ended.
    /// `started` hears of the first one.
    pub(super) fn run(mut self, started: &mpsc::Sender<io::Result<()>>) {
        if let Err(error) = self.start() {
            let _ = started.send(Err(error));
            return;
        }
        self.due.pop();
        let _ = started.send(Ok(()));
        loop {
            let is_closed = self.core.lock().is_closed;
            if is_closed {
                self.due.clear();
                self.stop_all();
                if self.members.is_empty() {
                    return;
                }
            }
            self.start_due();
            self.wait();
            for request in self.core.requests.take() {
                self.serve(request);
            }
            self.look();
            self.kill_due();
        }
    }

    fn serve(&mut self, request: Request) {
        match request {
            Request::Kill(kill) => self.kills.push(kill),
            Request::Replace(process) => {
                let is_new = !self.to_replace.iter().any(|other| Arc::ptr_eq(other, &process));
                if is_new && !process.is_retiring() && !process.is_doomed() {
                    self.to_replace.push(process);
                    self.due.push(Instant::now());
                }
            }
            Request::Stop(process) => self.stop(&process),
        }
    }

    /// Starts the processes that are due.
    fn start_due(&mut self) {
        let now = Instant::now();
        let due = self.due.extract_if(.., |at| *at <= now).count();
        for _ in 0..due {
            if let Err(error) = self.start() {
                self.failed(&format!("a process cannot be started: {error}"));
            }
        }
    }

    fn start(&mut self) -> io::Result<()> {
        let config = &self.core.config;
        let (calls, child_calls) = UnixStream::pair()?;
        let (control, child_control) = UnixStream::pair()?;
        let token = token();
        let setup = Setup {
            token: token.clone(),
            pool: config.name.clone(),
            memory: config.memory,
            niceness: config.niceness,
            message_limit: config.message_limit,
        };
        let setup = setup.message();
        frame::send(&calls, Kind::Setup, 0, [setup.as_slice()].into_iter(), &mut Block)?;
        let mut command = config.command();
        let mut child = command
            .env(VARIABLE, token)
            .stdin(Stdio::from(OwnedFd::from(child_calls)))
            .stdout(Stdio::from(OwnedFd::from(child_control)))
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let process = Process::new(child.id(), calls, control, config.jobs_of_next());
        let process = Arc::new(process);
        let pipe = child.stderr.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let watched = watch(&child, &process).and_then(|death| Ok((death, Output::new(pipe)?)));
        let (death, output) = match watched {
            Ok(watched) => watched,
            Err(error) => {
                let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
                child.wait()?;
                return Err(error);
            }
        };
        let phase = Phase::Starting(Instant::now() + config.start_timeout);
        let mut state = self.core.lock();
        state.counts.started += 1;
        state.members.push(Arc::clone(&process));
        drop(state);
        self.members.push(Member { process, child, death, output, phase });
        Ok(())
    }

    /// Waits until there is something to do.
    fn wait(&self) {
        let mut fds = vec![PollFd::new(&self.woken, PollFlags::IN)];
        for member in &self.members {
            fds.push(PollFd::new(&member.death, PollFlags::IN));
            fds.push(PollFd::new(member.output.pipe(), PollFlags::IN));
            if matches!(member.phase, Phase::Starting(_)) {
                fds.push(PollFd::new(member.process.socket(), PollFlags::IN));
            }
        }
        let phases = self.members.iter().filter_map(|member| match member.phase {
            Phase::Starting(until) => Some(until),
            Phase::Failing | Phase::Ready | Phase::Stopping => None,
        });
        let kills = self.kills.iter().map(|kill| kill.at);
        let next = phases.chain(kills).chain(self.due.iter().copied()).min();
        let timeout = next.map(|at| timespec(at.saturating_duration_since(Instant::now())));
        // An error is an interruption, and all is looked at anyway.
        let _ = poll(&mut fds, timeout.as_ref());
        let mut bytes = [0; 64];
        while matches!((&self.woken).read(&mut bytes), Ok(read) if read == bytes.len()) {}
    }

    /// Looks at each process: what it writes, whether it is ready, whether it has died.
    fn look(&mut self) {
        let mut at = 0;
        while at < self.members.len() {
            let member = &mut self.members[at];
            member.output.read(&self.core.config.name, &member.process);
            if is_readable(&member.death) {
                let member = self.members.remove(at);
                self.reap(member);
                continue;
            }
            if matches!(member.phase, Phase::Starting(_)) && is_readable(member.process.socket()) {
                match member.process.receive_hello() {
                    Ok(()) => {
                        member.phase = Phase::Ready;
                        let process = Arc::clone(&member.process);
                        self.is_ready(process);
                    }
                    // It is about to die, or speaks another language.
                    Err(error) => {
                        let reason =
                            format!("killed, as it did not start as a worker does: {error}");
                        let process = Arc::clone(&member.process);
                        member.phase = Phase::Failing;
                        let at = Instant::now() + super::DYING;
                        self.kills.push(Kill { at, process, call: None, reason });
                    }
                }
            }
            at += 1;
        }
    }

    fn is_ready(&mut self, process: Arc<Process>) {
        let mut state = self.core.lock();
        state.outage = None;
        state.idle.push(process);
        // One that is to be replaced leaves now, or when its call has ended.
        let replaced = self.to_replace.pop();
        let idle = replaced.and_then(|replaced| {
            replaced.retire();
            let at = state.idle.iter().position(|idle| Arc::ptr_eq(idle, &replaced))?;
            Some(state.idle.remove(at))
        });
        drop(state);
        self.core.changed.notify_one();
        if let Some(process) = idle {
            self.stop(&process);
        }
    }

    /// Has a process leave that has no call.
    fn stop(&mut self, process: &Arc<Process>) {
        let of_process = |member: &&mut Member| Arc::ptr_eq(&member.process, process);
        let Some(member) = self.members.iter_mut().find(of_process) else { return };
        if member.phase == Phase::Stopping {
            return;
        }
        member.phase = Phase::Stopping;
        process.stop();
        let at = Instant::now() + self.core.config.kill_after;
        let reason = "killed, as it did not end when it was asked to".to_owned();
        self.kills.push(Kill { at, process: Arc::clone(process), call: None, reason });
    }

    /// Has all processes leave, because the pool is closed and has no calls any more.
    fn stop_all(&mut self) {
        self.core.lock().idle.clear();
        let processes: Vec<_> =
            self.members.iter().map(|member| Arc::clone(&member.process)).collect();
        for process in &processes {
            self.stop(process);
        }
    }

    /// Kills the processes whose time is over.
    fn kill_due(&mut self) {
        let now = Instant::now();
        let starting = self.members.iter().filter(|member| match member.phase {
            Phase::Starting(until) => until <= now,
            _ => false,
        });
        let start_timeout = self.core.config.start_timeout;
        let late = starting.map(|member| {
            let reason = format!("killed, as it was not ready after {start_timeout:?}");
            Kill { at: now, process: Arc::clone(&member.process), call: None, reason }
        });
        let mut kills: Vec<_> = late.collect();
        kills.extend(self.kills.extract_if(.., |kill| kill.at <= now));
        for Kill { process, call, reason, .. } in kills {
            let of_process = |member: &&Member| Arc::ptr_eq(&member.process, &process);
            let Some(member) = self.members.iter().find(of_process) else { continue };
            if process.doom(call, reason) {
                let _ = kill_process_group(Pid::from_child(&member.child), Signal::KILL);
            }
        }
    }

    /// Notes the death of a process, and plans the next one if it is missed.
    fn reap(&mut self, mut member: Member) {
        // What it had started is in its group. The group has its id as long as it is not reaped.
        let _ = kill_process_group(Pid::from_child(&member.child), Signal::KILL);
        let status = member.child.wait();
        let process = member.process;
        let last = member.output.finish(&self.core.config.name, &process);
        let death = self.death(&process, status, last);
        let was_killed = process.kill_reason().is_some();
        let is_stopping = member.phase == Phase::Stopping;
        let is_replaced = self.to_replace.extract_if(.., |other| Arc::ptr_eq(other, &process));
        let is_missed = is_replaced.count() == 0 && !is_stopping && !process.is_retiring();
        let mut state = self.core.lock();
        let not_it = |other: &Arc<Process>| !Arc::ptr_eq(other, &process);
        state.members.retain(not_it);
        state.idle.retain(not_it);
        let counts = &mut state.counts;
        match (was_killed, is_stopping) {
            (true, _) => counts.killed += 1,
            (false, true) => counts.recycled += 1,
            (false, false) => counts.died += 1,
        }
        let is_closed = state.is_closed;
        drop(state);
        let is_quiet = is_stopping && !was_killed;
        if !is_quiet {
            let (pool, pid) = (&self.core.config.name, process.id);
            let function = process.running().map(|running| running.function.path());
            unwind::log(|| tracing::warn!(pool, pid, function, %death, "a worker process died"));
        }
        let reason = format!("its processes die: {death}");
        let has_served = process.calls() > 0;
        let was_ready = member.phase == Phase::Ready;
        process.set_death(death);
        if is_closed || !is_missed {
            return;
        }
        if was_ready && (has_served || was_killed) {
            self.deaths = 0;
            self.due.push(Instant::now());
        } else {
            self.failed(&reason);
        }
    }

    /// Plans another attempt after one that failed: a process that could not be started, or has
    /// died before its first call.
    fn failed(&mut self, reason: &str) {
        let now = Instant::now();
        let (deaths, pause) = self.budget.pause(self.deaths, Duration::ZERO);
        self.deaths = deaths;
        let is_over = self.budget.restart(now).is_err();
        let pause = if is_over { OUTAGE } else { pause };
        self.due.push(now + pause);
        if is_over {
            unwind::log(|| tracing::error!(pool = self.core.config.name, reason, "no workers"));
            let outage = Outage { reason: reason.into(), until: now + pause };
            self.core.lock().outage = Some(outage);
            self.core.changed.notify_all();
        }
    }

    /// Says how a process died.
    fn death(
        &self,
        process: &Process,
        status: io::Result<ExitStatus>,
        last: VecDeque<String>,
    ) -> Death {
        let mut text = match (process.kill_reason(), status) {
            (Some(reason), _) => reason,
            (None, Ok(status)) => status.to_string(),
            (None, Err(error)) => format!("unknown: {error}"),
        };
        let is_about_memory = last.iter().any(|line| line.starts_with("memory allocation of "));
        if let (true, Some(memory)) = (is_about_memory, self.core.config.memory) {
            text += "; its memory has a limit of ";
            text += &memory.to_string();
            text += " bytes";
        }
        Death::new(text, last.into_iter().collect::<Vec<_>>().join("\n"))
    }
}

/// Returns what becomes readable when a process dies.
#[cfg(target_os = "linux")]
fn watch(child: &Child, _process: &Process) -> io::Result<OwnedFd> {
    use rustix::process::{PidfdFlags, pidfd_open};
    Ok(pidfd_open(Pid::from_child(child), PidfdFlags::empty())?)
}

/// Returns what becomes readable when a process dies: its end of the control socket is closed then.
#[cfg(not(target_os = "linux"))]
fn watch(_child: &Child, process: &Process) -> io::Result<OwnedFd> {
    process.control().as_fd().try_clone_to_owned()
}

fn is_readable(fd: impl AsFd) -> bool {
    matches!(poll_once(fd.as_fd(), Until::Readable, Some(Duration::ZERO)), Ok(true))
}

/// Returns a text that no other process of this machine is given.
fn token() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (id, next) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    format!("{id}-{next}-{}", now.as_nanos())
}
