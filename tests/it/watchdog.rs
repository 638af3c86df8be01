//! The watchdog: handlers that block their loop are found, while they do and with the right words.
//!
//! A handler here blocks until the test has heard of it, so nothing depends on how fast anything
//! is.

use std::convert::Infallible;
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
#[cfg(all(target_os = "linux", not(unblock_by_time)))]
use axum::http::HeaderMap;
use axum::routing::get;
use hyper::Method;
use tokio::runtime::Builder;
use tokio::task::LocalSet;
use tracing_subscriber::EnvFilter;
use unblock_runtime::server::{RunningServer, Server};
use unblock_runtime::tower::WatchdogLayer;
use unblock_runtime::watchdog::{self, LongPoll};

use crate::axum_serve::axum_serve;
use crate::client::{Bare, Client};
use crate::support::{Gate, eventually, in_child, next};

const ADVICE: &str = "annotate the blocking function with #[unblock]";

fn start(router: Router) -> RunningServer {
    Server::builder().loops(1).bind("127.0.0.1:0").unwrap().start(router).unwrap()
}

/// The reports of what has this name.
fn reports_of(name: &'static str) -> Receiver<LongPoll> {
    let (tell, reports) = mpsc::channel();
    watchdog::on_blocked(move |poll| {
        if poll.name == name {
            let _ = tell.send(poll.clone());
        }
    });
    reports
}

/// A report of a poll that lasts, and what it says.
#[track_caller]
fn assert_lasts(reports: &Receiver<LongPoll>, place: &str, doing: &str) -> LongPoll {
    let poll = next(reports);
    let line = format!("{} has held {place} for {} ms and still does", poll.name, held(&poll));
    assert!(!poll.is_over, "{poll}");
    assert!(poll.held >= watchdog::DEFAULT_THRESHOLD, "{poll}");
    if cfg!(all(target_os = "linux", not(unblock_by_time))) {
        assert_eq!(poll.to_string(), format!("{line}: {doing}; {ADVICE}"));
    } else {
        assert_eq!(poll.to_string(), format!("{line}; {ADVICE}"));
    }
    poll
}

/// The report of the end of a poll that was reported before.
#[track_caller]
fn assert_ends(reports: &Receiver<LongPoll>, place: &str, before: &LongPoll) {
    let poll = next(reports);
    assert!(poll.is_over && poll.held >= before.held, "{poll}");
    assert_eq!((&poll.doing, poll.thread_id), (&before.doing, before.thread_id));
    let line = format!("{} held {place} for {} ms", poll.name, held(&poll));
    assert!(poll.to_string().starts_with(&line), "{poll}");
}

fn held(poll: &LongPoll) -> u128 {
    poll.held.as_millis()
}

/// The number of long polls of a route.
fn count(name: &str) -> u64 {
    watchdog::long_polls().iter().find(|route| route.name == name).map_or(0, |route| route.count)
}

/// Sends lines to the test.
struct Lines(mpsc::Sender<String>);

impl std::io::Write for Lines {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        let _ = self.0.send(String::from_utf8_lossy(line).trim().to_owned());
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A FIFO whose reader blocks until the test writes.
struct Fifo {
    path: std::path::PathBuf,
    writer: std::fs::File,
}

impl Fifo {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("unblock-{name}-{}", std::process::id()));
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        let writer = std::fs::File::options().read(true).write(true).open(&path).unwrap();
        Self { path, writer }
    }

    /// A handler as nobody should write one.
    fn read(path: &std::path::Path) -> String {
        let mut byte = [0];
        std::fs::File::open(path).unwrap().read_exact(&mut byte).unwrap();
        String::from_utf8_lossy(&byte).into_owned()
    }

    fn release(&self) {
        (&self.writer).write_all(b"x").unwrap();
    }
}

