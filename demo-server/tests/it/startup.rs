//! How the demo starts: what it says, and what it refuses to start with.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use command_fds::{CommandFdExt as _, FdMapping};
use rusqlite::Connection;
use rustix::process::Signal;

use crate::client::{Bare, Client};
use crate::demo::{Demo, Folder, command};
use crate::process::{Process, address};

/// It must fail, with one line that says `what`.
#[track_caller]
fn assert_refused(output: &Output, what: &str) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.starts_with("demo-server: ") && told.lines().count() == 1 && told.contains(what),
        "{told}"
    );
    assert!(output.stdout.is_empty(), "not ready");
}

#[test]
fn it_says_where_it_listens_and_in_which_mode() {
    for mode in ["unblock", "single", "processes"] {
        let demo = Demo::start(&["--mode", mode]);
        assert_eq!(demo.ready, format!("listening on http://{} (mode: {mode})", demo.address));
        assert_ne!(demo.address.port(), 0);
        demo.process.signal(Signal::TERM);
        assert!(demo.process.last_lines().is_empty(), "one line, whatever the number of processes");
    }
}

#[test]
fn the_pool_and_several_processes_go_together() {
    let demo = Demo::start(&["--processes", "2", "--loops", "2", "--max-threads", "3"]);
    let client = Client::new(demo.address);
    let pending: Vec<_> = (0..20)
        .map(|_| client.begin(hyper::Method::GET, "/sleep/0.01", bytes::Bytes::new()))
        .collect();
    for sleep in pending {
        assert_eq!(sleep.wait().status, 200);
    }
    assert_eq!(demo.process.children().len(), 2);
}

#[test]
fn a_socket_that_is_handed_over_is_served_on() {
    let folder = Folder::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut command = command(&["--addr", "192.0.2.1:1"]);
    command.env("LISTEN_FDS", "1").current_dir(&folder.0);
    command
        .fd_mappings(vec![FdMapping { parent_fd: OwnedFd::from(listener), child_fd: 3 }])
        .unwrap();
    let process = Process::start(&mut command);
    assert_eq!(process.line(), format!("listening on http://{address} (mode: unblock)"));
    assert_eq!(Client::new(address).get("/healthz").told(), (200, "ok\n"));
}

#[test]
fn all_sockets_that_are_handed_over_are_served_on_in_every_mode() {
    for mode in ["unblock", "processes"] {
        let folder = Folder::new();
        let listeners: Vec<_> = (0..3).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let addresses: Vec<_> =
            listeners.iter().map(|listener| listener.local_addr().unwrap()).collect();
        let mut command = command(&["--mode", mode]);
        command.env("LISTEN_FDS", "3").current_dir(&folder.0);
        let mappings = (3..)
            .zip(listeners)
            .map(|(child_fd, listener)| FdMapping { parent_fd: OwnedFd::from(listener), child_fd });
        command.fd_mappings(mappings.collect()).unwrap();
        let process = Process::start(&mut command);
        assert!(process.line().starts_with("listening on http://"));
        for address in addresses {
            assert_eq!(Client::new(address).get("/healthz").told(), (200, "ok\n"), "{mode}");
        }
    }
}

#[test]
fn a_socket_that_is_handed_over_and_does_not_listen_is_refused() {
    let folder = Folder::new();
    let bound = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (one, _other) = UnixStream::pair().unwrap();
    for (descriptor, what) in [(OwnedFd::from(bound), "socket"), (OwnedFd::from(one), "socket")] {
        let mut command = command(&[]);
        command.env("LISTEN_FDS", "1").current_dir(&folder.0);
        command.fd_mappings(vec![FdMapping { parent_fd: descriptor, child_fd: 3 }]).unwrap();
        assert_refused(&command.output().unwrap(), what);
    }
}

