//! tokio's runtime of one thread, with state that only this thread may touch: an `Rc` is there
//! after the `.await` as it was before, and the compiler keeps it out of the bodies of annotated
//! functions. On the runtime of several threads see `hyper`.

use std::cell::Cell;
use std::convert::Infallible;
use std::rc::Rc;
use std::str::FromStr;
use std::sync::LazyLock;
use std::{io, thread, time::Duration};

use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::{LocalSet, spawn_local};
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

/// What the loop alone touches, and no lock guards.
#[derive(Default)]
struct Service {
    topic: Topic,
    read: Cell<u64>,
}

impl Service {
    async fn route(&self, method: &Method, path: &str) -> Result<String, Failure> {
        match (method.as_str(), path[1..].split_once('/').unwrap_or((&path[1..], ""))) {
            ("GET", ("next", "")) => {
                let message = next(&self.topic).await?;
                self.read.set(self.read.get() + 1); // on the thread of the loop again
                Ok(message)
            }
            ("GET", ("sleep", millis)) => sleep(number(millis)?).await,
            ("GET", ("divide", by)) => divide(number(by)?).await,
            // What does not block stays on the event loop.
            ("GET", ("readers", "")) => Ok(self.topic.readers().to_string()),
            ("GET", ("read", "")) => Ok(self.read.get().to_string()),
            ("POST", ("publish", message)) => {
                self.topic.publish(message);
                Ok(String::new())
            }
            _ => Err(Failure(StatusCode::NOT_FOUND, "not found".to_owned())),
        }
    }
}

async fn respond(
    service: Rc<Service>,
    request: Request<Incoming>,
) -> Result<Response<String>, Infallible> {
    let outcome = service.route(request.method(), request.uri().path()).await;
    let (status, text) = match outcome {
        Ok(text) => (StatusCode::OK, text),
        Err(Failure(status, text)) => (status, text),
    };
    let mut response = Response::new(text);
    *response.status_mut() = status;
    Ok(response)
}

async fn serve() -> io::Result<()> {
    let state = Rc::new(Service::default());
    let listener = TcpListener::bind(address()).await?;
    println!("listening on http://{}", listener.local_addr()?);
    loop {
        let (socket, _) = listener.accept().await?;
        let state = state.clone();
        let service = service_fn(move |request| respond(state.clone(), request));
        spawn_local(http1::Builder::new().serve_connection(TokioIo::new(socket), service));
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    LocalSet::new().run_until(serve()).await
}
