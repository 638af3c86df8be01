//! poem: the handler is the blocking function itself, with `#[unblock]` above `#[handler]`, unless
//! an extractor borrows from the request, as `Data<&T>` does.

use std::sync::LazyLock;
use std::{io, thread, time::Duration};

use poem::http::StatusCode;
use poem::listener::{Acceptor as _, Listener as _, TcpListener};
use poem::web::{Data, Path};
use poem::{EndpointExt as _, IntoResponse as _, Response, Route, Server, error::ResponseError};
use poem::{get, handler, post};
use unblock_examples::{Topic, address};
use unblock_runtime::{Error, Pool, unblock};

/// One reader at a time, and one who waits. The third is refused.
static READERS: LazyLock<Pool> = LazyLock::new(|| {
    let pool = Pool::builder().name("readers").max_threads(1).queue_capacity(1);
    pool.build().expect("a thread can be started")
});

#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct AppError(#[from] Error);

impl ResponseError for AppError {
    fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.http_status()).expect("a status")
    }

    fn as_response(&self) -> Response {
        let response = self.0.to_string().with_status(self.status());
        match self.0.retry_after_secs() {
            Some(seconds) => response.with_header("retry-after", seconds).into_response(),
            None => response.into_response(),
        }
    }
}

// `Data<&Topic>` borrows, and a job must own what it takes: the handler stays `async`, and calls a
// function that is given a copy of the handle.
#[handler]
async fn next(Data(topic): Data<&Topic>) -> Result<String, AppError> {
    read(topic).await
}

#[unblock(pool = READERS, shed)]
fn read(topic: &Topic) -> Result<String, AppError> {
    Ok(topic.next())
}

#[unblock(timeout = "100ms")]
#[handler]
fn sleep(Path(millis): Path<u64>) -> Result<String, AppError> {
    thread::sleep(Duration::from_millis(millis));
    Ok(format!("slept {millis} ms"))
}

#[unblock]
#[handler]
fn divide(Path(by): Path<u32>) -> Result<String, AppError> {
    Ok((100 / by).to_string())
}

// What does not block stays on the event loop.
#[handler]
fn readers(Data(topic): Data<&Topic>) -> String {
    topic.readers().to_string()
}

#[handler]
fn publish(Data(topic): Data<&Topic>, Path(message): Path<String>) {
    topic.publish(&message);
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let routes = Route::new()
        .at("/next", get(next))
        .at("/sleep/:millis", get(sleep))
        .at("/divide/:by", get(divide))
        .at("/readers", get(readers))
        .at("/publish/:message", post(publish))
        .data(Topic::default());
    let acceptor = TcpListener::bind(address()).into_acceptor().await?;
    let listening = &acceptor.local_addr()[0];
    println!("listening on http://{}", listening.as_socket_addr().expect("it is TCP"));
    Server::new_with_acceptor(acceptor).run(routes).await
}