#[test]
fn a_unix_socket_that_is_handed_over_is_served_on_and_stays() {
    let folder = Folder::new();
    let socket = folder.0.join("socket");
    let listener = OwnedFd::from(UnixListener::bind(&socket).unwrap());
    let mut command = command(&[]);
    command.env("LISTEN_FDS", "1").current_dir(&folder.0);
    command.fd_mappings(vec![FdMapping { parent_fd: listener, child_fd: 3 }]).unwrap();
    let mut process = Process::start(&mut command);
    assert_eq!(process.line(), "listening on a Unix socket (mode: unblock)");
    assert!(ask(&socket, "/healthz").ends_with("\r\n\r\nok\n"));
    process.signal(Signal::TERM);
    assert!(process.status().success());
    assert!(socket.exists(), "it is not the server's");
}

/// Asks for a path on a Unix socket, and returns the response.
fn ask(socket: &Path, path: &str) -> String {
    let mut stream = UnixStream::connect(socket).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

#[test]
fn a_unix_socket_is_served_on_in_every_mode_and_is_gone_afterwards() {
    for mode in ["unblock", "single", "processes"] {
        let folder = Folder::new();
        let socket = folder.0.join("socket");
        let start = || {
            let demo = command(&["--mode", mode, "--addr", "unix:socket"]);
            let mut shell = Command::new("sh");
            // Who may write to the socket may connect.
            shell.args(["-c", "umask 0117; exec \"$0\" \"$@\""]).arg(demo.get_program());
            shell.args(demo.get_args()).env("RUST_LOG", "error").current_dir(&folder.0);
            Process::start(&mut shell)
        };
        let mut process = start();
        assert_eq!(process.line(), format!("listening on unix:socket (mode: {mode})"));
        for _ in 0..5 {
            assert!(ask(&socket, "/healthz").ends_with("\r\n\r\nok\n"));
        }
        assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o660);
        let second = command(&["--addr", "unix:socket"]).current_dir(&folder.0).output().unwrap();
        assert_refused(&second, "cannot listen on socket");
        process.signal(Signal::KILL);
        process.status();
        process.last_lines();
        assert!(socket.exists(), "a killed server leaves it");

        let mut process = start();
        process.line();
        assert!(ask(&socket, "/").contains("Hello, world"));
        process.signal(Signal::TERM);
        assert!(process.status().success());
        assert!(!socket.exists(), "{mode}");
    }
}

#[test]
fn a_path_at_which_no_unix_socket_can_be_is_refused() {
    let folder = Folder::new();
    fs::write(folder.0.join("file"), "kept").unwrap();
    let long = "x".repeat(200);
    for path in ["file", "no/such/folder", "", &long] {
        let address = format!("unix:{path}");
        let output = command(&["--addr", &address]).current_dir(&folder.0).output().unwrap();
        assert_refused(&output, "cannot listen on");
    }
    assert_eq!(fs::read_to_string(folder.0.join("file")).unwrap(), "kept");
}

#[test]
fn each_request_is_logged_on_request() {
    for mode in ["unblock", "processes"] {
        for options in [&[][..], &["--access-log"]] {
            let folder = Folder::new();
            let mut command = command(&["--mode", mode, "--addr", "127.0.0.1:0"]);
            command.args(options).env_remove("RUST_LOG").stderr(Stdio::piped());
            let mut process = Process::start(command.current_dir(&folder.0));
            let address = address(process.line().split(" (").next().unwrap());
            let mut client = Bare::connect(address);
            client.get("/healthz?secret");
            assert_eq!(client.response().0, 200);
            client.get("/sleep/x");
            assert_eq!(client.response().0, 400);
            let peer = client.local_addr();
            process.signal(Signal::TERM);
            assert!(process.status().success());
            let mut log = String::new();
            process.error_output().read_to_string(&mut log).unwrap();
            let lines: Vec<_> = log.lines().filter(|line| line.contains("::access")).collect();
            assert_eq!(lines.len(), 2 * options.len(), "{log}");
            let expected = [("/healthz", "status=200 bytes=3 "), ("/sleep/x", "status=400 bytes=")];
            for (line, (path, response)) in lines.iter().zip(expected) {
                let start = format!("peer={peer} method=GET path=\"{path}\" {response}");
                assert!(line.contains(&start) && line.ends_with("end=\"complete\""), "{line}");
                assert!(!line.contains("secret"));
            }
        }
    }
}

