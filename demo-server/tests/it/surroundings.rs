//! Surroundings that a server does not choose: whoever reads its log, what starts it, the system
//! that refuses it threads, descriptors, files or room on the disk, and a clock that is set back.
//!
//! Sockets that are handed over are in `startup`, more connections than descriptors in `signals`.
//! Async mains, several servers in a program, times that are none, and subscribers that panic are
//! about the library, whose tests have a file of this name too.
//!
//! What a machine does not permit to arrange is said on standard error, even if the test passes.

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;

use rusqlite::Connection;
use rustix::process::{Signal, getuid};

use crate::client::{Bare, Client};
use crate::demo::{Demo, Folder, command};
use crate::process::{DEADLINE, Process, address, kill};

/// The number of a user who has no privilege.
const NOBODY: u32 = 65534;

/// Starts a command of the demo, and waits until it serves.
#[track_caller]
fn serve(command: &mut Command) -> (Process, SocketAddr) {
    let process = Process::start(command);
    let ready = process.line();
    let address = address(ready.split(" (").next().unwrap());
    (process, address)
}

/// The demo, as the last command of a shell that runs `before`.
fn after(before: &str, options: &[&str], folder: &Folder) -> Command {
    let demo = command(options);
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{before} && exec \"$0\" \"$@\"")]).arg(demo.get_program());
    shell.args(demo.get_args()).args(["--addr", "127.0.0.1:0"]);
    shell.env("RUST_LOG", "off").current_dir(&folder.0);
    shell
}

/// Says that the machine does not permit a test, where the test runner does not keep it to itself.
fn skipped(what: &str, why: impl AsRef<OsStr>) {
    let why = why.as_ref().to_string_lossy();
    let _ = writeln!(io::stderr(), "NOT TESTED on this machine: {what}: {}", why.trim());
}

/// It has refused to start, with a line that says why, or it has ended as it was told to.
#[track_caller]
fn assert_refused_in_a_line(output: &Output, case: &str) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{case}: {told}");
    assert!(told.starts_with("demo-server: ") && told.lines().count() == 1, "{case}: {told}");
}

#[test]
fn it_goes_on_when_nobody_reads_its_log_and_its_output_any_more() {
    for mode in ["unblock", "processes"] {
        let folder = Folder::new();
        let mut command = command(&["--mode", mode, "--addr", "127.0.0.1:0", "--access-log"]);
        command.env("RUST_LOG", "debug").stderr(Stdio::piped()).current_dir(&folder.0);
        let (mut process, address) = serve(&mut command);
        drop(process.error_output());
        for _ in 0..10 {
            // Each of these is a line of the log, or more.
            let mut gone = Bare::connect(address);
            gone.send("nonsense\r\n\r\n");
            drop(gone);
            assert_eq!(Client::new(address).get("/healthz").told(), (200, "ok\n"));
        }
        process.signal(Signal::TERM);
        assert!(process.status().success(), "{mode}");
    }
}

#[test]
fn it_goes_on_when_there_is_no_room_for_its_log() {
    for mode in ["unblock", "processes"] {
        let folder = Folder::new();
        let mut command = command(&["--mode", mode, "--addr", "127.0.0.1:0", "--access-log"]);
        let full = File::options().write(true).open("/dev/full").unwrap();
        command.env("RUST_LOG", "debug").stderr(full).current_dir(&folder.0);
        let (mut process, address) = serve(&mut command);
        for _ in 0..10 {
            assert_eq!(Client::new(address).get("/healthz").told(), (200, "ok\n"));
        }
        process.signal(Signal::TERM);
        assert!(process.status().success(), "{mode}");
    }
}

/// Sends more requests than a pipe and the log's queue hold lines.
fn flood(address: SocketAddr) {
    let mut client = Bare::connect(address);
    for _ in 0..100 {
        client.send("GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n".repeat(99));
        for _ in 0..99 {
            assert_eq!(client.response().0, 200);
        }
    }
}

