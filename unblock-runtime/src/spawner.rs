//! The thread that starts the library's other threads.
//!
//! A thread inherits its niceness and its cores from the one that starts it, and it cannot raise
//! its priority again without a privilege. A pool that is first used by a job of another pool, or
//! on a thread that is bound to a core, would be slow for good. So threads are started by one that
//! the first use of the library starts, which no worker can be, and that may use the cores of the
//! process.

use std::io;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::Builder;

use crate::process::Process;
use crate::unwind;
use crate::workers::os_thread;

type Task = Box<dyn FnOnce() + Send>;

/// The spawner of a process, and the process.
static SPAWNER: Mutex<Option<(Process, Sender<Task>)>> = Mutex::new(None);

/// The size of the spawner's stack in bytes. It calls the standard library alone.
const STACK_SIZE: usize = 64 * 1024;

/// Runs `f`, which starts threads, on the spawner and returns its value. Blocks.
///
/// # Errors
///
/// The system's, if it gives no thread to the spawner itself.
pub(crate) fn run<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    let (tell, told) = channel();
    let task: Task = Box::new(move || {
        let _ = tell.send(f());
    });
    let panicked = || io::Error::other("a thread could not be started because of a panic");
    {
        let mut spawner = SPAWNER.lock().unwrap_or_else(PoisonError::into_inner);
        let process = Process::current();
        let (_, tasks) = match &*spawner {
            Some(running) if running.0 == process => running,
            _ => spawner.insert((process, start()?)),
        };
        tasks.send(task).map_err(|_| panicked())?;
    }
    told.recv().map_err(|_| panicked())
}

fn start() -> io::Result<Sender<Task>> {
    let (tasks, todo) = channel::<Task>();
    Builder::new().name("unblock-spawner".into()).stack_size(STACK_SIZE).spawn(move || {
        os_thread::be_like_first_thread();
        for task in todo {
            unwind::contain("starting a thread", task);
        }
    })?;
    Ok(tasks)
}