#[test]
fn an_address_in_use_is_refused() {
    let folder = Folder::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for mode in ["unblock", "processes"] {
        let output =
            command(&["--mode", mode, "--addr", &address]).current_dir(&folder.0).output().unwrap();
        assert_refused(&output, &format!("cannot listen on {address}"));
    }
    let output = command(&["--addr", "nonsense"]).current_dir(&folder.0).output().unwrap();
    assert_refused(&output, "cannot listen on \"nonsense\"");
}

#[test]
fn a_database_that_cannot_be_used_is_refused() {
    let folder = Folder::new();
    let run = |db: &str| {
        command(&["--addr", "127.0.0.1:0", "--db", db]).current_dir(&folder.0).output().unwrap()
    };
    assert_refused(&run("."), "cannot use the database .:");
    assert_refused(
        &run("no/such/folder/notes.db"),
        "cannot use the database no/such/folder/notes.db:",
    );
    fs::write(
        folder.0.join("text"),
        "This is not a database, but a file of more than a hundred bytes.\n".repeat(9),
    )
    .unwrap();
    assert_refused(&run("text"), "not a database");

    let locks = Connection::open(folder.0.join("locked.db")).unwrap();
    locks.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert_refused(&run("locked.db"), "database is locked");
}

#[test]
fn options_that_make_no_sense_are_refused() {
    for options in [
        &["--mode", "single", "--loops", "2"][..],
        &["--mode", "single", "--processes", "2"],
        &["--mode", "single", "--max-threads", "4"],
        &["--request-timeout", "0"],
        &["--header-timeout", "0s"],
        &["--loops", "0"],
        &["--mode", "fast"],
        &["--nonsense"],
    ] {
        assert_eq!(command(options).output().unwrap().status.code(), Some(2), "{options:?}");
    }
    let help = command(&["--help"]).output().unwrap();
    assert!(
        help.status.success() && String::from_utf8_lossy(&help.stdout).contains("--max-threads")
    );
}

#[test]
fn an_answer_that_takes_longer_than_it_may_is_504_and_the_server_goes_on() {
    let demo = Demo::start(&["--request-timeout", "0.1"]);
    let client = Client::new(demo.address);
    for _ in 0..2 {
        client.get("/sleep/3600").assert_line(504);
        assert_eq!(client.get("/healthz").told(), (200, "ok\n"));
    }
}

#[test]
fn the_limits_are_those_that_the_options_say() {
    let demo =
        Demo::start(&["--max-body-size", "10", "--body-timeout", "0.1", "--max-requests", "2"]);
    let client = Client::new(demo.address);
    client.post("/hash", "0123456789x").assert_line(413);
    let mut stalls = Bare::connect(demo.address);
    stalls.send("POST /hash HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\n01234");
    assert!(stalls.rest().starts_with("HTTP/1.1 408 "));
    let mut connection = Bare::connect(demo.address);
    connection.get("/healthz");
    assert_eq!(connection.response().0, 200);
    connection.get("/healthz");
    assert!(connection.rest().to_ascii_lowercase().contains("\r\nconnection: close\r\n"));
}

#[test]
fn notes_stay_in_their_file_and_not_in_memory() {
    let folder = Folder::new();
    let path = folder.0.join("kept.db");
    for expected in ["", "1\tmilk\n"] {
        let demo = Demo::start(&["--db", path.to_str().unwrap()]);
        let client = Client::new(demo.address);
        assert_eq!(client.get("/notes").told(), (200, expected));
        assert_eq!(client.post("/notes", "milk").told().0, 201);
    }
    for _ in 0..2 {
        let demo = Demo::start(&["--db", ":memory:"]);
        let client = Client::new(demo.address);
        assert_eq!(client.get("/notes").told(), (200, ""));
        assert_eq!(client.post("/notes", "milk").told(), (201, "added note 1\n"));
    }
}
