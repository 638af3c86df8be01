//! Connections that become something else than HTTP: no byte of them is lost, they count, and they
//! are part of the stop.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use unblock_runtime::server::{Limits, RunningServer, Server, ServerBuilder};

use crate::axum_serve::axum_serve;
use crate::client::Bare;
use crate::frames::{
    DATA, END_HEADERS, END_STREAM, Frame, Frames, HEADERS, block, status as status_of,
};
use crate::support::{DEADLINE, eventually, next};

/// The status 200 as the static table of HPACK has it (RFC 7541, appendix A).
const STATUS_200: u8 = 0x88;

/// Accepts an upgrade, or a `CONNECT`, and leaves the stream to `talk`.
fn router<F>(talk: impl Fn(TokioIo<Upgraded>) -> F + Clone + Send + Sync + 'static) -> Router
where
    F: Future<Output = ()> + Send + 'static,
{
    let accept = move |mut request: Request| async move {
        let connect = request.method() == hyper::Method::CONNECT;
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            if let Ok(stream) = upgrade.await {
                talk(TokioIo::new(stream)).await;
            }
        });
        if connect {
            return StatusCode::OK.into_response();
        }
        let headers = [(header::CONNECTION, "upgrade"), (header::UPGRADE, "echo")];
        (StatusCode::SWITCHING_PROTOCOLS, headers).into_response() as Response
    };
    Router::new().fallback(any(accept))
}

/// Says goodbye first, closes its writing half, and then counts what comes.
fn writes_then_reads(counted: mpsc::Sender<usize>) -> Router {
    router(move |stream| {
        let counted = counted.clone();
        async move {
            let (mut read, mut write) = tokio::io::split(stream);
            write.write_all(b"goodbye").await.unwrap();
            write.shutdown().await.unwrap();
            let mut all = Vec::new();
            read.read_to_end(&mut all).await.unwrap();
            counted.send(all.len()).unwrap();
        }
    })
}

/// Sends back what comes, and closes when the other side has.
async fn echo(stream: TokioIo<Upgraded>) {
    let (mut read, mut write) = tokio::io::split(stream);
    let _ = tokio::io::copy(&mut read, &mut write).await;
    let _ = write.shutdown().await;
}

fn start(builder: ServerBuilder, router: Router) -> RunningServer {
    builder.bind("127.0.0.1:0").unwrap().start(router).unwrap()
}

/// The header block of a `CONNECT` in HTTP/2.
fn connect() -> Vec<u8> {
    block(&[(":method", "CONNECT"), (":authority", "test:1")])
}

/// Asks for an upgrade with `more` right behind the request, and reads the head of the response.
fn upgrade(server: SocketAddr, more: &[u8]) -> TcpStream {
    let head =
        "GET / HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n".as_bytes();
    let stream = ask(server, &[head, more].concat());
    stream.expect("the upgrade is accepted")
}

fn ask(server: SocketAddr, request: &[u8]) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(request).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    Some(stream)
}

#[test]
fn what_comes_after_the_handler_has_closed_its_half_arrives() {
    let (tell, told) = mpsc::channel();
    let server = start(Server::builder().loops(1), writes_then_reads(tell.clone()));
    for address in [server.local_addr(), axum_serve(writes_then_reads(tell))] {
        for request in [
            "GET / HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n",
            "CONNECT test:1 HTTP/1.1\r\nhost: test:1\r\n\r\n",
        ] {
            let mut stream = ask(address, request.as_bytes()).unwrap();
            let mut goodbye = String::new();
            stream.read_to_string(&mut goodbye).unwrap();
            assert_eq!(goodbye, "goodbye");
            stream.write_all(&vec![b'x'; 100_000]).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            assert_eq!(next(&told), 100_000);
        }
    }
}

#[test]
fn a_hundred_megabytes_go_each_way_and_half_a_close_ends_only_one() {
    const BYTES: usize = 100 << 20;
    let server = start(Server::builder().loops(1), router(echo));
    for address in [server.local_addr(), axum_serve(router(echo))] {
        let mut stream = upgrade(address, b"early ");
        let mut sender = stream.try_clone().unwrap();
        let sends = thread::spawn(move || {
            let block: Vec<u8> = (0..1_u32 << 18).flat_map(u32::to_le_bytes).collect();
            for _ in 0..BYTES / block.len() {
                sender.write_all(&block).unwrap();
            }
            sender.shutdown(Shutdown::Write).unwrap();
        });
        let mut early = [0; 6];
        stream.read_exact(&mut early).unwrap();
        assert_eq!(&early, b"early ");
        let mut buffer = vec![0; 1 << 20];
        let mut received = 0;
        loop {
            let length = stream.read(&mut buffer).unwrap();
            if length == 0 {
                break;
            }
            for (at, byte) in (received..).zip(&buffer[..length]) {
                let number = u32::try_from(at / 4 % (1 << 18)).unwrap();
                assert_eq!(*byte, number.to_le_bytes()[at % 4], "byte {at}");
            }
            received += length;
        }
        assert_eq!(received, BYTES);
        sends.join().unwrap();
    }
}

