//! Rocket: the handler is the blocking function itself, with `#[unblock]` above `#[get]`, unless it
//! takes `&State<T>`, which is borrowed from Rocket.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::LazyLock;
use std::{error, thread, time::Duration};

use rocket::fairing::AdHoc;
use rocket::http::Status;
use rocket::response::{self, Responder, Response};
use rocket::{Config, Request, State, config::LogLevel, get, post, routes};
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

impl<'r> Responder<'r, 'static> for AppError {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let mut response = Response::build_from(self.0.to_string().respond_to(request)?);
        response.status(Status::new(self.0.http_status()));
        if let Some(seconds) = self.0.retry_after_secs() {
            response.raw_header("retry-after", seconds.to_string());
        }
        response.ok()
    }
}

// `State` cannot be cloned, so the handler stays `async`, and calls a function that is given a copy
// of the handle in it.
#[get("/next")]
async fn next(topic: &State<Topic>) -> Result<String, AppError> {
    read(topic).await
}

#[unblock(pool = READERS, shed)]
fn read(topic: &Topic) -> Result<String, AppError> {
    Ok(topic.next())
}

#[unblock(timeout = "100ms")]
#[get("/sleep/<millis>")]
fn sleep(millis: u64) -> Result<String, AppError> {
    thread::sleep(Duration::from_millis(millis));
    Ok(format!("slept {millis} ms"))
}

#[unblock]
#[get("/divide/<by>")]
fn divide(by: u32) -> Result<String, AppError> {
    Ok((100 / by).to_string())
}

// What does not block stays on the event loop.
#[get("/readers")]
fn readers(topic: &State<Topic>) -> String {
    topic.readers().to_string()
}

#[post("/publish/<message>")]
fn publish(topic: &State<Topic>, message: &str) {
    topic.publish(message);
}

#[rocket::main]
async fn main() -> Result<(), Box<dyn error::Error>> {
    let listen = address().to_socket_addrs()?.next().ok_or("no such address")?;
    let config = Config {
        address: listen.ip(),
        port: listen.port(),
        log_level: LogLevel::Critical,
        ..Config::default()
    };
    rocket::custom(config)
        .manage(Topic::default())
        .mount("/", routes![next, sleep, divide, readers, publish])
        .attach(AdHoc::on_liftoff("address", |rocket| {
            Box::pin(async {
                let Config { address, port, .. } = *rocket.config();
                println!("listening on http://{}", SocketAddr::new(address, port));
            })
        }))
        .launch()
        .await?;
    Ok(())
}