#[test]
fn requests_do_not_wait_for_a_log_that_is_not_read_and_lines_that_are_lost_are_counted() {
    let folder = Folder::new();
    let mut command = command(&["--addr", "127.0.0.1:0", "--access-log"]);
    command.env("RUST_LOG", "info").stderr(Stdio::piped()).current_dir(&folder.0);
    let (mut process, address) = serve(&mut command);
    let mut log = process.error_output();
    flood(address);
    // It ends in time as well.
    process.signal(Signal::TERM);
    assert!(process.status().success());
    let mut text = String::new();
    log.read_to_string(&mut text).unwrap();
    assert!(text.contains("path=\"/healthz\" status=200 bytes=3"), "{}", &text[..500]);

    // One that is read again says what is missing.
    let (mut process, address) = serve(&mut command);
    let mut log = process.error_output();
    flood(address);
    let (tell, told) = mpsc::channel();
    let reader = thread::spawn(move || {
        let mut text = String::new();
        let mut block = [0; 4096];
        while !text.contains("lines of the log are lost") {
            match log.read(&mut block) {
                Ok(length @ 1..) => text.push_str(&String::from_utf8_lossy(&block[..length])),
                end => panic!("{end:?}: {text}"),
            }
        }
        tell.send(()).unwrap();
        let _ = io::copy(&mut log, &mut io::sink());
    });
    told.recv_timeout(DEADLINE).expect("a count of the lines that are lost");
    process.signal(Signal::TERM);
    assert!(process.status().success());
    reader.join().unwrap();
}

#[test]
fn variables_that_are_not_for_it_change_nothing() {
    for (name, value) in [
        // Of a service that started the shell from which the demo is started.
        ("LISTEN_PID", "1"),
        ("LISTEN_FDNAMES", "http:admin"),
        ("UNBLOCK_CHILD", "0"),
        ("NOTIFY_SOCKET", "/nothing/there"),
    ] {
        for mode in ["unblock", "processes"] {
            let folder = Folder::new();
            let mut command = command(&["--addr", "127.0.0.1:0", "--mode", mode]);
            command.env(name, value).current_dir(&folder.0);
            if name == "LISTEN_PID" {
                command.env("LISTEN_FDS", "1");
            }
            let (_process, address) = serve(&mut command);
            assert_eq!(Client::new(address).get("/healthz").told(), (200, "ok\n"), "{name}");
        }
    }
    // What is for it and makes no sense is refused.
    for (name, value) in [("LISTEN_FDS", "7"), ("UNBLOCK_CORES", "many")] {
        let folder = Folder::new();
        let mut command = command(&["--addr", "127.0.0.1:0"]);
        let output = command.env(name, value).current_dir(&folder.0).output().unwrap();
        assert_refused_in_a_line(&output, name);
    }
}

#[test]
fn without_descriptors_it_says_so_or_serves() {
    let mut served = 0;
    for descriptors in 3..32 {
        let folder = Folder::new();
        let before = format!("ulimit -n {descriptors}");
        let mut command = after(&before, &["--loops", "2"], &folder);
        served += usize::from(says_so_or_serves(&mut command, &before));
    }
    assert!(served > 0 && served < 29, "few are not enough, and many are");
}

#[test]
fn without_threads_it_says_so_or_serves() {
    if !getuid().is_root() {
        return skipped("no threads", "a limit on them is one on all processes of this user");
    }
    if let Err(why) = executable_for_nobody() {
        return skipped("no threads", why);
    }
    if let Err(why) = Command::new("prlimit").arg("--version").output() {
        return skipped("no threads", format!("prlimit: {why}"));
    }
    // A user of this test alone: the threads of all that a user runs are counted together.
    let user = 60_000 + std::process::id() % 5_000;
    let mut served = 0;
    for threads in 1..16 {
        let folder = Folder::new();
        fs::set_permissions(&folder.0, Permissions::from_mode(0o777)).unwrap();
        let demo = after("true", &["--loops", "2"], &folder);
        let mut command = Command::new("prlimit");
        command.arg(format!("--nproc={threads}")).arg(demo.get_program()).args(demo.get_args());
        command.uid(user).current_dir(&folder.0);
        served += usize::from(says_so_or_serves(&mut command, &format!("{threads} threads")));
    }
    assert!(served > 0 && served < 15, "few are not enough, and many are");
}

/// Returns whether it serves light and heavy routes. If not, it must have refused to start, or say
/// in its log that it cannot accept connections, and end when it is told to.
#[track_caller]
fn says_so_or_serves(command: &mut Command, case: &str) -> bool {
    command.env("RUST_LOG", "warn").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("a shell starts");
    let pid = child.id();
    let log = BufReader::new(child.stderr.take().unwrap());
    let log = thread::spawn(move || {
        let mut told = String::new();
        for line in log.lines().map_while(Result::ok) {
            if line.contains("cannot accept connections") {
                kill(pid, Signal::TERM);
            }
            told += &(line + "\n");
        }
        told
    });
    let mut ready = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    if ready.is_empty() {
        let status = child.wait().unwrap();
        let told = log.join().unwrap();
        // There may have been too few to start it: for the shell, or for the system's loader.
        if !told.starts_with("sh: ") && status.code() != Some(127) {
            let output = Output { status, stdout: Vec::new(), stderr: told.into_bytes() };
            assert_refused_in_a_line(&output, case);
        }
        return false;
    }
    let address = address(ready.trim().split(" (").next().unwrap());
    let serves = ["/healthz", "/sleep/0", "/notes"].into_iter().all(|path| {
        let response = ask(address, path).unwrap_or_default();
        // The notes' file may find no descriptor.
        let is_fine = response.starts_with("HTTP/1.1 200 ")
            || (path == "/notes" && response.starts_with("HTTP/1.1 500 "));
        assert!(is_fine || response.is_empty(), "{case}: {response}");
        is_fine
    });
    if serves {
        kill(pid, Signal::TERM);
    }
    let status = child.wait().unwrap();
    let told = log.join().unwrap();
    assert!(status.success(), "{case}: {told}");
    assert!(serves || told.contains("cannot accept connections"), "{case}: {told}");
    serves
}

