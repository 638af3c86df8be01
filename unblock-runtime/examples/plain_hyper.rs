//! A blocking function in a service of plain hyper, without a framework and without the server of
//! this library. Prints the response to a request of its own:
//!
//! ```text
//! GET /hello: 532
//! ```

use std::{convert::Infallible, io, net::SocketAddr};

use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use unblock_runtime::unblock;

#[unblock]
fn checksum(text: &str) -> u32 {
    text.bytes().map(u32::from).sum()
}

async fn respond(request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    Ok(Response::new(checksum(&request.uri().path()[1..]).await.to_string()))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = tokio::spawn(ask(listener.local_addr()?, "/hello"));
    let (socket, _) = listener.accept().await?; // a real server would loop, and spawn the rest
    http1::Builder::new().serve_connection(TokioIo::new(socket), service_fn(respond)).await?;
    Ok(client.await??)
}

async fn ask(address: SocketAddr, path: &str) -> io::Result<()> {
    let (mut stream, mut response) = (TcpStream::connect(address).await?, String::new());
    stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await?;
    stream.read_to_string(&mut response).await?;
    println!("GET {path}: {}", response.split("\r\n\r\n").nth(1).unwrap_or("no body"));
    Ok(())
}