#[test]
fn an_upgraded_connection_counts_as_one_of_the_connections() {
    let limits = Limits::new().connections(1);
    let server = start(Server::builder().loops(2).limits(limits), router(echo));
    let mut first = upgrade(server.local_addr(), b"");
    let mut second = TcpStream::connect(server.local_addr()).unwrap();
    second
        .write_all(b"GET / HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: e\r\n\r\n")
        .unwrap();
    // The first goes on meanwhile, and the second is not served beside it.
    for _ in 0..100 {
        first.write_all(b"ping").unwrap();
        first.read_exact(&mut [0; 4]).unwrap();
    }
    second.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    assert!(second.read(&mut [0]).is_err(), "it was served beside the first");
    drop(first);
    second.set_read_timeout(Some(DEADLINE)).unwrap();
    assert_eq!(second.read(&mut [0; 9]).unwrap(), 9);
}

#[test]
fn a_stop_waits_for_upgraded_connections() {
    let server = start(Server::builder().loops(2), router(echo));
    let mut stream = upgrade(server.local_addr(), b"");
    let handle = server.handle();
    handle.stop();
    let (tell, told) = mpsc::channel();
    let waits = thread::spawn(move || tell.send(server.wait().unwrap()).unwrap());
    for _ in 0..100 {
        stream.write_all(b"ping").unwrap();
        stream.read_exact(&mut [0; 4]).unwrap();
    }
    assert!(told.try_recv().is_err(), "the stop has not waited");
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    assert!(next(&told).is_clean());
    waits.join().unwrap();
}

#[test]
fn a_handler_of_an_upgraded_connection_hears_of_the_stop() {
    let server = Server::builder().loops(1).bind("127.0.0.1:0").unwrap();
    let handle = server.handle();
    let router = router(move |stream| {
        let handle = handle.clone();
        async move {
            handle.stopping().await;
            let (_, mut write) = tokio::io::split(stream);
            write.write_all(b"goodbye").await.unwrap();
        }
    });
    let server = server.start(router).unwrap();
    let mut stream = upgrade(server.local_addr(), b"");
    assert!(server.stop().unwrap().is_clean());
    let mut goodbye = String::new();
    stream.read_to_string(&mut goodbye).unwrap();
    assert_eq!(goodbye, "goodbye");
}

#[test]
fn an_upgraded_connection_that_outlasts_the_grace_period_is_cut_and_counted() {
    let server = start(Server::builder().loops(2).grace(Duration::ZERO), router(echo));
    let mut stream = upgrade(server.local_addr(), b"");
    stream.write_all(b"ping").unwrap();
    stream.read_exact(&mut [0; 4]).unwrap();
    let report = server.stop().unwrap();
    assert_eq!((report.connections_cut, report.loops_stuck), (1, 0), "{report}");
    assert!(matches!(stream.read(&mut [0]), Ok(0) | Err(_)));
}

#[test]
fn a_connection_that_does_not_become_something_else_is_as_it_was() {
    let server = start(Server::builder().loops(1), Router::new());
    let mut stream = ask(
        server.local_addr(),
        b"GET / HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n",
    )
    .unwrap();
    // 404, and the next request is answered.
    stream.write_all(b"GET / HTTP/1.1\r\nhost: test\r\n\r\n").unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 404");
}

#[test]
fn a_tunnel_of_http2_is_no_idle_connection() {
    let limits = Limits::new().idle(Duration::from_millis(50));
    let server = start(Server::builder().loops(1).limits(limits), router(echo));
    let mut frames = Frames::connect(server.local_addr(), &[]);
    frames.send(&Frame::new(HEADERS, END_HEADERS, 1, connect()));
    let response = frames.next_of(HEADERS).expect("a response");
    assert_eq!((response.stream, response.flags & END_STREAM), (1, 0));
    for _ in 0..10 {
        thread::sleep(Duration::from_millis(20));
        frames.send(&Frame::new(DATA, 0, 1, *b"ping"));
        assert_eq!(frames.next_of(DATA).expect("an echo").payload, b"ping");
    }
    frames.send(&Frame::new(DATA, END_STREAM, 1, *b"bye"));
    let last = frames.stream(1);
    let bytes: Vec<u8> = last.iter().flat_map(|frame| frame.payload.clone()).collect();
    assert_eq!(bytes, b"bye");
}

