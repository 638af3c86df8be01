//! Servers with the same routes, each with its framework's way to run a blocking function.

use std::thread::available_parallelism;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use tokio::runtime::{Builder, Runtime};

use super::{Contender, Program, announce};

/// The demo of this project, at its default settings.
pub const DEMO: Contender =
    Contender { name: "unblock (demo-server, defaults)", program: Program::Demo };

/// axum, whose blocking functions run on tokio's pool of up to 512 threads.
pub const AXUM: Contender = Contender {
    name: "axum, spawn_blocking at its default",
    program: Program::This(|| {
        serve_axum(&Builder::new_multi_thread().enable_all().build().expect("a runtime"));
    }),
};

/// axum, whose blocking functions run on a thread per core: the best setting if they compute.
pub const AXUM_PER_CORE: Contender = Contender {
    name: "axum, spawn_blocking with a thread per core",
    program: Program::This(|| {
        let mut builder = Builder::new_multi_thread();
        serve_axum(&builder.enable_all().max_blocking_threads(cores()).build().expect("a runtime"));
    }),
};

/// actix-web, whose blocking functions run on a pool for each worker.
pub const ACTIX: Contender =
    Contender { name: "actix-web, web::block at its default", program: Program::This(serve_actix) };

fn cores() -> usize {
    available_parallelism().map_or(1, Into::into)
}

fn serve_axum(runtime: &Runtime) {
    let router = Router::new()
        .route("/", get(async || hello()))
        .route("/healthz", get(async || "ok\n"))
        .route(
            "/spin/{micros}",
            get(async |Path(micros): Path<u64>| {
                tokio::task::spawn_blocking(move || spin(micros)).await.expect("the job's value")
            }),
        )
        .route(
            "/sleep/{seconds}",
            get(async |Path(seconds): Path<f64>| {
                tokio::task::spawn_blocking(move || sleep(seconds)).await.expect("the job's value")
            }),
        );
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        announce(listener.local_addr().expect("its address"));
        axum::serve(listener, router).await.expect("to serve");
    });
}

fn serve_actix() {
    use actix_web::{App, HttpServer, web};
    actix_web::rt::System::new().block_on(async {
        let server = HttpServer::new(|| {
            App::new()
                .route("/", web::get().to(async || hello()))
                .route("/healthz", web::get().to(async || "ok\n"))
                .route(
                    "/spin/{micros}",
                    web::get().to(async |micros: web::Path<u64>| {
                        web::block(move || spin(*micros)).await.expect("the job's value")
                    }),
                )
                .route(
                    "/sleep/{seconds}",
                    web::get().to(async |seconds: web::Path<f64>| {
                        web::block(move || sleep(*seconds)).await.expect("the job's value")
                    }),
                )
        })
        .bind("127.0.0.1:0")
        .expect("a socket");
        announce(server.addrs()[0]);
        server.run().await.expect("to serve");
    });
}

/// Returns the body of the light route, the same in all servers.
pub fn hello() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("Hello, world {}.{:03}\n", now.as_secs(), now.subsec_millis())
}

/// Computes until this thread has used `micros` of CPU time, as the demo's handler does.
pub fn spin(micros: u64) -> String {
    let until = thread_time() + Duration::from_micros(micros);
    let mut rounds = 0_u64;
    while thread_time() < until {
        for _ in 0..1000 {
            rounds = std::hint::black_box(rounds + 1);
        }
    }
    format!("burnt {micros} µs of CPU time in {rounds} rounds\n")
}

fn sleep(seconds: f64) -> String {
    std::thread::sleep(Duration::from_secs_f64(seconds));
    "Awake!\n".to_owned()
}

fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("a time since the thread's start")
}
