//! The example `database`. The tests lock the database from outside, and so hold its calls in their
//! bodies.

use std::env;
use std::path::PathBuf;
use std::process;

use rusqlite::Connection;

use crate::server::{Server, eventually};

/// A file of a database that is removed with this value.
struct File(PathBuf);

impl File {
    fn new(test: &str) -> Self {
        Self(env::temp_dir().join(format!("unblock-{test}-{}.db", process::id())))
    }

    fn serve(&self) -> Server {
        let path = self.0.to_str().expect("a path of text");
        Server::start(env!("CARGO_BIN_EXE_database"), &[path])
    }

    /// Keeps all writers waiting, until it is dropped.
    fn lock(&self) -> Connection {
        let connection = Connection::open(&self.0).expect("the server has made it");
        connection.execute_batch("BEGIN IMMEDIATE").expect("nobody else writes");
        connection
    }
}

impl Drop for File {
    fn drop(&mut self) {
        for suffix in ["", "-shm", "-wal"] {
            let mut path = self.0.clone().into_os_string();
            path.push(suffix);
            let _ = std::fs::remove_file(path); // SQLite has removed some of them itself
        }
    }
}

#[test]
fn a_note_is_found_again() {
    let file = File::new("found");
    let server = file.serve();
    assert_eq!(server.post("/notes", "buy milk").told(), (200, "/notes/1"));
    assert_eq!(server.get("/notes/1").told(), (200, "buy milk"));
    assert_eq!(server.get("/notes/2").told(), (404, "there is no such note"));
    assert_eq!(server.get("/notes/x").status, 400);
}

#[test]
fn what_does_not_ask_the_database_answers_while_the_database_blocks() {
    let file = File::new("light");
    let server = file.serve();
    let lock = file.lock();
    let note = server.begin_post("/notes", "buy milk");
    eventually("a call in its body", || server.get("/running").told() == (200, "1"));
    drop(lock);
    assert_eq!(note.join().expect("a response").told(), (200, "/notes/1"));
}

#[test]
fn calls_are_given_up_in_time_and_those_without_room_are_refused() {
    let file = File::new("refused");
    let server = file.serve();
    let lock = file.lock();
    // Four run, sixteen wait, and the queue has no room for the others.
    let notes: Vec<_> = (0..24).map(|_| server.begin_post("/notes", "buy milk")).collect();
    let mut told: Vec<_> = notes
        .into_iter()
        .map(|note| note.join().expect("a response"))
        .map(|response| (response.status, response.text))
        .collect();
    drop(lock);
    told.sort();
    told.dedup();
    let refused = (503, "overloaded; try again later\n".to_owned());
    let given_up = (504, "this took too long and was given up\n".to_owned());
    assert_eq!(told, [refused, given_up]);
}
