//! A tower service, under this project's server; any other that takes tower services will do. The
//! layers of tower go around it, and `DeadlineLayer` gives all jobs of a request one deadline.

use std::convert::Infallible;
use std::error;
use std::sync::LazyLock;
use std::{thread, time::Duration};

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, Response, StatusCode};
use tower::{ServiceBuilder, service_fn};
use unblock_examples::{Topic, address};
use unblock_runtime::server::{Body, Server, TextResponse};
use unblock_runtime::tower::DeadlineLayer;
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

async fn route(topic: Topic, request: Request<Body>) -> Result<String, AppError> {
    let path = &request.uri().path()[1..];
    match (request.method().as_str(), path.split_once('/').unwrap_or((path, ""))) {
        ("GET", ("next", "")) => next(&topic).await,
        ("GET", ("sleep", millis)) => sleep(millis.parse()?).await,
        ("GET", ("divide", by)) => divide(by.parse()?).await,
        // What does not block stays on the event loop.
        ("GET", ("readers", "")) => Ok(topic.readers().to_string()),
        ("POST", ("publish", message)) => {
            topic.publish(message);
            Ok(String::new())
        }
        _ => Err(AppError::NotFound),
    }
}

#[derive(Debug, thiserror::Error)]
enum AppError {
    #[error("bad request: {0}")]
    BadRequest(#[from] std::num::ParseIntError),
    #[error("not found")]
    NotFound,
    #[error(transparent)]
    Call(#[from] Error),
}

impl From<AppError> for TextResponse {
    fn from(error: AppError) -> Self {
        match &error {
            AppError::BadRequest(_) => Self::new(StatusCode::BAD_REQUEST, error.to_string()),
            AppError::NotFound => Self::new(StatusCode::NOT_FOUND, error.to_string()),
            // 503 with `Retry-After`, 504 or 500.
            AppError::Call(error) => Self::from(error),
        }
    }
}

fn respond(outcome: Result<String, AppError>) -> Response<Full<Bytes>> {
    match outcome {
        Ok(text) => Response::new(text.into()),
        Err(error) => TextResponse::from(error).into_response(),
    }
}

fn main() -> Result<(), Box<dyn error::Error>> {
    let topic = Topic::default();
    let service = ServiceBuilder::new().layer(DeadlineLayer::new(Duration::from_mins(1))).service(
        service_fn(move |request| {
            let outcome = route(topic.clone(), request);
            async { Ok::<_, Infallible>(respond(outcome.await)) }
        }),
    );
    let server = Server::builder().bind(address())?;
    println!("listening on http://{}", server.local_addr());
    server.serve(service)?;
    Ok(())
}
