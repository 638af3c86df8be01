//! The thread that starts the library's other threads.
//!
//! A thread inherits its niceness and its cores from the one that starts it, and it cannot raise
//! its priority again without a privilege. A pool that is first used by a job of another pool, or
//! on a thread that is bound to a core, would be slow for good. So threads are started by one that
//! the first use of the library starts, which no worker can be, and that may use the cores of the
//! process.

use std::io;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
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
/// It does not park the thread: a task that is polled on it may have been woken meanwhile, by
/// `unpark`, and parking would swallow that.
///
/// # Errors
///
/// The system's, if it gives no thread to the spawner itself.
pub(crate) fn run<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    let reply = Arc::new(Reply { value: Mutex::new(None), given: Condvar::new() });
    let giver = Giver(Arc::clone(&reply));
    let task: Task = Box::new(move || {
        let giver = giver;
        giver.0.give(Ok(f()));
    });
    {
        let mut spawner = SPAWNER.lock().unwrap_or_else(PoisonError::into_inner);
        let process = Process::current();
        let (_, tasks) = match &*spawner {
            Some(running) if running.0 == process => running,
            _ => spawner.insert((process, start()?)),
        };
        tasks.send(task).map_err(|_| panicked())?;
    }
    reply.wait()
}

fn panicked() -> io::Error {
    io::Error::other("a thread could not be started because of a panic")
}

/// The place for what the spawner gives back.
struct Reply<T> {
    value: Mutex<Option<io::Result<T>>>,
    given: Condvar,
}

impl<T> Reply<T> {
    fn give(&self, value: io::Result<T>) {
        self.value.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(value);
        self.given.notify_one();
    }

    fn wait(&self) -> io::Result<T> {
        let mut value = self.value.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(value) = value.take() {
                return value;
            }
            value = self.given.wait(value).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Gives an error if it is dropped before a value was given.
struct Giver<T>(Arc<Reply<T>>);

impl<T> Drop for Giver<T> {
    fn drop(&mut self) {
        self.0.give(Err(panicked()));
    }
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

#[cfg(all(test, not(loom)))]
mod tests {
    use std::thread;
    use std::time::Duration;

    use super::run;

    #[test]
    fn a_wakeup_of_the_thread_that_waits_is_kept() {
        let waiting = thread::current();
        run(move || waiting.unpark()).unwrap();
        // Without the wake-up this would take the minute.
        let begun = std::time::Instant::now();
        thread::park_timeout(Duration::from_mins(1));
        assert!(begun.elapsed() < Duration::from_mins(1));
    }
}
