//! The log, on standard error. A thread of its own writes it, because whoever reads it may be slow,
//! or stop reading, and no request may wait for that. (The package `tracing-appender` does this
//! too, and panics where the system refuses it the thread.)

use std::convert::Infallible;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Duration;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

/// Number of lines that wait to be written. Those beyond it are lost, and counted.
const WAITING: usize = 8192;

/// Time for the last lines when the program ends.
const LAST_LINES: Duration = Duration::from_secs(1);

/// The log of the program. Dropping it writes the lines that wait.
pub(crate) struct Log {
    messages: SyncSender<Message>,
    /// Closed when the last line has been written.
    ended: Receiver<Infallible>,
}

enum Message {
    Line(Vec<u8>),
    /// There are no more.
    End,
}

/// The lines as the subscriber writes them, each with one call.
#[derive(Clone)]
struct Lines {
    messages: SyncSender<Message>,
    /// Number of lines for which there was no room.
    lost: Arc<AtomicU64>,
}

impl Log {
    /// Starts the log. If the system refuses the thread, whoever logs writes.
    pub(crate) fn start() -> Option<Self> {
        let (messages, waiting) = sync_channel(WAITING);
        let (running, ended) = channel();
        let lost = Arc::new(AtomicU64::new(0));
        let lines = Lines { messages: messages.clone(), lost: Arc::clone(&lost) };
        let thread = thread::Builder::new().name("log".into());
        let log = thread.spawn(move || write(&waiting, &lost, running)).ok();
        let log = log.map(|_| Self { messages, ended });
        let writer = match log {
            Some(_) => BoxMakeWriter::new(move || lines.clone()),
            None => BoxMakeWriter::new(io::stderr),
        };
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(writer)
            // The server goes on when its log cannot be written, which there is no other place to
            // say.
            .log_internal_errors(false)
            .with_ansi(io::stderr().is_terminal())
            .init();
        log
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        // If there is no room, nobody reads the log.
        if self.messages.try_send(Message::End).is_ok() {
            let _ = self.ended.recv_timeout(LAST_LINES);
        }
    }
}

/// Writes lines until the end. A line that cannot be written is lost, and the next one is tried.
fn write(waiting: &Receiver<Message>, lost: &AtomicU64, running: Sender<Infallible>) {
    let mut output = io::stderr();
    while let Ok(Message::Line(line)) = waiting.recv() {
        let _ = output.write_all(&line);
        let lost = lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let _ = writeln!(output, "{lost} lines of the log are lost: it was read too slowly");
        }
    }
    drop(running);
}

impl io::Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.messages.try_send(Message::Line(line.to_vec())).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
