//! salvo: the handler is the blocking function itself, with `#[unblock]` above `#[handler]`, if all
//! that it takes is owned, as `PathParam` is. What takes `&mut Request`, `&mut Response` or
//! `&mut Depot` stays `async`, and awaits a function.

use std::sync::LazyLock;
use std::{thread, time::Duration};

use salvo::extract::PathParam;
use salvo::http::header;
use salvo::{affix_state, conn::Acceptor as _, prelude::*};
use unblock_examples::{Topic, address};
use unblock_runtime::{Error, Pool, unblock};

/// One reader at a time, and one who waits. The third is refused.
static READERS: LazyLock<Pool> = LazyLock::new(|| {
    let pool = Pool::builder().name("readers").max_threads(1).queue_capacity(1);
    pool.build().expect("a thread can be started")
});

struct AppError(Error);

impl From<Error> for AppError {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl Scribe for AppError {
    fn render(self, response: &mut Response) {
        response.status_code(StatusCode::from_u16(self.0.http_status()).expect("a status"));
        if let Some(seconds) = self.0.retry_after_secs() {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response.render(self.0.to_string());
    }
}

#[handler]
async fn next(depot: &mut Depot) -> Result<String, AppError> {
    read(topic(depot)).await
}

#[unblock(pool = READERS, shed)]
fn read(topic: Topic) -> Result<String, AppError> {
    Ok(topic.next())
}

#[unblock(timeout = "100ms")]
#[handler]
fn sleep(millis: PathParam<u64>) -> Result<String, AppError> {
    thread::sleep(Duration::from_millis(*millis));
    Ok(format!("slept {millis} ms"))
}

#[unblock]
#[handler]
fn divide(by: PathParam<u32>) -> Result<String, AppError> {
    Ok((100 / *by).to_string())
}

// What does not block stays on the event loop.
#[handler]
async fn readers(depot: &mut Depot) -> String {
    topic(depot).readers().to_string()
}

#[handler]
async fn publish(depot: &mut Depot, message: PathParam<String>) {
    topic(depot).publish(&message);
}

fn topic(depot: &Depot) -> Topic {
    depot.get_typed::<Topic>().expect("the router injects it").clone()
}

#[tokio::main]
async fn main() {
    let routes = Router::new()
        .hoop(affix_state::inject(Topic::default()))
        .push(Router::with_path("next").get(next))
        .push(Router::with_path("sleep/{millis}").get(sleep))
        .push(Router::with_path("divide/{by}").get(divide))
        .push(Router::with_path("readers").get(readers))
        .push(Router::with_path("publish/{message}").post(publish));
    let acceptor = TcpListener::new(address()).bind().await;
    let listening = acceptor.holdings()[0].local_addr.clone().into_std();
    println!("listening on http://{}", listening.expect("it is TCP"));
    Server::new(acceptor).serve(routes).await;
}
