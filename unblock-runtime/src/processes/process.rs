//! A worker process, as its pool sees it.
//!
//! # The invariant
//!
//! *A process has one call at a time, and is signaled only before it is reaped.* One thread leases
//! it, writes the call, and waits for the answer, however late that is. Others may cancel the call
//! by its number; the supervisor alone kills and reaps. The winners of the races:
//!
//! - The end of a call against its cancellation: the first to take the lock. After the end, the
//!   number is another one, and the cancellation finds nothing. A word to the process that is under
//!   way then has the old number, and the process knows it for that.
//! - The end of a call against the kill for its sake: the first to take the lock. After the end
//!   nothing is killed. A process that is doomed gets no other call, even if its answer is read
//!   before the signal arrives, which then is the outcome.

use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::net::{SendFlags, send};

use super::frame::{self, Kind, Message, Reader, Until, Wait, poll_once};
use crate::error::Death;
use crate::job;
use crate::remote::{Encoder, Function};

/// A worker process.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) id: u32,
    pub(super) born: Instant,
    calls: UnixStream,
    control: UnixStream,
    /// The number of jobs after which it is replaced.
    most_jobs: u64,
    state: Mutex<State>,
    /// Notified when `death` is set.
    died: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// What is read of the socket. The thread that has the process takes it.
    reader: Reader,
    /// The ids of the functions that the program of the process has, in their order.
    functions: Vec<u64>,
    calls: u64,
    running: Option<Running>,
    /// Set when another process is about to take its place.
    is_retiring: bool,
    /// Why it was killed, if it was.
    kill_reason: Option<String>,
    death: Option<Death>,
}

/// The call that a process runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Running {
    pub(super) call: u64,
    pub(super) function: &'static Function,
    pub(super) since: Instant,
    pub(super) is_cancelled: bool,
}

