//! A pool of its own for a database: as many threads as connections, and each thread keeps one.
//! However many calls there are, the database sees four connections at most. Prints:
//!
//! ```text
//! 20 notes through at most 4 connections
//! ```

use std::{collections::HashSet, env, fs, path::PathBuf, process, sync::LazyLock, thread};

use rusqlite::Connection;
use tokio::task::JoinSet;
use unblock_runtime::{Pool, unblock};

static DATABASE: LazyLock<Pool> = LazyLock::new(|| {
    Pool::builder().name("db").parallelism(4).max_threads(4).build().expect("four more threads")
});

thread_local!(static CONNECTION: Connection = Connection::open(path()).expect("a folder to write"));

fn path() -> PathBuf {
    env::temp_dir().join(format!("named_pool-{}.db", process::id()))
}

#[unblock(pool = DATABASE)]
fn execute(sql: &'static str) -> rusqlite::Result<(usize, thread::ThreadId)> {
    CONNECTION.with(|connection| Ok((connection.execute(sql, [])?, thread::current().id())))
}

#[tokio::main]
async fn main() -> rusqlite::Result<()> {
    execute("CREATE TABLE note (text TEXT)").await?;
    let calls: JoinSet<_> = (0..20).map(|_| execute("INSERT INTO note VALUES ('hello')")).collect();
    let rows: Vec<_> = calls.join_all().await.into_iter().collect::<Result<_, _>>()?;
    let threads: HashSet<_> = rows.iter().map(|(_, thread)| thread).collect();
    assert!(threads.len() <= 4);
    println!("{} notes through at most 4 connections", rows.len());
    fs::remove_file(path()).expect("the database is still there");
    Ok(())
}