impl Drop for Fifo {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

#[test]
fn a_handler_that_reads_on_the_loop_is_named_with_the_file_while_it_does() {
    let reports = reports_of("GET /fifo");
    let fifo = Fifo::new("loop");
    let path = fifo.path.clone();
    let router = Router::new().route("/fifo", get(|| async move { Fifo::read(&path) }));
    let server = start(router);
    let client = Client::new(server.local_addr());
    let response = client.begin(Method::GET, "/fifo?secret=1", "".into());

    let doing = format!("asleep in read(2) of {}", fifo.path.display());
    let poll = assert_lasts(&reports, "event loop 0", &doing);
    assert_eq!((poll.thread.as_str(), poll.loop_number), ("unblock-loop-0", Some(0)));
    let stats = || watchdog::loops().into_iter().find(|stats| stats.thread_id == poll.thread_id);
    if poll.thread_id.is_some() {
        let stats = stats().unwrap();
        let current = stats.current.expect("a poll that is long");
        assert_eq!((stats.number, stats.long_polls), (Some(0), 0));
        assert_eq!(current.name, "GET /fifo");
        assert!(current.age >= poll.held);
        assert!(stats.busy >= poll.held && stats.lag.is_some() && stats.longest_lag.is_some());
    }
    assert!(watchdog::recent().iter().any(|recent| recent.name == poll.name && !recent.is_over));

    fifo.release();
    assert_eq!(response.wait().told(), (200, "x"));
    assert_ends(&reports, "event loop 0", &poll);
    assert_eq!(count("GET /fifo"), 1, "the two reports are of one poll");
    if poll.thread_id.is_some() {
        let stats = stats().unwrap();
        assert_eq!((stats.current, stats.long_polls), (None, 1));
        assert!(stats.polls >= 1);
        server.stop().unwrap();
        eventually("the loop is not listed after its end", || {
            watchdog::loops().iter().all(|stats| stats.thread_id != poll.thread_id)
        });
    }
}

#[test]
fn what_computes_sleeps_or_waits_for_a_lock_is_called_so() {
    let done = Arc::new([const { AtomicBool::new(false) }; 2]);
    let gate = Gate::new();
    let (spins, sleeps, waits) = (done.clone(), done.clone(), gate.clone());
    let router = Router::new()
        .route(
            "/spin",
            get(|| async move {
                while !spins[0].load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            }),
        )
        .route(
            "/sleep",
            get(|| async move {
                while !sleeps[1].load(Ordering::Relaxed) {
                    thread::sleep(Duration::from_millis(100));
                }
            }),
        )
        .route("/lock", get(|| async move { waits.wait() }));
    let server = start(router);
    let client = Client::new(server.local_addr());
    let cases: [(&str, &str, &str, &dyn Fn()); 3] = [
        ("/spin", "GET /spin", "computing", &|| done[0].store(true, Ordering::Relaxed)),
        ("/sleep", "GET /sleep", "asleep in clock_nanosleep(2)", &|| {
            done[1].store(true, Ordering::Relaxed);
        }),
        ("/lock", "GET /lock", "asleep in futex(2), for a lock or for another thread", &|| {
            gate.open();
        }),
    ];
    for (path, name, doing, release) in cases {
        let reports = reports_of(name);
        let response = client.begin(Method::GET, path, "".into());
        let poll = assert_lasts(&reports, "event loop 0", doing);
        release();
        assert_eq!(response.wait().status, 200);
        assert_ends(&reports, "event loop 0", &poll);
    }
}

#[test]
fn a_layer_finds_a_handler_under_axum_serve_and_knows_its_route() {
    let reports = reports_of("GET /serve/{id}");
    let fifo = Fifo::new("serve");
    let path = fifo.path.clone();
    let router = Router::new()
        .route("/serve/{id}", get(|| async move { Fifo::read(&path) }))
        .layer(WatchdogLayer::new());
    let client = Client::new(axum_serve(router));
    let doing = format!("asleep in read(2) of {}", fifo.path.display());
    for id in 1..=2 {
        let response = client.begin(Method::GET, &format!("/serve/{id}"), "".into());
        let poll = next(&reports);
        let place = format!("thread {}", poll.thread);
        assert!(poll.loop_number.is_none() && !poll.is_over);
        if cfg!(all(target_os = "linux", not(unblock_by_time))) {
            assert_eq!(poll.doing.as_deref(), Some(&*doing));
        }
        fifo.release();
        assert_eq!(response.wait().told(), (200, "x"));
        assert_ends(&reports, &place, &poll);
        assert_eq!(count("GET /serve/{id}"), id);
    }
}

#[test]
fn the_layer_tells_this_server_the_route() {
    let reports = reports_of("GET /here/{id}");
    let gate = Gate::new();
    let at = gate.clone();
    let router = Router::new()
        .route("/here/{id}", get(|| async move { at.wait() }))
        .layer(WatchdogLayer::new());
    let server = start(router);
    let client = Client::http2(server.local_addr());
    let response = client.begin(Method::GET, "/here/1", "".into());
    let poll = next(&reports);
    assert!(!poll.is_over && poll.loop_number == Some(0));
    gate.open();
    assert_eq!(response.wait().status, 200);
    assert_ends(&reports, "event loop 0", &poll);
    assert_eq!((count("GET /here/{id}"), count("GET /here/1")), (1, 0));
}

#[test]
fn a_future_is_watched_under_any_executor_and_once() {
    let (outer, inner) = (reports_of("outer"), reports_of("inner"));
    let gate = Gate::new();
    let at = gate.clone();
    let blocked = thread::Builder::new().name("a local set".into()).spawn(move || {
        let runtime = Builder::new_current_thread().build().unwrap();
        let local = LocalSet::new();
        let nested = watchdog::watch("inner", async move {
            tokio::task::yield_now().await;
            at.wait();
        });
        local.spawn_local(watchdog::watch("outer", nested));
        runtime.block_on(local);
    });
    let doing = "asleep in futex(2), for a lock or for another thread";
    let poll = assert_lasts(&outer, "thread a local set", doing);
    gate.open();
    assert_ends(&outer, "thread a local set", &poll);
    blocked.unwrap().join().unwrap();
    assert!(inner.try_recv().is_err(), "the outer one has the name");
}

#[test]
fn the_stream_of_a_body_is_watched() {
    struct Blocks(Gate);
    impl Iterator for Blocks {
        type Item = Result<&'static str, Infallible>;

        fn next(&mut self) -> Option<Self::Item> {
            self.0.wait();
            None
        }
    }
    let reports = reports_of("GET /stream");
    let gate = Gate::new();
    let at = gate.clone();
    let router = Router::new().route(
        "/stream",
        get(|| async move {
            let parts = Mutex::new(Blocks(at));
            let next = move |_: &mut std::task::Context<'_>| {
                std::task::Poll::Ready(parts.lock().unwrap().next())
            };
            Body::from_stream(Parts(next))
        }),
    );
    let server = start(router);
    let client = Client::new(server.local_addr());
    let response = client.begin(Method::GET, "/stream", "".into());
    let doing = "asleep in futex(2), for a lock or for another thread";
    let poll = assert_lasts(&reports, "event loop 0", doing);
    gate.open();
    assert_eq!(response.wait().status, 200);
    assert_ends(&reports, "event loop 0", &poll);
}