/// Asks on a connection of its own, which may be refused or broken off.
fn ask(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    Ok(response)
}

/// Says why a user without privileges could not run the demo.
fn executable_for_nobody() -> Result<(), String> {
    let mut command = command(&["--version"]);
    let output = command.uid(NOBODY).output().map_err(|error| error.to_string())?;
    output.status.success().then_some(()).ok_or_else(|| output.status.to_string())
}

#[test]
fn in_a_folder_that_is_read_only_it_says_so_and_a_database_in_memory_serves() {
    if getuid().is_root()
        && let Err(why) = executable_for_nobody()
    {
        return skipped("a folder that is read-only", why);
    }
    let folder = Folder::new();
    fs::set_permissions(&folder.0, Permissions::from_mode(0o555)).unwrap();
    let run = |options: &[&str]| {
        let mut command = command(options);
        command.args(["--addr", "127.0.0.1:0"]).current_dir(&folder.0);
        if getuid().is_root() {
            command.uid(NOBODY);
        }
        command
    };
    let output = run(&[]).output().unwrap();
    assert_refused_in_a_line(&output, "a folder that is read-only");
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot use the database notes.db"));
    let (_process, address) = serve(&mut run(&["--db", ":memory:"]));
    let client = Client::new(address);
    assert_eq!(client.post("/notes", "milk").told().0, 201);
}

/// Adds notes until many are refused, and returns how many were not. All else goes on meanwhile.
fn fill_the_disk(address: SocketAddr) -> usize {
    let client = Client::new(address);
    let note = "x".repeat(4000);
    let (mut added, mut refused) = (0, 0);
    // SQLite finds a little room again when it writes back what it has logged.
    while refused < 50 {
        let response = client.post("/notes", note.clone());
        if response.status == 201 {
            added += 1;
            assert!(added < 1000, "the limit is not one");
        } else {
            response.assert_line(500);
            refused += 1;
        }
        assert_eq!(client.get("/healthz").told(), (200, "ok\n"));
        assert_eq!(client.get("/notes").told().1.lines().count(), added.min(100));
    }
    added
}

#[test]
fn where_files_may_not_grow_notes_are_refused_and_none_is_lost() {
    let folder = Folder::new();
    let mut command = after("ulimit -f 200 && trap '' XFSZ", &[], &folder);
    let (mut process, address) = serve(&mut command);
    let added = fill_the_disk(address);
    process.signal(Signal::TERM);
    assert!(process.status().success());
    let (_process, address) = serve(&mut after("true", &[], &folder));
    let client = Client::new(address);
    let next = format!("added note {}\n", added + 1);
    assert_eq!(client.post("/notes", "more").told(), (201, &*next));
}

#[test]
fn on_a_full_disk_notes_are_refused_and_all_else_goes_on() {
    let folder = Folder::new();
    fs::create_dir(folder.0.join("disk")).unwrap();
    let mount = "mount -t tmpfs -o size=300k none disk";
    let mut command = match unshared(mount, &["--db", "disk/notes.db"], &folder) {
        Ok(command) => command,
        Err(why) => return skipped("a full disk", why),
    };
    let (mut process, address) = serve(&mut command);
    fill_the_disk(address);
    process.signal(Signal::TERM);
    assert!(process.status().success());
}

/// The demo, as the last command of a shell that runs `before`, with mounts of its own. Says why if
/// the machine does not permit that.
fn unshared(before: &str, options: &[&str], folder: &Folder) -> Result<Command, String> {
    let unshare = |shell: &Command| {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--map-root-user"]).arg(shell.get_program());
        command.args(shell.get_args()).env("RUST_LOG", "off").current_dir(&folder.0);
        command
    };
    let mut trial = Command::new("sh");
    let output = unshare(trial.args(["-c", before])).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(unshare(&after(before, options, folder)))
}

