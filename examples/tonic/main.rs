//! tonic: the method of the service is the blocking function itself. Write `async fn` in the
//! `impl`, as `#[tonic::async_trait]` wants it, and `#[unblock]` above it. `Status` cannot have
//! `From<Error>`, so the option `error` makes one; and the time that a client gives its call
//! (`grpc-timeout`) is the `timeout` of the job.

#[rustfmt::skip]
#[expect(clippy::pedantic, unreachable_pub, reason = "it is generated")]
mod news;

use std::sync::{Arc, LazyLock};
use std::{error, thread, time::Duration};

use tokio::net::TcpListener;
use tonic::metadata::MetadataMap;
use tonic::transport::{Server, server::TcpIncoming};
use tonic::{Code, Request, Response, Status};
use unblock_examples::{Topic, address};
use unblock_runtime::{Error, Pool, unblock};

use crate::news::news_server::{News, NewsServer};
use crate::news::{Empty, Number, Text};

/// One reader at a time, and one who waits. The third is refused.
static READERS: LazyLock<Pool> = LazyLock::new(|| {
    let pool = Pool::builder().name("readers").max_threads(1).queue_capacity(1);
    pool.build().expect("a thread can be started")
});

fn status(error: Error) -> Status {
    let code = match error {
        Error::TimedOut => Code::DeadlineExceeded,
        Error::Panicked(_) => Code::Internal,
        Error::Overloaded { .. } => Code::ResourceExhausted,
        _ => Code::Unavailable,
    };
    let mut status = Status::new(code, error.to_string());
    status.set_source(Arc::new(error)); // for the log of the server
    status
}

/// Returns how long the job may take: somewhat less than the client gives to its call, because
/// tonic ends the call with `Cancelled` then, and the client is to hear `DeadlineExceeded`. If it
/// gives no time, 100 ms.
fn time(metadata: &MetadataMap) -> Duration {
    let given = metadata.get("grpc-timeout").and_then(|value| value.to_str().ok());
    given.and_then(parse).map_or(Duration::from_millis(100), |time| time / 10 * 9)
}

/// Parses a number of at most eight digits with its unit, as gRPC writes it.
fn parse(time: &str) -> Option<Duration> {
    let (number, unit) = time.split_at_checked(time.len().checked_sub(1)?)?;
    let number = number.parse::<u32>().ok()?.into();
    match unit {
        "H" => Some(Duration::from_hours(number)),
        "M" => Some(Duration::from_mins(number)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

/// The service. It is a handle: the job of a method gets a clone.
#[derive(Clone, Default)]
struct Service {
    topic: Topic,
}

#[tonic::async_trait]
impl News for Service {
    #[unblock(pool = READERS, shed, error = status)]
    async fn next(&self, _: Request<Empty>) -> Result<Response<Text>, Status> {
        Ok(Response::new(Text { text: self.topic.next() }))
    }

    #[unblock(timeout = time(request.metadata()), error = status)]
    async fn sleep(&self, request: Request<Number>) -> Result<Response<Text>, Status> {
        let millis = request.into_inner().value;
        if millis > 60_000 {
            return Err(Status::invalid_argument("at most a minute"));
        }
        thread::sleep(Duration::from_millis(millis));
        Ok(Response::new(Text { text: format!("slept {millis} ms") }))
    }

    #[unblock(error = status)]
    async fn divide(&self, request: Request<Number>) -> Result<Response<Number>, Status> {
        Ok(Response::new(Number { value: 100 / request.into_inner().value }))
    }

    // What does not block stays on the event loop.
    async fn readers(&self, _: Request<Empty>) -> Result<Response<Number>, Status> {
        Ok(Response::new(Number { value: self.topic.readers() as u64 }))
    }

    async fn publish(&self, request: Request<Text>) -> Result<Response<Empty>, Status> {
        self.topic.publish(&request.get_ref().text);
        Ok(Response::new(Empty {}))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn error::Error>> {
    let listener = TcpListener::bind(address()).await?;
    println!("listening on http://{}", listener.local_addr()?);
    Server::builder()
        .add_service(NewsServer::new(Service::default()))
        .serve_with_incoming(TcpIncoming::from(listener))
        .await?;
    Ok(())
}