#[test]
fn beyond_their_limit_upgrades_are_refused_and_the_connection_goes_on() {
    let limits = Limits::new().upgraded_connections(1);
    let server = start(Server::builder().loops(2).limits(limits), router(echo));
    let address = server.local_addr();
    let mut first = upgrade(address, b"");
    for request in [
        "GET / HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n",
        "CONNECT test:1 HTTP/1.1\r\nhost: test:1\r\n\r\n",
    ] {
        let mut second = Bare::connect(address);
        for _ in 0..3 {
            second.send(request);
            let (status, text) = second.response();
            assert_eq!(status, 503);
            assert!(text.ends_with('\n') && text.lines().count() == 1, "{text}");
        }
        // A tunnel of HTTP/2 is one of them, too.
        let mut frames = Frames::connect(address, &[]);
        frames.send(&Frame::new(HEADERS, END_HEADERS, 1, connect()));
        assert_eq!(status_of(&frames.stream(1)), Some(503));
        first.write_all(b"ping").unwrap();
        first.read_exact(&mut [0; 4]).unwrap();
    }
    drop(first);
    eventually("another one is accepted", || {
        let mut next = Bare::connect(address);
        next.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: e\r\n\r\n");
        next.response().0 == 101
    });
}

#[test]
fn tunnels_of_http2_are_counted_each_until_it_has_ended() {
    let limits = Limits::new().upgraded_connections(2);
    let server = start(Server::builder().loops(1).limits(limits), router(echo));
    let mut frames = Frames::connect(server.local_addr(), &[]);
    let accepts = |frames: &mut Frames, stream: u32| {
        frames.send(&Frame::new(HEADERS, END_HEADERS, stream, connect()));
        let response = frames.next_of(HEADERS).expect("a response");
        assert_eq!(response.stream, stream);
        response.flags & END_STREAM == 0 && response.payload[0] == STATUS_200
    };
    assert!(accepts(&mut frames, 1) && accepts(&mut frames, 3));
    let mut stream = 5;
    assert!(!accepts(&mut frames, stream));
    for ended in [1, 3] {
        frames.send(&Frame::new(DATA, END_STREAM, ended, *b"bye"));
        eventually("another tunnel", || {
            stream += 2;
            accepts(&mut frames, stream)
        });
    }
}

/// The time for which upgraded connections may be silent.
const SILENCE: Duration = Duration::from_millis(200);

/// Speaks for longer than the time of silence, and returns whether that was never in danger: the
/// machine may stop for a while.
fn speaks(mut send: impl FnMut()) -> bool {
    let mut last = Instant::now();
    (0..10).all(|_| {
        thread::sleep(SILENCE / 4);
        send();
        std::mem::replace(&mut last, Instant::now()).elapsed() < SILENCE / 2
    })
}

/// Reads in one task and writes in another, each for its own half. Tells how reading ends.
fn reads_and_writes(told: mpsc::Sender<Result<usize, ErrorKind>>) -> Router {
    router(move |stream| {
        let told = told.clone();
        async move {
            let (mut read, mut write) = tokio::io::split(stream);
            let writes = tokio::spawn(async move {
                let block = vec![0; 1 << 16];
                while write.write_all(&block).await.is_ok() {}
            });
            let end = loop {
                match read.read(&mut [0]).await {
                    Ok(1..) => {}
                    end => break end,
                }
            };
            told.send(end.map_err(|error| error.kind())).unwrap();
            writes.await.unwrap();
        }
    })
}

#[test]
fn a_silent_upgraded_connection_is_given_up() {
    let limits = Limits::new().upgraded_idle(SILENCE);
    let (tell, told) = mpsc::channel();
    let server = start(Server::builder().loops(1).limits(limits), reads_and_writes(tell));
    // It reads nothing, so that the handler cannot write for ever.
    let mut silent = upgrade(server.local_addr(), b"");
    assert_eq!(next(&told), Err(ErrorKind::TimedOut));
    assert!(server.stop().unwrap().is_clean(), "both halves have been dropped");
    let _ = silent.read_to_end(&mut Vec::new());
}

#[test]
fn an_upgraded_connection_that_speaks_is_not_given_up() {
    let limits = Limits::new().upgraded_idle(SILENCE);
    let server = start(Server::builder().loops(1).limits(limits), router(echo));
    while !{
        let mut stream = upgrade(server.local_addr(), b"");
        let mut frames = Frames::connect(server.local_addr(), &[]);
        frames.send(&Frame::new(HEADERS, END_HEADERS, 1, connect()));
        frames.next_of(HEADERS).expect("a response");
        let mut echoes = true;
        let undisturbed = speaks(|| {
            let sent = stream.write_all(b"ping").and_then(|()| stream.read_exact(&mut [0; 4]));
            frames.send(&Frame::new(DATA, 0, 1, *b"ping"));
            echoes &= sent.is_ok() && frames.next_of(DATA).is_some();
        });
        assert!(echoes || !undisturbed);
        undisturbed
    } {}
}

#[test]
fn a_silent_tunnel_of_http2_ends_with_its_connection() {
    let limits = Limits::new().upgraded_idle(SILENCE);
    let server = start(Server::builder().loops(1).limits(limits), router(echo));
    let mut frames = Frames::connect(server.local_addr(), &[]);
    frames.send(&Frame::new(HEADERS, END_HEADERS, 1, connect()));
    frames.send(&Frame::new(DATA, 0, 1, *b"ping"));
    assert_eq!(frames.next_of(DATA).expect("an echo").payload, b"ping");
    assert!(frames.next_of(DATA).is_none(), "closed");
}