#[test]
fn a_database_that_is_locked_or_corrupt_is_the_notes_own_trouble() {
    let folder = Folder::new();
    let path = folder.0.join("notes.db");
    let demo = Demo::start(&["--db", path.to_str().unwrap()]);
    let client = Client::new(demo.address);
    assert_eq!(client.post("/notes", "milk").told().0, 201);

    let locks = Connection::open(&path).unwrap();
    locks.execute_batch("BEGIN IMMEDIATE").unwrap();
    let locked = client.post("/notes", "bread");
    locked.assert_line(503);
    assert_eq!(locked.headers["retry-after"], "1");
    assert_eq!(client.get("/notes").told(), (200, "1\tmilk\n"), "readers do not wait");
    locks.execute_batch("ROLLBACK").unwrap();
    drop(locks);
    assert_eq!(client.post("/notes", "bread").told().0, 201);

    // All but the first page, when nothing of the others is in the log any more.
    let moves = Connection::open(&path).unwrap();
    moves.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(moves);
    let mut bytes = fs::read(&path).unwrap();
    bytes[4096..].fill(b'x');
    fs::write(&path, bytes).unwrap();
    for _ in 0..10 {
        client.get("/notes").assert_line(500);
        client.post("/notes", "bread").assert_line(500);
        assert_eq!(client.get("/healthz").told(), (200, "ok\n"));
    }
}

#[test]
fn without_proc_it_serves_and_several_processes_are_refused_in_a_line() {
    let hide = "mount -t tmpfs none /proc";
    let folder = Folder::new();
    let mut command = match unshared(hide, &["--loops", "2"], &folder) {
        Ok(command) => command,
        Err(why) => return skipped("no /proc", why),
    };
    let (mut process, address) = serve(&mut command);
    let client = Client::new(address);
    let sleeps: Vec<_> = (0..20)
        .map(|_| client.begin(hyper::Method::GET, "/sleep/0.01", bytes::Bytes::new()))
        .collect();
    for path in ["/", "/healthz", "/spin/1000", "/notes", "/metrics"] {
        assert_eq!(client.get(path).status, 200, "{path}");
    }
    for sleep in sleeps {
        assert_eq!(sleep.wait().status, 200);
    }
    process.signal(Signal::TERM);
    assert!(process.status().success());

    let mut several = unshared(hide, &["--processes", "2"], &folder).unwrap();
    assert_refused_in_a_line(&several.output().unwrap(), "several processes without /proc");
}

/// A library that is loaded before the system's. Since the file `BACK` is there, it is ten years
/// ago.
const CLOCK: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*system_s)(clockid_t, struct timespec *);
    if (!system_s) system_s = dlsym(RTLD_NEXT, "clock_gettime");
    int outcome = system_s(clock, now);
    const char *back = getenv("BACK");
    if (clock == CLOCK_REALTIME && back && access(back, F_OK) == 0) now->tv_sec -= 315360000;
    return outcome;
}
"#;

/// Compiles the library, and says why that is not possible.
fn compile_clock(folder: &Path) -> Result<std::path::PathBuf, String> {
    let (source, library) = (folder.join("clock.c"), folder.join("clock.so"));
    fs::write(&source, CLOCK).unwrap();
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]).args([&library, &source]).arg("-ldl");
    let output = compiler.output().map_err(|error| error.to_string())?;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    output.status.success().then_some(library).ok_or(told)
}

#[test]
fn a_clock_that_is_set_back_changes_what_it_says_and_nothing_that_waits() {
    let folder = Folder::new();
    let library = match compile_clock(&folder.0) {
        Ok(library) => library,
        Err(why) => return skipped("a clock that is set back", why),
    };
    let back = folder.0.join("back");
    let mut command = command(&["--addr", "127.0.0.1:0", "--request-timeout", "2"]);
    command.env("LD_PRELOAD", library).env("BACK", &back).current_dir(&folder.0);
    let (mut process, address) = serve(&mut command);
    let client = Client::new(address);
    let says = || -> f64 {
        let response = client.get("/");
        response.told().1.split_whitespace().last().unwrap().parse().unwrap()
    };
    let before = says();
    let sleeps = client.begin(hyper::Method::GET, "/sleep/0.5", bytes::Bytes::new());
    fs::write(&back, "").unwrap();
    if says() > before {
        return skipped("a clock that is set back", "the library is not asked for the time");
    }
    assert_eq!(sleeps.wait().status, 200);
    assert_eq!(client.get("/sleep/0.01").status, 200);
    client.get("/sleep/3600").assert_line(504);
    fs::remove_file(&back).unwrap();
    assert!(says() >= before);
    assert_eq!(client.get("/spin/1000").status, 200);
    process.signal(Signal::TERM);
    assert!(process.status().success());
}