impl Process {
    pub(super) fn new(id: u32, calls: UnixStream, control: UnixStream, most_jobs: u64) -> Self {
        Self {
            id,
            born: Instant::now(),
            calls,
            control,
            most_jobs,
            state: Mutex::default(),
            died: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the socket on which the process says that it is ready.
    pub(super) fn socket(&self) -> &UnixStream {
        &self.calls
    }

    /// Returns the socket that the process closes when it dies.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn control(&self) -> &UnixStream {
        &self.control
    }

    /// Reads the message by which the process says that it is ready, and which is there.
    pub(super) fn receive_hello(&self) -> io::Result<()> {
        let mut reader = std::mem::take(&mut self.state().reader);
        let hello = reader.receive(&self.calls, 1 << 20, &mut Impatient)?;
        let hello = hello.ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut state = self.state();
        state.reader = reader;
        let (ids, _) = hello.body.as_chunks();
        state.functions = ids.iter().map(|id| u64::from_le_bytes(*id)).collect();
        let is_hello = hello.kind == Kind::Hello;
        if is_hello { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    /// Returns true if the program of the process has this function.
    pub(super) fn knows(&self, function: &Function) -> bool {
        self.state().functions.binary_search(&function.id()).is_ok()
    }

    /// Notes that a call begins. Returns its number.
    pub(super) fn begin(&self, function: &'static Function) -> u64 {
        let mut state = self.state();
        state.calls += 1;
        let call = state.calls;
        state.running =
            Some(Running { call, function, since: Instant::now(), is_cancelled: false });
        call
    }

    /// Notes that the call has ended. Returns true if another process is to take the place of this
    /// one.
    pub(super) fn end(&self) -> bool {
        let mut state = self.state();
        state.running = None;
        state.calls == self.most_jobs
    }

    /// Writes the call, and waits for its answer. `on_deadline` is called if the job's deadline
    /// passes meanwhile.
    pub(super) fn exchange(
        &self,
        call: u64,
        function: &Function,
        message: &Encoder<'_>,
        limit: usize,
        on_deadline: impl FnMut(),
    ) -> io::Result<Message> {
        let deadline = job::deadline();
        let time_left = deadline.map_or(u64::MAX, |deadline| {
            let left = deadline.saturating_duration_since(Instant::now()).as_nanos();
            u64::try_from(left).unwrap_or(u64::MAX)
        });
        let head = [function.id().to_le_bytes(), time_left.to_le_bytes()];
        let body = [head.as_flattened()].into_iter().chain(message.pieces());
        let mut wait = Patient { deadline: deadline.map(|deadline| (deadline, on_deadline)) };
        frame::send(&self.calls, Kind::Run, call, body, &mut wait)?;
        let mut reader = std::mem::take(&mut self.state().reader);
        let answer = reader.receive(&self.calls, limit, &mut wait)?;
        let answer = answer.ok_or(io::ErrorKind::UnexpectedEof)?;
        self.state().reader = reader;
        if answer.call == call { Ok(answer) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    /// Tells the process that the call is cancelled. Returns false if it has ended, or has been
    /// told.
    pub(super) fn cancel(&self, call: u64) -> bool {
        let mut state = self.state();
        let running = state.running.as_mut().filter(|running| running.call == call);
        let Some(running) = running.filter(|running| !running.is_cancelled) else { return false };
        running.is_cancelled = true;
        drop(state);
        // The process reads this at once. If it does not, it is killed as any that does not obey.
        let _ = send(&self.control, &call.to_le_bytes(), SendFlags::DONTWAIT);
        true
    }

    pub(super) fn running(&self) -> Option<Running> {
        self.state().running
    }

    /// Returns the number of calls so far.
    pub(super) fn calls(&self) -> u64 {
        self.state().calls
    }

    /// Asks the process to end when it has read all calls.
    pub(super) fn stop(&self) {
        let nothing: [&[u8]; 0] = [];
        let _ = frame::send(&self.calls, Kind::Stop, 0, nothing.into_iter(), &mut Impatient);
    }

    /// Has the process leave when its call has ended.
    pub(super) fn retire(&self) {
        self.state().is_retiring = true;
    }

    pub(super) fn is_retiring(&self) -> bool {
        self.state().is_retiring
    }

    /// Notes why the process is about to be killed, after which it gets no call any more. Returns
    /// false if it is to be killed for a call that it does not run.
    pub(super) fn doom(&self, call: Option<u64>, reason: String) -> bool {
        let mut state = self.state();
        let running = state.running.map(|running| running.call);
        let is_meant = call.is_none() || call == running;
        if is_meant {
            state.kill_reason.get_or_insert(reason);
        }
        is_meant
    }

    /// Returns true if the process is dead, or about to be killed.
    pub(super) fn is_doomed(&self) -> bool {
        let state = self.state();
        state.death.is_some() || state.kill_reason.is_some()
    }

    pub(super) fn kill_reason(&self) -> Option<String> {
        self.state().kill_reason.clone()
    }

    /// Notes how the process died, and has whoever waits for its answer read the end.
    pub(super) fn set_death(&self, death: Death) {
        self.state().death = Some(death);
        self.died.notify_all();
        let _ = self.calls.shutdown(std::net::Shutdown::Both);
    }

    /// Waits until it is known how the process died. It has died, or is about to be killed.
    pub(super) fn wait_for_death(&self) -> Death {
        let mut state = self.state();
        loop {
            if let Some(death) = &state.death {
                return death.clone();
            }
            state = self.died.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Waits for as long as it takes, and calls back once when a deadline passes.
struct Patient<F> {
    deadline: Option<(Instant, F)>,
}

impl<F: FnMut()> Wait for Patient<F> {
    fn wait(&mut self, socket: BorrowedFd<'_>, until: Until) -> io::Result<()> {
        loop {
            let timeout = self
                .deadline
                .as_ref()
                .map(|(deadline, _)| deadline.saturating_duration_since(Instant::now()));
            if until == Until::Readable && timeout.is_none() {
                // A read waits by itself.
                return Ok(());
            }
            if timeout != Some(Duration::ZERO) && poll_once(socket, until, timeout)? {
                return Ok(());
            }
            let is_over = |(deadline, _): &mut (Instant, F)| *deadline <= Instant::now();
            if let Some((_, mut call)) = self.deadline.take_if(is_over) {
                call();
            }
        }
    }
}

/// Does not wait.
struct Impatient;

impl Wait for Impatient {
    fn wait(&mut self, socket: BorrowedFd<'_>, until: Until) -> io::Result<()> {
        let is_ready = poll_once(socket, until, Some(Duration::ZERO))?;
        if is_ready { Ok(()) } else { Err(io::ErrorKind::WouldBlock.into()) }
    }
}
