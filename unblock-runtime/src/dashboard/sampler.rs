//! The thread that reads what the page shows, for all browsers alike.
//!
//! It wakes up once a second for the history, and four times a second while a browser looks. It
//! alone has the history, so no lock can keep a loop waiting: the loops that serve browsers put
//! together what it has written. A browser that reads slowly gets the newest, so what is kept does
//! not grow with the number of browsers.

use std::collections::VecDeque;
use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};

use super::history::{Details, History, Point};
use super::reading::Snapshot;
use crate::process::Process;
use crate::spawner;

/// The time between two points of the curves.
const SECOND: Duration = Duration::from_secs(1);

/// The time between two pictures while a browser looks.
const PICTURE: Duration = Duration::from_millis(250);

/// The sampler of a process, and the process.
static SAMPLER: Mutex<Option<(Process, Sampler)>> = Mutex::new(None);

/// A handle to the thread.
#[derive(Clone)]
pub(super) struct Sampler {
    questions: Sender<Question>,
    pictures: watch::Sender<Arc<Picture>>,
}

enum Question {
    /// A picture, now, for whoever watches.
    Picture,
    /// What is known of a function.
    Details { pool: String, function: String, reply: oneshot::Sender<Option<Details>> },
}

/// What browsers are sent, as JSON that is written once for all of them.
#[derive(Default)]
pub(super) struct Picture {
    pub(super) snapshot: String,
    pub(super) last_second: Arc<LastSecond>,
}

/// The part of a picture that changes once a second.
#[derive(Default)]
pub(super) struct LastSecond {
    pub(super) table: String,
    /// The last of them is the newest.
    pub(super) points: VecDeque<Arc<Point>>,
}

impl Sampler {
    /// Returns the sampler of this process, and starts it first if it has none.
    ///
    /// # Errors
    ///
    /// The system's, if it gives no thread.
    pub(super) fn of_process() -> io::Result<Self> {
        let mut sampler = SAMPLER.lock().unwrap_or_else(PoisonError::into_inner);
        let process = Process::current();
        match &*sampler {
            Some((owner, running)) if *owner == process => Ok(running.clone()),
            _ => Ok(sampler.insert((process, Self::start()?)).1.clone()),
        }
    }

    fn start() -> io::Result<Self> {
        let (ask, questions) = mpsc::channel();
        let pictures = watch::Sender::new(Arc::default());
        let shown = pictures.clone();
        let thread = Builder::new().name("unblock-sampler".into());
        spawner::run(|| thread.spawn(move || run(&questions, &shown))).flatten()?;
        Ok(Self { questions: ask, pictures })
    }

    /// Returns a receiver of pictures, the next of which is taken at once.
    pub(super) fn watch(&self) -> watch::Receiver<Arc<Picture>> {
        let pictures = self.pictures.subscribe();
        self.ask(Question::Picture);
        pictures
    }

    /// Returns what is known of a function, if there is one of that name.
    pub(super) async fn details(&self, pool: String, function: String) -> Option<Details> {
        let (reply, replied) = oneshot::channel();
        self.ask(Question::Details { pool, function, reply });
        replied.await.ok().flatten()
    }

    fn ask(&self, question: Question) {
        // The thread never ends, but in a process that was forked there is none. Nobody can be
        // told.
        let _ = self.questions.send(question);
    }
}

/// Samples until the process ends.
fn run(questions: &Receiver<Question>, pictures: &watch::Sender<Arc<Picture>>) {
    let mut history = History::new(Instant::now());
    let mut due = Instant::now() + SECOND;
    // `None` while nobody watches.
    let mut last_second = None;
    loop {
        let now = Instant::now();
        if now >= due {
            history.sample(now);
            last_second = None;
            due += SECOND;
            // A process that was stopped for a while does not make up for it.
            if due <= now {
                due = now + SECOND;
            }
        }
        let is_watched = pictures.receiver_count() > 0;
        if is_watched {
            let last_second = last_second.get_or_insert_with(|| Arc::new(LastSecond::of(&history)));
            pictures.send_replace(Arc::new(Picture::take(last_second)));
        }
        let pause = due.saturating_duration_since(Instant::now());
        let pause = if is_watched { pause.min(PICTURE) } else { pause };
        match questions.recv_timeout(pause) {
            Ok(Question::Picture) | Err(RecvTimeoutError::Timeout) => {}
            Ok(Question::Details { pool, function, reply }) => {
                let _ = reply.send(history.details(&pool, &function));
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

impl Picture {
    fn take(last_second: &Arc<LastSecond>) -> Self {
        Self { snapshot: json(&Snapshot::take()), last_second: Arc::clone(last_second) }
    }
}

impl LastSecond {
    fn of(history: &History) -> Self {
        Self { table: json(&history.table()), points: history.points().clone() }
    }
}

/// Writes JSON, which cannot fail for what the page shows: there are no maps in it.
pub(super) fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
