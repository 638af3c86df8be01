//! smol: an annotated function is awaited under this executor as under any other. hyper speaks HTTP
//! here, and `smol-hyper` lends it smol's sockets; there is no tokio.

use std::convert::Infallible;
use std::str::FromStr;
use std::sync::LazyLock;
use std::{io, thread, time::Duration};

use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};
use hyper::{server::conn::http1, service::service_fn};
use smol::net::TcpListener;
use smol_hyper::rt::FuturesIo;
use unblock_examples::{Topic, address};
use unblock_runtime::{Error, Pool, unblock};

/// One reader at a time, and one who waits. The third is refused.
static READERS: LazyLock<Pool> = LazyLock::new(|| {
    let pool = Pool::builder().name("readers").max_threads(1).queue_capacity(1);
    pool.build().expect("a thread can be started")
});

/// The status and the text of a response to what failed.
struct Failure(StatusCode, String);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = StatusCode::from_u16(error.http_status()).expect("a status");
        Self(status, error.to_string())
    }
}

fn number<T: FromStr>(text: &str) -> Result<T, Failure> {
    text.parse().map_err(|_| Failure(StatusCode::BAD_REQUEST, format!("{text} is no number")))
}

#[unblock(pool = READERS, shed)]
fn next(topic: &Topic) -> Result<String, Failure> {
    Ok(topic.next())
}

#[unblock(timeout = "100ms")]
fn sleep(millis: u64) -> Result<String, Failure> {
    thread::sleep(Duration::from_millis(millis));
    Ok(format!("slept {millis} ms"))
}

#[unblock]
fn divide(by: u32) -> Result<String, Failure> {
    Ok((100 / by).to_string())
}

async fn route(topic: &Topic, method: &Method, path: &str) -> Result<String, Failure> {
    match (method.as_str(), path[1..].split_once('/').unwrap_or((&path[1..], ""))) {
        ("GET", ("next", "")) => next(topic).await,
        ("GET", ("sleep", millis)) => sleep(number(millis)?).await,
        ("GET", ("divide", by)) => divide(number(by)?).await,
        // What does not block stays on the event loop.
        ("GET", ("readers", "")) => Ok(topic.readers().to_string()),
        ("POST", ("publish", message)) => {
            topic.publish(message);
            Ok(String::new())
        }
        _ => Err(Failure(StatusCode::NOT_FOUND, "not found".to_owned())),
    }
}

async fn respond(topic: Topic, request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    let outcome = route(&topic, request.method(), request.uri().path()).await;
    let (status, text) = match outcome {
        Ok(text) => (StatusCode::OK, text),
        Err(Failure(status, text)) => (status, text),
    };
    let mut response = Response::new(text);
    *response.status_mut() = status;
    Ok(response)
}

fn main() -> io::Result<()> {
    smol::block_on(async {
        let topic = Topic::default();
        let listener = TcpListener::bind(address()).await?;
        println!("listening on http://{}", listener.local_addr()?);
        loop {
            let (socket, _) = listener.accept().await?;
            let topic = topic.clone();
            let service = service_fn(move |request| respond(topic.clone(), request));
            let connection =
                http1::Builder::new().serve_connection(FuturesIo::new(socket), service);
            smol::spawn(connection).detach();
        }
    })
}
