//! Blocking handlers under `axum::serve`, on a runtime of one thread: while one of them sleeps, the
//! thread serves other requests. Prints the responses to two requests of its own:
//!
//! ```text
//! GET /health: ok
//! GET /sleep/500: slept 500 ms
//! ```

use std::{io, net::SocketAddr, thread, time::Duration};

use axum::{Router, extract::Path, routing::get};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use unblock_runtime::{Error, unblock};

#[unblock(timeout = "2s")] // the feature `axum` makes a response of `Error`: 504 for `TimedOut`
fn sleep(Path(millis): Path<u64>) -> Result<String, Error> {
    thread::sleep(Duration::from_millis(millis));
    Ok(format!("slept {millis} ms"))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let routes =
        Router::new().route("/sleep/{millis}", get(sleep)).route("/health", get(async || "ok"));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let requests = async move { tokio::join!(ask(address, "/sleep/500"), ask(address, "/health")) };
    let stop = async move { drop(requests.await) }; // a real server would wait for a signal
    axum::serve(listener, routes).with_graceful_shutdown(stop).await
}

async fn ask(address: SocketAddr, path: &str) -> io::Result<()> {
    let (mut stream, mut response) = (TcpStream::connect(address).await?, String::new());
    stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await?;
    stream.read_to_string(&mut response).await?;
    println!("GET {path}: {}", response.split("\r\n\r\n").nth(1).unwrap_or("no body"));
    Ok(())
}
