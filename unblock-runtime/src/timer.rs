//! Wake-ups at a given time, under any executor: one thread for the process, which the first alarm
//! starts.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::Builder;
use std::time::Instant;

use crate::event_loop::Waiter;
use crate::process::Process;
use crate::spawner;

/// A wake-up at a given time. Dropping it cancels it.
pub(crate) struct Alarm {
    key: Key,
}

type Key = (Instant, u64);

impl Alarm {
    pub(crate) fn at(time: Instant, waiter: Waiter) -> Self {
        let timer = Timer::get();
        let mut table = timer.lock();
        let key = (time, table.next);
        table.next += 1;
        let soonest = table.waiters.first_key_value().is_none_or(|(first, _)| key < *first);
        table.waiters.insert(key, waiter);
        timer.start(&mut table);
        drop(table);
        if soonest {
            timer.changed.notify_one();
        }
        Self { key }
    }

    pub(crate) fn time(&self) -> Instant {
        self.key.0
    }

    /// Wakes another task instead; at once if the alarm has gone off, because its wake-up went to
    /// the task before.
    pub(crate) fn set_waiter(&mut self, waiter: Waiter) {
        let mut table = Timer::get().lock();
        if let Some(slot) = table.waiters.get_mut(&self.key) {
            let replaced = std::mem::replace(slot, waiter);
            drop(table);
            drop(replaced);
        } else {
            drop(table);
            waiter.notify();
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        let removed = Timer::get().lock().waiters.remove(&self.key);
        drop(removed);
    }
}

struct Timer {
    table: Mutex<Table>,
    changed: Condvar,
}

struct Table {
    waiters: BTreeMap<Key, Waiter>,
    next: u64,
    /// The process in which the thread was started.
    started: Option<Process>,
}

impl Timer {
    fn get() -> &'static Self {
        static TIMER: OnceLock<Timer> = OnceLock::new();
        TIMER.get_or_init(|| Self {
            table: Mutex::new(Table { waiters: BTreeMap::new(), next: 0, started: None }),
            changed: Condvar::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the thread if this process has none. If the system refuses one, the next alarm tries
    /// again. Until then a deadline is seen when its task is polled or a worker takes its job.
    fn start(&'static self, table: &mut Table) {
        let process = Process::current();
        if table.started == Some(process) {
            return;
        }
        let thread = Builder::new().name("unblock-timer".into());
        match spawner::run(|| thread.spawn(|| self.run())).flatten() {
            Ok(_) => table.started = Some(process),
            Err(error) => {
                crate::unwind::log(|| {
                    tracing::warn!(%error, "the timer's thread could not be started: deadlines may be late");
                });
            }
        }
    }

    fn run(&self) {
        let mut table = self.lock();
        loop {
            let now = Instant::now();
            while let Some(first) = table.waiters.first_entry().filter(|first| first.key().0 <= now)
            {
                let waiter = first.remove();
                drop(table);
                waiter.notify();
                table = self.lock();
            }
            table = match table.waiters.first_key_value() {
                None => self.changed.wait(table).unwrap_or_else(PoisonError::into_inner),
                Some(((time, _), _)) => {
                    let wait = time.saturating_duration_since(now);
                    self.changed.wait_timeout(table, wait).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::mpsc::{self, Sender};
    use std::sync::{Arc, Mutex};
    use std::task::{Context, Wake, Waker};

    use super::*;

    struct Tell(Mutex<Sender<()>>);

    impl Wake for Tell {
        fn wake(self: Arc<Self>) {
            let _ = self.0.lock().unwrap().send(());
        }
    }

    fn waiter() -> (Waiter, mpsc::Receiver<()>) {
        let (told, tells) = mpsc::channel();
        let waker = Waker::from(Arc::new(Tell(Mutex::new(told))));
        (Waiter::new(&Context::from_waker(&waker)), tells)
    }

    #[test]
    fn a_task_that_takes_over_an_alarm_that_went_off_is_woken() {
        let ((first, first_tells), (second, second_tells)) = (waiter(), waiter());
        let mut alarm = Alarm::at(Instant::now(), first);
        first_tells.recv().unwrap();
        alarm.set_waiter(second);
        second_tells.recv().unwrap();
    }
}
