//! Plain hyper on tokio's runtime of several threads: the service awaits annotated functions. On
//! the runtime of one thread see `tokio_current_thread`.

use std::convert::Infallible;
use std::sync::LazyLock;
use std::{io, thread, time::Duration};

use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode, header};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use unblock_examples::{Topic, address};
use unblock_runtime::{Error, Pool, unblock};

/// One reader at a time, and one who waits. The third is refused.
static READERS: LazyLock<Pool> = LazyLock::new(|| {
    let pool = Pool::builder().name("readers").max_threads(1).queue_capacity(1);
    pool.build().expect("a thread can be started")
});

#[unblock(pool = READERS, shed)]
fn next(topic: &Topic) -> Result<String, AppError> {
    Ok(topic.next())
}

#[unblock(timeout = "100ms")]
fn sleep(millis: u64) -> Result<String, AppError> {
    thread::sleep(Duration::from_millis(millis));
    Ok(format!("slept {millis} ms"))
}

#[unblock]
fn divide(by: u32) -> Result<String, AppError> {
    Ok((100 / by).to_string())
}

async fn route(topic: &Topic, method: &Method, path: &str) -> Result<String, AppError> {
    match (method.as_str(), path[1..].split_once('/').unwrap_or((&path[1..], ""))) {
        ("GET", ("next", "")) => next(topic).await,
        ("GET", ("sleep", millis)) => {
            sleep(millis.parse().map_err(|_| AppError::BadRequest)?).await
        }
        ("GET", ("divide", by)) => divide(by.parse().map_err(|_| AppError::BadRequest)?).await,
        // What does not block stays on the event loop.
        ("GET", ("readers", "")) => Ok(topic.readers().to_string()),
        ("POST", ("publish", message)) => {
            topic.publish(message);
            Ok(String::new())
        }
        _ => Err(AppError::NotFound),
    }
}

enum AppError {
    BadRequest,
    NotFound,
    Call(Error),
}

impl From<Error> for AppError {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

impl From<AppError> for Response<String> {
    fn from(error: AppError) -> Self {
        let (status, text) = match &error {
            AppError::BadRequest => (StatusCode::BAD_REQUEST, "bad request".to_owned()),
            AppError::NotFound => (StatusCode::NOT_FOUND, "not found".to_owned()),
            AppError::Call(error) => {
                let status = StatusCode::from_u16(error.http_status()).expect("a status");
                (status, error.to_string())
            }
        };
        let mut response = Response::new(text);
        *response.status_mut() = status;
        if let AppError::Call(error) = error
            && let Some(seconds) = error.retry_after_secs()
        {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

async fn respond(topic: Topic, request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    let outcome = route(&topic, request.method(), request.uri().path()).await;
    Ok(outcome.map_or_else(Response::from, Response::new))
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let topic = Topic::default();
    let listener = TcpListener::bind(address()).await?;
    println!("listening on http://{}", listener.local_addr()?);
    loop {
        let (socket, _) = listener.accept().await?;
        let topic = topic.clone();
        let service = service_fn(move |request| respond(topic.clone(), request));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service));
    }
}