/// A stream of a function.
struct Parts<F>(F);

impl<T, F: FnMut(&mut std::task::Context<'_>) -> std::task::Poll<Option<T>> + Unpin>
    futures_core::Stream for Parts<F>
{
    type Item = T;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<T>> {
        (self.0)(cx)
    }
}

/// A handler that blocks and then panics, and one whose client goes meanwhile; then requests go on
/// and no poll is left open.
fn assert_nothing_is_left<T>(
    names: [&'static str; 2],
    serve: impl FnOnce(Router) -> (SocketAddr, T),
) {
    let [panics, leaves] = names.map(|name| (reports_of(name), Gate::new()));
    let (first, second) = (panics.1.clone(), leaves.1.clone());
    let path = |name: &'static str| name.strip_prefix("GET ").unwrap();
    let panicking = || async move {
        first.wait();
        assert!(!std::hint::black_box(true), "the secret reason");
    };
    let router = Router::new()
        .route("/", get(|| async { "hello\n" }))
        .route(path(names[0]), get(panicking))
        .route(path(names[1]), get(|| async move { second.wait() }));
    let (address, _server) = serve(router);
    let (client, mut gone) = (Client::new(address), Bare::connect(address));

    let response = client.begin(Method::GET, path(names[0]), "".into());
    let poll = next(&panics.0);
    panics.1.open();
    let _ = response.outcome();
    assert!(!poll.is_over && next(&panics.0).is_over);
    assert_eq!(client.get("/").told(), (200, "hello\n"));

    gone.get(path(names[1]));
    let poll = next(&leaves.0);
    drop(gone);
    leaves.1.open();
    assert!(!poll.is_over && next(&leaves.0).is_over);
    assert_eq!(client.get("/").told(), (200, "hello\n"));
    assert_eq!(names.map(count), [1, 1]);
    let stats = watchdog::loops();
    let mut threads = stats.iter().filter(|stats| stats.thread_id == poll.thread_id);
    assert!(threads.all(|stats| stats.current.is_none()), "{stats:?}");
}

#[test]
fn a_handler_that_panics_and_a_client_that_goes_leave_nothing() {
    assert_nothing_is_left(["GET /panics", "GET /leaves"], |router| {
        let server = start(router);
        (server.local_addr(), server)
    });
    assert_nothing_is_left(["GET /panics/there", "GET /leaves/there"], |router| {
        (axum_serve(router.layer(WatchdogLayer::new())), ())
    });
}

#[test]
fn a_hook_that_panics_is_contained_and_a_stranger_cannot_write_the_log() {
    watchdog::on_blocked(|poll| {
        assert!(!poll.name.starts_with("GET /\\u{e9}"), "the secret reason");
    });
    let reports = reports_of("GET /\\u{e9}t\\u{e9}");
    let gate = Gate::new();
    let at = gate.clone();
    let router = Router::new().fallback(|| async move { at.wait() });
    let server = start(router);
    let mut client = Bare::connect(server.local_addr());
    client.send("GET /\u{e9}t\u{e9}?secret=1 HTTP/1.1\r\nhost: a\r\n\r\n");
    let poll = next(&reports);
    gate.open();
    assert_eq!(client.response().0, 200);
    assert_ends(&reports, "event loop 0", &poll);
}

#[test]
fn a_server_without_watchdog_has_no_readings_and_no_reports() {
    let reports = reports_of("GET /unwatched");
    let (tell, told) = mpsc::channel();
    let router = Router::new().route(
        "/unwatched",
        get(|| async move {
            let thread = rustix::thread::gettid().as_raw_nonzero().get();
            tell.send(thread).unwrap();
            thread::sleep(4 * watchdog::DEFAULT_THRESHOLD);
        }),
    );
    let builder = Server::builder().loops(1).long_poll(None);
    let server = builder.bind("127.0.0.1:0").unwrap().start(router).unwrap();
    let client = Client::new(server.local_addr());
    assert_eq!(client.get("/unwatched").status, 200);
    let thread = Some(next(&told));
    assert!(watchdog::loops().iter().all(|stats| stats.thread_id != thread));
    server.stop().unwrap();
    assert!(reports.try_recv().is_err());
}

/// Requests that compute for some microseconds, and each fiftieth for some milliseconds, beside
/// eight threads for each core that compute for ever. Other platforms cannot tell waits for a core.
#[cfg(all(target_os = "linux", not(unblock_by_time)))]
fn assert_honest(requests: u32, name: &'static str) {
    let reports = reports_of(name);
    let path = name.strip_prefix("GET ").unwrap();
    let honest = get(|head: HeaderMap| async move {
        let rounds = if head.contains_key("long") { 200_000 } else { 1000 };
        (0..rounds).map(std::hint::black_box).sum::<u64>().to_string()
    });
    let router = Router::new().route(path, honest);
    let server = start(router.clone());
    let addresses = [server.local_addr(), axum_serve(router.layer(WatchdogLayer::new()))];
    let is_over = AtomicBool::new(false);
    let cores = thread::available_parallelism().map_or(2, usize::from);
    let longest = thread::scope(|scope| {
        for _ in 0..8 * cores {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        let mut longest = Duration::ZERO;
        for address in addresses {
            let mut client = Bare::connect(address);
            for number in 0..requests / 2 {
                let begun = Instant::now();
                let field = if number % 50 == 0 { "long: 1\r\n" } else { "" };
                client.send(format!("GET {path} HTTP/1.1\r\nhost: a\r\n{field}\r\n"));
                assert_eq!(client.response().0, 200);
                longest = longest.max(begun.elapsed());
            }
        }
        is_over.store(true, Ordering::Relaxed);
        longest
    });
    println!("the longest of {requests} requests took {longest:?}");
    let reports: Vec<_> = reports.try_iter().map(|poll| poll.to_string()).collect();
    assert!(reports.is_empty(), "{} reports: {reports:#?}", reports.len());
}

#[cfg(all(target_os = "linux", not(unblock_by_time)))]
#[test]
fn a_request_that_waits_for_a_core_is_no_long_poll() {
    assert_honest(200, "GET /honest");
}

#[cfg(all(target_os = "linux", not(unblock_by_time)))]
#[test]
#[ignore = "it takes a while"]
fn ten_thousand_requests_beside_busy_neighbors_are_no_long_polls() {
    assert_honest(10_000, "GET /honest/often");
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_that_was_stopped_in_a_poll_has_had_no_long_one() {
    use rustix::process::{Signal, getpid, kill_process};

    const HERE: &str = "watchdog::a_process_that_was_stopped_in_a_poll_has_had_no_long_one";
    const VARIABLE: &str = "UNBLOCK_TEST_WATCHDOG_STOP";
    if std::env::var_os(VARIABLE).is_none() {
        return in_child(HERE, VARIABLE);
    }
    let reports = reports_of("GET /stop");
    let router = Router::new()
        .route("/stop", get(|| async { kill_process(getpid(), Signal::STOP).unwrap() }));
    let server = start(router);
    let mut client = Bare::connect(server.local_addr());
    let pid = std::process::id();
    let wakes = format!(
        "until grep -q 'T (stopped)' /proc/{pid}/status; do sleep 0.01; done; sleep 0.3; \
         kill -CONT {pid}"
    );
    let mut shell = std::process::Command::new("sh").args(["-c", &wakes]).spawn().unwrap();
    client.get("/stop");
    assert_eq!(client.response().0, 200);
    assert!(shell.wait().unwrap().success());
    server.stop().unwrap();
    assert_eq!(reports.try_iter().map(|poll| poll.to_string()).collect::<Vec<_>>(), [""; 0]);
}

#[cfg(target_os = "linux")]
#[test]
fn each_process_has_a_watcher_that_sleeps_while_its_loops_do() {
    use rustix::process::Signal;

    use crate::process::{Process, address, assert_sleep};

    let mut server =
        Process::start(std::process::Command::new(env!("CARGO_BIN_EXE_held")).arg("ready"));
    let address = address(&server.line());
    let watchers = |pid: u32| {
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten();
        let is_watcher = |task: &std::path::PathBuf| {
            std::fs::read_to_string(task.join("comm")).is_ok_and(|name| name == "unblock-watcher\n")
        };
        tasks.flatten().map(|task| task.path()).filter(is_watcher).collect::<Vec<_>>()
    };
    eventually("a watcher in each child", || {
        let mut client = Bare::connect(address);
        client.get("/");
        client.response();
        let children = server.children();
        children.len() == 2 && children.iter().all(|child| watchers(*child).len() == 1)
    });
    assert!(watchers(server.pid()).is_empty(), "the parent has no loops");
    assert_sleep(|| server.children().into_iter().flat_map(watchers).collect());
    server.signal(Signal::TERM);
    assert!(server.status().success());
}

#[test]
fn a_long_poll_is_two_lines_of_the_log() {
    const HERE: &str = "watchdog::a_long_poll_is_two_lines_of_the_log";
    const VARIABLE: &str = "UNBLOCK_TEST_WATCHDOG_LOG";
    if std::env::var_os(VARIABLE).is_none() {
        return in_child(HERE, VARIABLE);
    }
    let (tell, lines) = mpsc::channel();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("unblock_runtime::watchdog=warn"))
        .with_ansi(false)
        .without_time()
        .with_writer(move || Lines(tell.clone()))
        .init();
    let gate = Gate::new();
    let at = gate.clone();
    let server = start(Router::new().route("/log", get(|| async move { at.wait() })));
    let client = Client::new(server.local_addr());
    let response = client.begin(Method::GET, "/log", "".into());
    let line = next(&lines);
    let begins = "WARN unblock_runtime::watchdog: GET /log has held event loop 0 for ";
    assert!(line.starts_with(begins) && line.contains(ADVICE), "{line}");
    gate.open();
    assert_eq!(response.wait().status, 200);
    let line = next(&lines);
    let begins = "WARN unblock_runtime::watchdog: GET /log held event loop 0 for ";
    assert!(line.starts_with(begins) && line.contains(ADVICE), "{line}");
    server.stop().unwrap();
    assert!(lines.try_recv().is_err(), "these two");
}
