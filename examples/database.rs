//! A database behind a pool of threads of its own, as many as there are connections: `rusqlite`,
//! with connections by `r2d2`, behind axum. Copy this one.
//!
//! - Each thread finds a connection free, so no thread waits for one, and the database never sees
//!   more than `CONNECTIONS` calls at a time. Slow queries take no thread from other work.
//! - Calls wait in the queue of the pool, without a thread. A call that could not end within its
//!   `timeout` is refused at once, by `shed`: 503. One that did not is given up: 504.
//! - All that can go wrong is one type, `AppError`, and one place says which response it becomes.
//!
//! ```text
//! $ cargo run -p unblock-examples --bin database -- 127.0.0.1:3000 notes.db
//! $ curl -d 'buy milk' http://127.0.0.1:3000/notes
//! $ curl http://127.0.0.1:3000/notes/1
//! $ curl http://127.0.0.1:3000/running
//! ```

use std::sync::LazyLock;
use std::{env, error, path::PathBuf, time::Duration};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, debug_handler};
use r2d2::{ManageConnection, PooledConnection};
use rusqlite::{Connection, OptionalExtension as _};
use unblock_examples::address;
use unblock_runtime::{Pool, unblock};

const CONNECTIONS: u32 = 4;

/// The threads that may wait for the database.
static DATABASE: LazyLock<Pool> = LazyLock::new(|| {
    let threads = CONNECTIONS as usize;
    let pool = Pool::builder().name("database").parallelism(threads).max_threads(threads);
    pool.queue_capacity(16).build().expect("the threads can be started")
});

/// The notes in the database. It is a handle: a clone uses the same connections.
#[derive(Clone)]
struct Notes {
    connections: r2d2::Pool<Sqlite>,
}

impl Notes {
    fn open(path: PathBuf) -> Result<Self, AppError> {
        let pool = r2d2::Pool::builder().max_size(CONNECTIONS).build(Sqlite { path })?;
        let notes = Self { connections: pool };
        let table = "CREATE TABLE IF NOT EXISTS note (id INTEGER PRIMARY KEY, text TEXT NOT NULL)";
        notes.connection()?.execute(table, [])?;
        Ok(notes)
    }

    fn connection(&self) -> Result<PooledConnection<Sqlite>, r2d2::Error> {
        self.connections.get()
    }
}

// Methods with `&self`, as the rest of a program would call them.
#[unblock(pool = DATABASE, timeout = "5s", shed)]
impl Notes {
    fn add(&self, text: &str) -> Result<i64, AppError> {
        let connection = self.connection()?;
        connection.execute("INSERT INTO note (text) VALUES (?1)", [text])?;
        Ok(connection.last_insert_rowid())
    }

    fn find(&self, id: i64) -> Result<String, AppError> {
        let connection = self.connection()?;
        let text = connection
            .query_row("SELECT text FROM note WHERE id = ?1", [id], |row| row.get(0))
            .optional()?;
        text.ok_or(AppError::NotFound)
    }
}

#[derive(Debug, thiserror::Error)]
enum AppError {
    #[error("there is no such note")]
    NotFound,
    #[error("the database failed")]
    Database(#[from] rusqlite::Error),
    #[error("there is no connection to the database")]
    Connection(#[from] r2d2::Error),
    /// The call failed: refused, too late, a panic, or a pool that is closed.
    #[error(transparent)]
    Call(#[from] unblock_runtime::Error),
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Call(error) => return error.into_response(), // 503, 504 or 500
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Database(_) | Self::Connection(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, format!("{self}\n")).into_response()
    }
}

#[debug_handler]
async fn add(State(notes): State<Notes>, text: String) -> Result<String, AppError> {
    let id = notes.add(&text).await?;
    Ok(format!("/notes/{id}\n"))
}

#[debug_handler]
async fn find(State(notes): State<Notes>, Path(id): Path<i64>) -> Result<String, AppError> {
    notes.find(id).await
}

// What does not ask the database stays on the event loop.
async fn running() -> String {
    DATABASE.stats().running.to_string()
}

/// How r2d2 makes a connection. The crate `r2d2_sqlite` has the same for its version of rusqlite.
struct Sqlite {
    path: PathBuf,
}

impl ManageConnection for Sqlite {
    type Connection = Connection;
    type Error = rusqlite::Error;

    fn connect(&self) -> rusqlite::Result<Connection> {
        let connection = Connection::open(&self.path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?; // readers do not wait for a writer
        // A writer waits for another, and somewhat longer than the `timeout` of a call, so that the
        // call is given up and does not fail.
        connection.busy_timeout(Duration::from_secs(10))?;
        Ok(connection)
    }

    fn is_valid(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        connection.execute_batch("")
    }

    fn has_broken(&self, _: &mut Connection) -> bool {
        false
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn error::Error>> {
    let path = env::args().nth(2).map_or_else(|| "notes.db".into(), PathBuf::from);
    let notes = Notes::open(path)?; // the loop serves nobody yet, so it may block
    let routes = Router::new()
        .route("/notes", post(add))
        .route("/notes/{id}", get(find))
        .route("/running", get(running))
        .with_state(notes);
    let listener = tokio::net::TcpListener::bind(address()).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, routes).await?;
    Ok(())
}
