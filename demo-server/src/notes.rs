//! The notes, in `SQLite`. Every call blocks, on the disk and on the locks of other processes.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use crate::error_response::{TextResponse, busy, internal};

/// Longest time that a call waits for the lock of another process.
const BUSY: Duration = Duration::from_secs(5);

/// Largest number of unused connections to a file that are kept open.
const IDLE: usize = 8;

/// Largest number of notes in a list, which has the newest.
const LISTED: u32 = 100;

/// A handle to the notes; cloning it is cheap.
#[derive(Clone)]
pub(crate) struct Notes(Arc<Store>);

enum Store {
    /// A database file, with a connection for each call that runs. In write-ahead mode readers do
    /// not wait for the writer.
    File { path: PathBuf, idle: Mutex<Vec<Connection>> },
    /// A database in memory. It belongs to one connection, so that calls take turns.
    Memory(Mutex<Connection>),
}

impl Notes {
    /// Opens the database, creates its table if it is missing, and checks that it can be written
    /// to.
    pub(crate) fn open(path: &Path) -> Result<Self, CannotOpen> {
        let refuse = |source| CannotOpen { path: path.to_owned(), source };
        let mut connection = connect(path).map_err(refuse)?;
        prepare(&mut connection).map_err(refuse)?;
        let store = if path.as_os_str() == ":memory:" {
            Store::Memory(Mutex::new(connection))
        } else {
            Store::File { path: path.to_owned(), idle: Mutex::new(vec![connection]) }
        };
        Ok(Self(Arc::new(store)))
    }

    /// Returns the newest notes, oldest first, with their numbers.
    pub(crate) fn newest(&self) -> Result<Vec<(i64, String)>, TextResponse> {
        self.with(|connection| {
            let mut query =
                connection.prepare_cached("SELECT id, text FROM note ORDER BY id DESC LIMIT ?1")?;
            let rows = query.query_map([LISTED], |row| row.try_into())?;
            let mut notes = rows.collect::<Result<Vec<_>, _>>()?;
            notes.reverse();
            Ok(notes)
        })
    }

    /// Adds a note and returns its number.
    pub(crate) fn insert(&self, text: &str) -> Result<i64, TextResponse> {
        self.with(|connection| {
            connection.prepare_cached("INSERT INTO note (text) VALUES (?1)")?.insert([text])
        })
    }

    fn with<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, TextResponse> {
        match &*self.0 {
            Store::Memory(connection) => work(&lock(connection)),
            Store::File { path, idle } => with_idle(path, idle, work),
        }
        .map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                busy("the database is locked by another process", Duration::from_secs(1))
            }
            _ => internal(&error),
        })
    }
}

/// Runs `work` with an unused connection, or with a new one. The connection is kept unless `work`
/// fails.
fn with_idle<T>(
    path: &Path,
    idle: &Mutex<Vec<Connection>>,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let kept = lock(idle).pop();
    let connection = kept.map_or_else(|| connect(path), Ok)?;
    let result = work(&connection)?;
    let mut idle = lock(idle);
    if idle.len() < IDLE {
        idle.push(connection);
    }
    Ok(result)
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    // In write-ahead mode no note is lost if the process dies. The last ones may be lost if the
    // machine does.
    connection.pragma_update(None, "synchronous", "normal")?;
    Ok(connection)
}

fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "wal")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS note (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL) STRICT;",
    )?;
    transaction.commit()
}

/// Locks a mutex. A panic that poisoned it left the connection as it was between two statements,
/// which is fine.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The error of a database that cannot be used.
#[derive(Debug)]
pub(crate) struct CannotOpen {
    path: PathBuf,
    source: rusqlite::Error,
}

impl fmt::Display for CannotOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot use the database {}: {}", self.path.display(), self.source)
    }
}

impl std::error::Error for CannotOpen {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
