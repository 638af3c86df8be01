//! The servers that are compared: the same routes, each with its framework's way to run what blocks.
//!
//! Each is at its defaults, or at what its documentation offers or recommends.

use std::future::Future;
use std::sync::Arc;
use std::thread::{self, available_parallelism};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::spawn_blocking;

use crate::server::{Contender, announce};
use crate::spin::spin;

/// The first is the one that the others are compared with.
pub(crate) const CONTENDERS: &[Contender] = &[
    Contender { name: "unblock (demo-server, defaults)", serve: None },
    Contender {
        name: "axum, spawn_blocking at its defaults",
        serve: Some(|| serve_axum(&multi_thread().build().expect("a runtime"), in_background)),
    },
    Contender {
        name: "axum, spawn_blocking, max_blocking_threads = cores",
        serve: Some(|| {
            let runtime = multi_thread().max_blocking_threads(cores()).build().expect("a runtime");
            serve_axum(&runtime, in_background);
        }),
    },
    // What the documentation of `spawn_blocking` recommends for computing, in its two variants.
    Contender {
        name: "axum, spawn_blocking behind a Semaphore(cores)",
        serve: Some(|| {
            let permits = Arc::new(Semaphore::new(cores()));
            let run = move |work| {
                let permits = Arc::clone(&permits);
                async move {
                    let _permit = permits.acquire().await.expect("an open semaphore");
                    in_background(work).await
                }
            };
            serve_axum(&multi_thread().build().expect("a runtime"), run);
        }),
    },
    Contender {
        name: "axum, rayon + oneshot",
        serve: Some(|| serve_axum(&multi_thread().build().expect("a runtime"), on_rayon)),
    },
    Contender { name: "actix-web, web::block at its defaults", serve: Some(|| serve_actix(None)) },
    Contender { name: "actix-web, web::block, a thread per worker", serve: Some(|| serve_actix(Some(1))) },
];

/// What a route is to do, off the event loop.
type Work = Box<dyn FnOnce() -> String + Send>;

async fn in_background(work: Work) -> String {
    spawn_blocking(work).await.expect("the work's value")
}

async fn on_rayon(work: Work) -> String {
    let (sender, receiver) = oneshot::channel();
    rayon::spawn(move || {
        // The client may have gone.
        let _ = sender.send(work());
    });
    receiver.await.expect("the work's value")
}

fn multi_thread() -> Builder {
    let mut builder = Builder::new_multi_thread();
    builder.enable_all();
    builder
}

fn cores() -> usize {
    available_parallelism().map_or(1, Into::into)
}

fn serve_axum<F>(runtime: &Runtime, run: impl Fn(Work) -> F + Clone + Send + Sync + 'static)
where
    F: Future<Output = String> + Send + 'static,
{
    let run_too = run.clone();
    let router = Router::new()
        .route("/", get(async || hello()))
        .route("/spin/{micros}", get(move |Path(micros): Path<u64>| run(spinning(micros))))
        .route("/sleep/{seconds}", get(move |Path(seconds): Path<f64>| run_too(sleeping(seconds))));
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        announce(listener.local_addr().expect("the socket's address"));
        axum::serve(listener, router).await.expect("to serve");
    });
}

fn serve_actix(blocking_threads_per_worker: Option<usize>) {
    use actix_web::rt::System;
    use actix_web::web::{Path, block, get};
    use actix_web::{App, HttpServer};

    System::new().block_on(async {
        let mut server = HttpServer::new(|| {
            App::new()
                .route("/", get().to(async || hello()))
                .route(
                    "/spin/{micros}",
                    get().to(async |micros: Path<u64>| {
                        block(spinning(*micros)).await.expect("the work's value")
                    }),
                )
                .route(
                    "/sleep/{seconds}",
                    get().to(async |time: Path<f64>| block(sleeping(*time)).await.expect("the work's value")),
                )
        });
        if let Some(threads) = blocking_threads_per_worker {
            server = server.worker_max_blocking_threads(threads);
        }
        let server = server.bind("127.0.0.1:0").expect("a socket");
        announce(server.addrs()[0]);
        server.run().await.expect("to serve");
    });
}

fn spinning(micros: u64) -> Work {
    Box::new(move || spin(Duration::from_micros(micros)))
}

fn sleeping(seconds: f64) -> Work {
    Box::new(move || {
        thread::sleep(Duration::from_secs_f64(seconds));
        format!("Awake! {}\n", now())
    })
}

fn hello() -> String {
    format!("Hello, world {}\n", now())
}

fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{}.{:03}", since.as_secs(), since.subsec_millis())
}
