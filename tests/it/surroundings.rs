//! Surroundings that a server does not choose: a log that fails, a thread that has a runtime, times
//! that are none, sockets that do not listen.
//!
//! Several servers in a program are in `processes`. What the system refuses to a whole program is
//! about the demo, whose tests have a file of this name too.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use tokio::runtime::Runtime;
use unblock_runtime::server::{Limits, RunningServer, Server, ServerBuilder, ServerError};

use crate::client::{Bare, Client};
use crate::frames::{Frame, Frames, status};
use crate::support::{DEADLINE, eventually, in_child};

fn router() -> Router {
    Router::new()
        .route("/", get(|| async { "hello\n" }).post(|body: String| async { body }))
        .route("/panic", get(panics))
}

async fn panics() -> &'static str {
    panic!("as a handler may")
}

fn start(builder: ServerBuilder) -> RunningServer {
    builder.loops(1).bind("127.0.0.1:0").unwrap().start(router()).unwrap()
}

/// Every line is one too many.
struct Bad;

impl std::io::Write for Bad {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        panic!("the log cannot be written")
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_log_that_fails_ends_no_answer_no_loop_and_no_stop() {
    const HERE: &str = "surroundings::a_log_that_fails_ends_no_answer_no_loop_and_no_stop";
    const VARIABLE: &str = "UNBLOCK_TEST_BAD_LOG";
    if std::env::var_os(VARIABLE).is_none() {
        return in_child(HERE, VARIABLE);
    }
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
        .with_writer(|| Bad)
        .init();
    let server = start(Server::builder().grace(Duration::ZERO));
    let mut connection = Bare::connect(server.local_addr());
    for _ in 0..3 {
        connection.get("/panic");
        assert_eq!(connection.response().0, 500);
        connection.get("/");
        assert_eq!(connection.response(), (200, "hello\n".to_owned()));
        // A line of the log at its end.
        let mut nonsense = Bare::connect(server.local_addr());
        nonsense.send("nonsense\r\n\r\n");
        nonsense.rest();
    }
    connection.send("POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 5\r\n\r\n");
    eventually("the request runs", || {
        let mut light = Bare::connect(server.local_addr());
        light.get("/");
        light.response().0 == 200
    });
    let report = server.stop().unwrap();
    assert_eq!(report.loops_stuck, 0);
    assert!(report.requests_cut <= 1, "{report}");
}

#[test]
fn serving_on_a_thread_that_has_a_runtime_is_an_error_that_says_what_to_call() {
    Runtime::new().unwrap().block_on(async {
        let server = Server::builder().bind("127.0.0.1:0").unwrap();
        let error = server.serve(router()).unwrap_err();
        assert!(matches!(error, ServerError::WithinRuntime));
        assert!(error.to_string().contains("serve_async"), "{error}");
    });
}

#[test]
fn an_async_main_serves_until_the_stop_or_until_it_waits_no_more() {
    let runtime = Runtime::new().unwrap();
    let server = Server::builder().loops(1).bind("127.0.0.1:0").unwrap();
    let (address, handle) = (server.local_addr(), server.handle());
    let serving = runtime.spawn(server.serve_async(router()));
    assert_eq!(Client::new(address).get("/").told(), (200, "hello\n"));
    handle.stop();
    let report = runtime.block_on(async { tokio::time::timeout(DEADLINE, serving).await });
    assert!(report.unwrap().unwrap().unwrap().is_clean());

    let server = Server::builder().loops(1).bind("127.0.0.1:0").unwrap();
    let (address, handle) = (server.local_addr(), server.handle());
    let serving = runtime.spawn(server.serve_async(router()));
    assert_eq!(Client::new(address).get("/").told(), (200, "hello\n"));
    serving.abort();
    eventually("the stop", || handle.is_stopping());
    eventually("nobody listens", || std::net::TcpStream::connect(address).is_err());
}

#[test]
fn a_time_of_nothing_is_refused_by_its_name() {
    let zero = Duration::ZERO;
    for (builder, name) in [
        (Server::builder().request_timeout(zero), "request_timeout"),
        (Server::builder().limits(Limits::new().idle(zero)), "idle"),
        (Server::builder().limits(Limits::new().header_read(zero)), "header_read"),
        (Server::builder().limits(Limits::new().body_read(zero, 1)), "body_read"),
        (Server::builder().limits(Limits::new().response_write(zero)), "response_write"),
        (Server::builder().limits(Limits::new().upgraded_idle(zero)), "upgraded_idle"),
    ] {
        let error = builder.bind("127.0.0.1:0").unwrap_err();
        assert!(matches!(error, ServerError::NoTime { .. }));
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn endless_times_are_none_that_overflow() {
    for endless in [Duration::MAX, Duration::from_secs(u64::MAX / 2), Duration::from_secs(1 << 62)]
    {
        let limits = Limits::new()
            .idle(endless)
            .header_read(endless)
            .body_read(endless, 1)
            .response_write(endless)
            .upgraded_idle(endless);
        let builder = Server::builder().request_timeout(endless).grace(endless).limits(limits);
        let server = start(builder);
        let mut connection = Bare::connect(server.local_addr());
        connection.get("/");
        assert_eq!(connection.response().0, 200);
        connection.send("POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 5\r\n\r\nhe");
        let mut frames = Frames::connect(server.local_addr(), &[]);
        frames.send(&Frame::request(1, "GET", "/"));
        assert_eq!(status(&frames.stream(1)), Some(200));
        connection.send("llo");
        assert_eq!(connection.response(), (200, "hello".to_owned()));
        drop(frames);
        assert!(server.stop().unwrap().is_clean());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_socket_that_does_not_listen_is_refused() {
    use rustix::net::{AddressFamily, SocketType, bind, socket};

    let bound = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&bound, &std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 0)).unwrap();
    let listener = std::net::TcpListener::from(bound);
    let address = listener.local_addr().unwrap();
    let error = Server::builder().from_listener(listener).unwrap_err();
    assert!(matches!(error, ServerError::NotListening { .. }));
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}

#[cfg(unix)]
#[test]
fn a_unix_socket_is_served_replaced_if_nobody_listens_at_it_and_removed_in_the_end() {
    use std::io::{Read as _, Write as _};
    use std::os::unix::net::{UnixListener, UnixStream};

    let path = std::env::temp_dir().join(format!("unblock-test-{}.sock", std::process::id()));
    drop(UnixListener::bind(&path).unwrap());
    for _ in 0..2 {
        let server = Server::builder().loops(2).bind_unix(&path).unwrap();
        assert!(server.local_addr().ip().is_unspecified());
        let server = server.start(router()).unwrap();
        // Connections go from loop to loop as those of TCP do.
        for _ in 0..20 {
            let mut stream = UnixStream::connect(&path).unwrap();
            stream.set_read_timeout(Some(DEADLINE)).unwrap();
            let request = "GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n";
            stream.write_all(request.as_bytes()).unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            assert!(text.starts_with("HTTP/1.1 200 ") && text.ends_with("hello\n"), "{text}");
        }
        let error = Server::builder().bind_unix(&path).unwrap_err();
        assert!(matches!(error, ServerError::Bind { .. }), "{error}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        assert!(server.stop().unwrap().is_clean());
        assert!(!path.exists());
    }
    // A server that never served.
    drop(Server::builder().bind_unix(&path).unwrap());
    assert!(!path.exists());
}

#[cfg(unix)]
#[test]
fn a_file_at_the_path_of_a_unix_socket_stays_and_so_does_the_socket_of_a_successor() {
    let folder = std::env::temp_dir().join(format!("unblock-test-{}-unix", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("notes");
    std::fs::write(&path, "kept").unwrap();
    let error = Server::builder().bind_unix(&path).unwrap_err();
    assert!(matches!(error, ServerError::Bind { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "kept");

    let path = folder.join("socket");
    let first = Server::builder().bind_unix(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let second = Server::builder().loops(1).bind_unix(&path).unwrap();
    let second = second.start(router()).unwrap();
    drop(first);
    assert!(std::os::unix::net::UnixStream::connect(&path).is_ok());
    second.stop().unwrap();
    assert!(!path.exists());
    std::fs::remove_dir_all(folder).unwrap();
}
