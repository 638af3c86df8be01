//! A thousand clients that send their requests a byte at a time, as the attack named Slowloris
//! does: half of them the head, half of them the body.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::routing::get;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use unblock_runtime::server::{Limits, Report, Server};

use crate::client::{Bare, Client};
use crate::support::{DEADLINE, eventually, in_child, may_open, open_files};

const CLIENTS: usize = 1000;
const LIMIT: Duration = Duration::from_secs(2);
/// How often a client sends a byte: enough to look alive, and too little for a body to earn much
/// time by it.
const TRICKLE: Duration = Duration::from_millis(100);

const HEAD: &str = "GET / HTTP/1.1\r\nhost: test\r\nlong: ";
const BODY: &str = "POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 10000\r\n\r\n";

/// Sends `begin` and then a byte at a time, until the server closes the connection. What came from
/// it, and after how long.
async fn trickle(
    server: SocketAddr,
    begin: &str,
    connected: Arc<AtomicUsize>,
) -> (String, Duration) {
    let start = Instant::now();
    let mut stream = TcpStream::connect(server).await.expect("a connection");
    stream.write_all(begin.as_bytes()).await.expect("to send");
    connected.fetch_add(1, Ordering::SeqCst);
    let (mut from, mut to) = stream.split();
    let mut response = Vec::new();
    let mut turn = tokio::time::interval(TRICKLE);
    loop {
        tokio::select! {
            read = from.read_buf(&mut response) => match read {
                Ok(1..) => {}
                // A reset is an end like any other.
                Ok(0) | Err(_) => break,
            },
            // When this fails, the other one tells what had come before.
            _ = turn.tick() => drop(to.write(b"x").await),
        }
    }
    (String::from_utf8(response).expect("text"), start.elapsed())
}

#[test]
fn a_thousand_slow_clients_are_cut_off_and_the_light_route_answers_meanwhile() {
    const VARIABLE: &str = "UNBLOCK_TEST_SLOW_LORIS";
    if std::env::var_os(VARIABLE).is_none() {
        // In a process of its own, where nobody else opens files.
        let name = "a_thousand_slow_clients_are_cut_off_and_the_light_route_answers_meanwhile";
        return in_child(&format!("slow_loris::{name}"), VARIABLE);
    }
    // Both ends of a connection are in this process. Where it may not have that many, there are
    // fewer clients.
    let clients = CLIENTS.min(may_open(2 * CLIENTS + 500).saturating_sub(500) / 2);
    let router = Router::new()
        .route("/", get(|| async { "hello\n" }).post(|_: Bytes| async { "a whole body\n" }));
    let limits = Limits::new().header_read(LIMIT).body_read(LIMIT, 500);
    let server = Server::builder().loops(1).limits(limits);
    let server = server.bind("127.0.0.1:0").unwrap().start(router).unwrap();
    let address = server.local_addr();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();

    // A connection that stays; the server's own files are there when it has answered.
    let mut patient = Bare::connect(address);
    patient.get("/");
    assert_eq!(patient.response().0, 200);
    let files_before = open_files();
    let connected = Arc::new(AtomicUsize::new(0));
    let mut crowd = JoinSet::new();
    for nth in 0..clients {
        let (slow_head, connected) = (nth % 2 == 0, connected.clone());
        let begin = if slow_head { HEAD } else { BODY };
        let client = async move { (slow_head, trickle(address, begin, connected).await) };
        crowd.spawn_on(client, runtime.handle());
    }
    let ends = runtime.spawn(async { tokio::time::timeout(DEADLINE, crowd.join_all()).await });

    // Somebody else, on the same connection all the time and on a new one for each request.
    let client = Client::new(address);
    let mut while_all_were_there = 0;
    while !ends.is_finished() {
        while_all_were_there += usize::from(connected.load(Ordering::SeqCst) == clients);
        assert_eq!(client.get("/").told(), (200, "hello\n"));
        let mut fresh = Bare::connect(address);
        fresh.get("/");
        assert_eq!(fresh.response(), (200, "hello\n".to_owned()));
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(while_all_were_there > 0);

    let ends = runtime.block_on(ends).unwrap().expect("an end of all connections");
    assert_eq!(ends.len(), clients);
    for (slow_head, (response, time)) in ends {
        assert!(time >= LIMIT, "{time:?}: {response}");
        if slow_head {
            assert_eq!(response, "");
        } else {
            assert!(response.starts_with("HTTP/1.1 408 "), "{response:?}");
            assert!(response.ends_with("\r\n\r\nthe body came too slowly\n"), "{response:?}");
        }
    }
    drop(client);
    eventually("the server has closed all of them", || open_files() == files_before);
    patient.get("/");
    assert_eq!(patient.response().0, 200);
    drop(patient);
    // It ends when its own count is 0.
    assert_eq!(server.stop().unwrap(), Report::default());
}
