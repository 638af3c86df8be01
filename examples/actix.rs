//! actix-web: the handler is the blocking function itself, with its extractors, and `#[unblock]`
//! stands above `#[get]`.

use std::sync::LazyLock;
use std::{io, thread, time::Duration};

use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, Path};
use actix_web::{App, HttpResponse, HttpServer, ResponseError, get, post};
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
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.http_status()).expect("a status")
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        if let Some(seconds) = self.0.retry_after_secs() {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        response.body(self.to_string())
    }
}

// The name of an extractor is that of its type; `HttpRequest` is not `Send` and must not go to the
// pool.
#[unblock(pool = READERS, shed)]
#[get("/next")]
fn next(topic: Data<Topic>) -> Result<String, AppError> {
    Ok(topic.next())
}

#[unblock(timeout = "100ms")]
#[get("/sleep/{millis}")]
fn sleep(millis: Path<u64>) -> Result<String, AppError> {
    thread::sleep(Duration::from_millis(*millis));
    Ok(format!("slept {millis} ms"))
}

#[unblock]
#[get("/divide/{by}")]
fn divide(by: Path<u32>) -> Result<String, AppError> {
    Ok((100 / *by).to_string())
}

// What does not block stays on the event loop.
#[get("/readers")]
async fn readers(topic: Data<Topic>) -> String {
    topic.readers().to_string()
}

#[post("/publish/{message}")]
async fn publish(topic: Data<Topic>, message: Path<String>) -> &'static str {
    topic.publish(&message);
    ""
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    let topic = Data::new(Topic::default());
    let server = HttpServer::new(move || {
        let app = App::new().app_data(topic.clone());
        app.service(next).service(sleep).service(divide).service(readers).service(publish)
    });
    let server = server.bind(address())?;
    println!("listening on http://{}", server.addrs()[0]);
    server.run().await
}
